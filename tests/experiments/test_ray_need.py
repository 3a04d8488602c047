import re
from typing import Any

import pytest

from dermaseg_monai.errors import ConfigError
from dermaseg_monai.experiments.ray_need import Need, listed


def node(name: str, cpus: float, gpus: float, memory_gib: float, *, alive: bool = True) -> dict[str, Any]:
    gpu = {"GPU": gpus} if gpus else {}  # Ray leaves out what a machine has not
    has = {"CPU": cpus, "memory": memory_gib * 2**30, **gpu}
    return {"NodeID": "0123456789", "NodeManagerHostname": name, "Alive": alive, "Resources": has}


ONE_HAS_CORES_ONE_HAS_A_GPU = [
    node("a", 8.0, 0.0, 32.0),
    node("b", 2.0, 1.0, 8.0),
    node("c", 9.0, 9.0, 99.0, alive=False),
]


@pytest.mark.parametrize(
    ("need", "fits"),
    [
        (Need(8.0, 0.0, 32.0), True),
        (Need(2.0, 0.5, None), True),
        (Need(4.0, 1.0, None), False),
        (Need(1.0, 0.0, 33.0), False),
        (Need(9.0, 0.0, None), False),
    ],
)
def test_one_living_machine_must_have_all_that_is_asked(need: Need, fits: bool) -> None:  # noqa: FBT001
    assert need.fits(ONE_HAS_CORES_ONE_HAS_A_GPU) is fits


def test_what_is_asked_and_what_there_is_are_told() -> None:
    said = (
        "A run asks for 4 CPUs, 1 GPUs, 6.0 GiB memory, and no machine of the Ray cluster has that: "
        "a (012345) has 8 CPUs, 0 GPUs, 32.0 GiB memory; b (012345) has 2 CPUs, 1 GPUs, 8.0 GiB memory. Ask for less"
    )
    with pytest.raises(ConfigError, match=re.escape(said)):
        Need(4.0, 1.0, 6.0).check(ONE_HAS_CORES_ONE_HAS_A_GPU)
    Need(8.0, 0.0, 6.0).check(ONE_HAS_CORES_ONE_HAS_A_GPU)


def test_a_cluster_without_machines_is_told() -> None:
    assert listed([node("c", 9.0, 9.0, 99.0, alive=False)]) == "none is alive"


def test_ray_is_told_bytes() -> None:
    assert Need(2.0, 0.5, 1.5).options() == {"num_cpus": 2.0, "num_gpus": 0.5, "memory": 1.5 * 2**30}
    assert Need(1.0, 0.0, None).options() == {"num_cpus": 1.0, "num_gpus": 0.0}


@pytest.mark.parametrize(
    ("cpus", "gpus", "memory_gib", "said"),
    [
        (-1.0, 0.0, None, "-1 CPUs"),
        (1.0, -1.0, None, "-1 GPUs"),
        (1.0, 0.0, 0.0, "0.0 GiB"),
        (1.0, 1.5, None, "1.5 GPUs"),
    ],
)
def test_numbers_no_run_can_use_are_refused(cpus: float, gpus: float, memory_gib: float | None, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Need(cpus, gpus, memory_gib)
