import random
from pathlib import Path

import numpy as np
import pytest
import torch
from ignite.engine import Engine, Events
from torch.utils.data import DataLoader, TensorDataset

from dermaseg_monai.engines import EpochSeed, seed_everything
from dermaseg_monai.engines.seed import epoch_seeds, rng_state, set_rng_state
from dermaseg_monai.errors import ConfigError


def _draw() -> tuple[float, float, float]:
    return random.random(), float(np.random.rand()), float(torch.rand(1))  # noqa: NPY002, S311


def test_one_seed_gives_the_same_numbers_in_every_library() -> None:
    seed_everything(5)
    first = _draw()
    seed_everything(5)
    assert _draw() == first


def test_every_seed_epoch_and_rank_has_its_own_seeds() -> None:
    seeds = {tuple(epoch_seeds(s, e, r)) for s in range(5) for e in range(5) for r in range(4)}
    assert len({word for words in seeds for word in words}) == 5 * 5 * 4 * 5


def test_the_state_of_all_generators_survives_a_file(tmp_path: Path) -> None:
    torch.save(rng_state(), tmp_path / "rng")
    first = _draw()
    set_rng_state(torch.load(tmp_path / "rng", weights_only=True))
    assert _draw() == first


def _order(loader: DataLoader, *, epochs: int, noise: int) -> list[list[float]]:
    seen: list[list[float]] = []
    engine = Engine(lambda _, batch: seen[-1].extend(batch[0].tolist()))
    engine.add_event_handler(Events.EPOCH_STARTED, lambda: (seen.append([]), torch.rand(noise)))
    EpochSeed(1).attach(engine)
    engine.run(loader, max_epochs=epochs)
    return seen


@pytest.mark.parametrize("own_generator", [False, True])
def test_the_shuffle_depends_on_seed_and_epoch_and_not_on_the_past(own_generator: bool) -> None:  # noqa: FBT001
    data = TensorDataset(torch.arange(16))
    orders = []
    for noise in (1, 7):
        generator = torch.Generator().manual_seed(noise) if own_generator else None
        orders.append(_order(DataLoader(data, batch_size=4, shuffle=True, generator=generator), epochs=3, noise=noise))
    assert orders[0] == orders[1]
    assert len({tuple(order) for order in orders[0]}) == 3


def test_an_epoch_shorter_than_the_data_starts_afresh() -> None:
    engine_batches: list[float] = []
    engine = Engine(lambda _, batch: engine_batches.extend(batch[0].tolist()))
    EpochSeed(1).attach(engine)
    engine.run(DataLoader(TensorDataset(torch.arange(4)), batch_size=1), max_epochs=2, epoch_length=2)
    assert engine_batches == [0, 1, 0, 1]


def test_workers_that_stay_are_refused() -> None:
    loader = DataLoader(TensorDataset(torch.arange(4)), num_workers=1, persistent_workers=True)
    with pytest.raises(ConfigError, match="persistent_workers, which cannot be seeded"):
        _order(loader, epochs=1, noise=1)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_outside_32_bits_is_refused(seed: int) -> None:
    with pytest.raises(ConfigError, match=rf"seed is {seed}; it must be in 0 to 4294967295"):
        EpochSeed(seed)
