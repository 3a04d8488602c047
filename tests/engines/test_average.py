from typing import Any

import pytest
import torch
from ignite.engine import Engine, Events
from torch import nn

from dermaseg_monai.engines import WeightAverage, WeightAverageUpdate, unwrapped
from dermaseg_monai.errors import ConfigError


def _line(value: float) -> nn.Linear:
    line = nn.Linear(1, 1, bias=False)
    nn.init.constant_(line.weight, value)
    return line


def _weight(average: WeightAverage) -> torch.Tensor:
    return average.module.get_parameter("weight")


def test_the_first_updates_move_far_and_later_ones_by_the_decay() -> None:
    average = WeightAverage(_line(0.0), decay=0.15)
    average.update(_line(1.0))  # d = min(0.15, 1/10): 0.1 * 0 + 0.9 * 1
    assert _weight(average).item() == pytest.approx(0.9)
    average.update(_line(1.0))  # d = min(0.15, 2/11): 0.15 * 0.9 + 0.85
    assert _weight(average).item() == pytest.approx(0.985)


def test_every_iteration_moves_the_average() -> None:
    network = _line(0.0)
    average = WeightAverage(network, decay=0.0)
    seen: list[float] = []

    def step(engine: Any, batch: float) -> None:  # noqa: ANN401
        engine.network = network
        nn.init.constant_(network.weight, batch)

    trainer = Engine(step)
    WeightAverageUpdate(average).attach(trainer)
    trainer.add_event_handler(Events.ITERATION_COMPLETED, lambda: seen.append(_weight(average).item()))
    trainer.run([3.0, 7.0])
    assert seen == [3.0, 7.0]


def test_decay_zero_is_a_plain_copy() -> None:
    average = WeightAverage(_line(0.0), decay=0.0)
    average.update(_line(3.0))
    assert average(torch.ones(1, 1)).item() == 3.0


def test_batch_norm_statistics_are_averaged_and_counts_copied() -> None:
    source = nn.BatchNorm1d(1)
    average = WeightAverage(source, decay=0.5)
    source.get_buffer("running_mean").fill_(10.0)
    source.get_buffer("num_batches_tracked").fill_(7)
    average.update(source)
    assert average.module.get_buffer("running_mean").item() == pytest.approx(9.0)
    assert average.module.get_buffer("num_batches_tracked").item() == 7


def test_training_goes_on_apart_from_the_average() -> None:
    line = _line(1.0)
    average = WeightAverage(line, decay=0.9)
    with torch.no_grad():
        line.weight.fill_(5.0)
    assert _weight(average).item() == 1.0
    assert not _weight(average).requires_grad
    assert unwrapped(average) is average.module


def test_a_loaded_average_goes_on_with_its_ramp() -> None:
    first, second = WeightAverage(_line(0.0), decay=0.99), WeightAverage(_line(0.0), decay=0.99)
    for _ in range(3):
        first.update(_line(1.0))
    second.load_state_dict(first.state_dict())
    first.update(_line(2.0))
    second.update(_line(2.0))
    assert torch.equal(_weight(first), _weight(second))


@pytest.mark.parametrize("decay", [-0.1, 1.0])
def test_a_decay_outside_its_range_is_refused(decay: float) -> None:
    with pytest.raises(ConfigError, match=rf"weight average is {decay}; it must be in \[0, 1\)"):
        WeightAverage(_line(0.0), decay=decay)


def test_the_average_never_leaves_evaluation_mode() -> None:
    average = WeightAverage(nn.Sequential(nn.BatchNorm1d(1)), decay=0.5)
    average.train()
    before = {key: value.clone() for key, value in average.state_dict().items()}
    average(torch.tensor([[1.0], [5.0]]))
    assert not any(module.training for module in average.modules())
    assert all(torch.equal(value, before[key]) for key, value in average.state_dict().items())


def test_a_part_that_stands_twice_in_the_network_moves_once() -> None:
    def shared(value: float) -> nn.ModuleDict:
        line, norm = _line(value), nn.BatchNorm1d(1)
        norm.get_buffer("running_mean").fill_(value)
        return nn.ModuleDict({"line": line, "same": line, "norm": norm, "same_norm": norm})

    average = WeightAverage(shared(0.0), decay=0.15)
    average.update(shared(1.0))  # d = min(0.15, 1/10)
    assert average.module.get_parameter("line.weight").item() == pytest.approx(0.9)
    assert average.module.get_buffer("norm.running_mean").item() == pytest.approx(0.9)
    average.update(shared(1.0))
    assert average.module.get_parameter("same.weight").item() == pytest.approx(0.985)
