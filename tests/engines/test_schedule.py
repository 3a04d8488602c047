import pytest
import torch
from torch import nn

from dermaseg_monai.engines import build_schedule
from dermaseg_monai.errors import ConfigError


def _rates(name: str, *, max_epochs: int, warmup_epochs: int) -> list[float]:
    optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=2.0)
    schedule = build_schedule(optimizer, range(2), name, max_epochs, warmup_epochs)
    rates = []
    for _ in range(2 * max_epochs):
        rates.append(float(schedule.get_last_lr()[0]))
        optimizer.step()
        schedule.step()
    return [*rates, float(schedule.get_last_lr()[0])]


def test_cosine_climbs_by_the_iteration_and_falls_to_zero() -> None:
    # 2 warm-up iterations, then (1 + cos(pi t)) / 2 at t = 0, 1/4, 1/2, 3/4, 1
    expected = [1.0, 2.0, 2.0, 1.7071068, 1.0, 0.2928932, 0.0]
    assert _rates("cosine", max_epochs=3, warmup_epochs=1) == pytest.approx(expected)


def test_poly_falls_with_power_nine_tenths() -> None:
    assert _rates("poly", max_epochs=1, warmup_epochs=0) == pytest.approx([2.0, 2 * 0.5**0.9, 0.0])


def test_constant_stays() -> None:
    assert _rates("constant", max_epochs=2, warmup_epochs=0) == [2.0] * 5


def test_the_warm_up_takes_at_most_half_of_the_run() -> None:
    assert _rates("cosine", max_epochs=1, warmup_epochs=5) == pytest.approx([2.0, 2.0, 0.0])


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ConfigError, match="lr_scheduler is 'step'; it is one of cosine, poly, constant"):
        _rates("step", max_epochs=1, warmup_epochs=0)


def test_no_epochs_are_refused() -> None:
    with pytest.raises(ConfigError, match="max_epochs is 0"):
        _rates("cosine", max_epochs=0, warmup_epochs=0)
