from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from ignite.engine import Engine, Events

from dermaseg_monai.engines import read_metadata, read_weights


class Killed(Exception):  # noqa: N818 (stands for a power cut)
    pass


class KillAt:
    def __init__(self, iteration: int) -> None:
        self.iteration = iteration

    def attach(self, engine: Engine) -> None:
        engine.add_event_handler(Events.ITERATION_COMPLETED(once=self.iteration), self.kill)

    def kill(self) -> None:
        raise Killed


class BatchLog:
    """Which pixels were trained on, batch by batch."""

    def __init__(self) -> None:
        self.sums: list[float] = []

    def attach(self, engine: Engine) -> None:
        engine.add_event_handler(Events.ITERATION_STARTED, self.note)

    def note(self, engine: Any) -> None:  # noqa: ANN401
        self.sums.append(float(torch.as_tensor(engine.state.batch["image"]).double().sum()))


def _equal(one: Any, other: Any) -> bool:  # noqa: ANN401
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    return one == other


@pytest.mark.parametrize("num_workers", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_a_run_killed_in_mid_epoch_and_resumed_ends_bit_for_bit_as_the_uninterrupted_one(
    build: Callable, tmp_path: Path, num_workers: int
) -> None:
    whole_batches, rest_batches = BatchLog(), BatchLog()
    whole = build(tmp_path / "whole", num_workers=num_workers, handlers=[whole_batches])
    whole.trainer.run()
    killed = build(tmp_path / "killed", num_workers=num_workers, handlers=[KillAt(6)])  # 2 iterations an epoch
    with pytest.raises(Killed):
        killed.trainer.run()
    rest = build(
        tmp_path / "killed", num_workers=num_workers, handlers=[rest_batches], resume=tmp_path / "killed/last.ckpt"
    )
    assert rest.trainer.state.epoch == 2
    rest.trainer.run()
    assert rest_batches.sums == whole_batches.sums[4:]
    left, right = rest.checkpoints.state_dict(), whole.checkpoints.state_dict()
    assert [key for key in right if not _equal(left[key], right[key])] == []
    best_left, best_right = tmp_path / "killed/model.safetensors", tmp_path / "whole/model.safetensors"
    assert _equal(read_weights(best_left), read_weights(best_right))
    assert read_metadata(best_left) == read_metadata(best_right)
