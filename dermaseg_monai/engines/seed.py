"""Randomness that depends on the seed, the epoch and the rank, and on nothing that happened before."""

import random
from typing import Any

import numpy as np
import torch
from ignite.engine import Engine, Events
from monai.data.utils import set_rnd
from monai.utils.misc import set_determinism
from torch import distributed

from dermaseg_monai.errors import ConfigError

_SEEDS_PER_EPOCH = 5


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy, torch and MONAI and make cuDNN deterministic; the first thing a run does.

    Raises:
        ConfigError: the seed is negative or above 2^32 - 1.
    """
    _check(seed)
    set_determinism(seed=seed)


class EpochSeed:
    """Trainer handler: at the start of each epoch everything random is seeded anew from (seed, epoch, rank).

    That is: torch, NumPy, Python, the random transforms of the data set, the shuffle of the loader, and through torch
    the seeds of the loader's workers. Then the loader is started afresh, so that nothing comes between the seeding and
    the first batch. A training that is resumed at an epoch thus draws what the uninterrupted one draws, with any number
    of workers. (A DistributedSampler shuffles by its own seed and the epoch, which MONAI tells it.)

    Raises:
        ConfigError: the seed is not possible; at the first epoch: the loader keeps its workers (`persistent_workers`),
            whose random state nobody can reach.
    """

    def __init__(self, seed: int) -> None:
        _check(seed)
        self.seed = seed

    def attach(self, engine: Engine) -> None:
        """Attach to a trainer."""
        engine.add_event_handler(Events.EPOCH_STARTED, self)

    def __call__(self, engine: Engine) -> None:
        """Seed one epoch and start the loader."""
        loader: Any = engine.state.dataloader
        if getattr(loader, "persistent_workers", False):
            raise ConfigError("The training loader has persistent_workers, which cannot be seeded. Set them to false.")
        seeds = epoch_seeds(self.seed, engine.state.epoch, _rank())
        random.seed(seeds[0])
        np.random.seed(seeds[1])  # noqa: NPY002 (libraries draw from the global generator)
        torch.manual_seed(seeds[2])
        set_rnd(getattr(loader, "dataset", None), seeds[3])
        for owner in (loader, getattr(loader, "sampler", None)):
            generator = getattr(owner, "generator", None)
            if isinstance(generator, torch.Generator):
                generator.manual_seed(seeds[4])
        engine.set_data(loader)


def epoch_seeds(seed: int, epoch: int, rank: int) -> list[int]:
    """Return five seeds of 32 bits that no other (seed, epoch, rank) has, but for chance."""
    return [int(word) for word in np.random.SeedSequence([seed, epoch, rank]).generate_state(_SEEDS_PER_EPOCH)]


def rng_state() -> dict[str, Any]:
    """Return the state of the global generators as values that `torch.load(weights_only=True)` reads."""
    kind, keys, position, has_gauss, gauss = np.random.get_state()  # noqa: NPY002
    words = torch.from_numpy(np.asarray(keys).astype(np.int64))
    return {
        "python": random.getstate(),
        "numpy": [str(kind), words, int(position), int(has_gauss), float(gauss)],
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def set_rng_state(state: dict[str, Any]) -> None:
    """Put the global generators back to what `rng_state` returned; CUDA only where the number of devices agrees."""
    random.setstate(state["python"])
    kind, keys, *rest = state["numpy"]
    np.random.set_state((kind, keys.numpy().astype(np.uint32), *rest))  # noqa: NPY002
    torch.set_rng_state(state["torch"].cpu())
    if torch.cuda.is_available() and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all([one.cpu() for one in state["cuda"]])


def _rank() -> int:
    return distributed.get_rank() if distributed.is_available() and distributed.is_initialized() else 0


def _check(seed: int) -> None:
    if not 0 <= seed < 2**32:
        raise ConfigError(f"seed is {seed}; it must be in 0 to 4294967295. Give --seed 0.")
