"""What a run asks of a machine of a Ray cluster, and whether there is one that has it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from dermaseg_monai.errors import ConfigError

_GIB: Final = 2**30

RayNodes: TypeAlias = Sequence[Mapping[str, Any]]
"""What `ray.nodes()` returns."""


@dataclass(frozen=True)
class Need:
    """What a run may use on its machine.

    Attributes:
        cpus: processors.
        gpus: GPUs; a part of one, which several runs then share, or whole ones.
        memory_gib: memory; None declares none.

    Raises:
        ConfigError: no run can use that.
    """

    cpus: float
    gpus: float
    memory_gib: float | None

    def __post_init__(self) -> None:
        if self.cpus < 0 or self.gpus < 0 or (self.memory_gib is not None and self.memory_gib <= 0):
            raise ConfigError(f"A run cannot use {self}. Give --cpus, --gpus (0 or more) and --memory-gib (above 0).")
        if self.gpus > 1 and self.gpus != int(self.gpus):
            raise ConfigError(f"A run cannot use {self.gpus:g} GPUs: give --gpus a part of one, or whole ones.")

    def options(self) -> dict[str, float]:
        """Return it as Ray declares it for a task; memory in bytes."""
        memory = {} if self.memory_gib is None else {"memory": self.memory_gib * _GIB}
        return {"num_cpus": self.cpus, "num_gpus": self.gpus, **memory}

    def fits(self, nodes: RayNodes) -> bool:
        """Say whether one living machine has all of it."""
        asked = {"CPU": self.cpus, "GPU": self.gpus, "memory": (self.memory_gib or 0.0) * _GIB}
        return any(all(have.get(what, 0.0) >= much for what, much in asked.items()) for have in alive(nodes).values())

    def check(self, nodes: RayNodes) -> None:
        """Raise a ConfigError when no machine fits, for Ray would wait for one for ever."""
        if not self.fits(nodes):
            raise ConfigError(
                f"A run asks for {self}, and no machine of the Ray cluster has that: {listed(nodes)}. Ask for less "
                "(--cpus, --gpus, --memory-gib), or add a machine to the cluster: ray start --address=HOST:PORT"
            )

    def __str__(self) -> str:
        return _words(self.cpus, self.gpus, self.memory_gib)


def alive(nodes: RayNodes) -> dict[str, Mapping[str, float]]:
    """Return what each living machine has, by its name."""
    there = [node for node in nodes if node["Alive"]]
    return {f"{node['NodeManagerHostname']} ({node['NodeID'][:6]})": node["Resources"] for node in there}


def listed(nodes: RayNodes) -> str:
    """Say what each living machine has."""
    machines = (
        f"{name} has {_words(have.get('CPU', 0.0), have.get('GPU', 0.0), have.get('memory', 0.0) / _GIB)}"
        for name, have in alive(nodes).items()
    )
    return "; ".join(machines) or "none is alive"


def _words(cpus: float, gpus: float, memory_gib: float | None) -> str:
    memory = "" if memory_gib is None else f", {memory_gib:.1f} GiB memory"
    return f"{cpus:g} CPUs, {gpus:g} GPUs{memory}"
