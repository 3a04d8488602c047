from pathlib import Path
from typing import Any

import pytest
import torch
from ignite.engine import Engine, Events
from monai.engines.trainer import SupervisedTrainer
from torch import Tensor, nn
from torch.utils.data import DataLoader

from dermaseg_monai.tracking import TrainTracking


class Recorder:
    """Stands for the tracker: keeps what it is told."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []

    def start(self, *, device: str) -> None:
        self.calls.append(("start", device))

    def log_metrics(self, values: dict[str, float], *, step: int) -> None:
        self.calls.append((f"epoch {step}", values))

    def end(self, status: str) -> None:
        self.calls.append(("end", status))


class MeanLoss(nn.Module):
    """The mean label of the batch; half of it counts as the boundary's part."""

    def forward(self, pred: Tensor, label: Tensor) -> Tensor:
        self.parts = {"loss/boundary": label.mean().detach() / 2}
        return label.mean() + 0 * pred.mean()


class Stop:
    """Calls `act` at an event."""

    def __init__(self, event: Any, act: Any) -> None:  # noqa: ANN401
        self.event, self.act = event, act

    def attach(self, engine: Engine) -> None:
        engine.add_event_handler(self.event, self.act)


def make_trainer(recorder: Recorder, *handlers: Any, decollate: bool = False, max_epochs: int = 2) -> SupervisedTrainer:  # noqa: ANN401
    # three images with the labels 0, 3, 6 in batches of 2 and 1
    images = [{"image": torch.zeros(3, 4, 4), "label": torch.full((1, 4, 4), float(v))} for v in (0, 3, 6)]
    network = nn.Conv2d(3, 1, 1)
    return SupervisedTrainer(
        device=torch.device("cpu"),
        max_epochs=max_epochs,
        train_data_loader=DataLoader(images, batch_size=2),  # pyright: ignore[reportArgumentType]
        network=network,
        optimizer=torch.optim.SGD(network.parameters(), lr=0.25),
        loss_function=MeanLoss(),
        train_handlers=[TrainTracking(recorder), *handlers],  # pyright: ignore[reportArgumentType]
        decollate=decollate,
    )


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    # the type check of the tests asks for the real class
    monkeypatch.setattr(TrainTracking, "__init__", _unchecked)
    return Recorder()


def _unchecked(self: TrainTracking, tracker: Any) -> None:  # noqa: ANN401
    self.tracker = tracker


@pytest.mark.parametrize("decollate", [False, True])
def test_losses_are_means_over_images_not_over_batches(recorder: Recorder, *, decollate: bool) -> None:
    make_trainer(recorder, decollate=decollate).run()
    names = [name for name, _ in recorder.calls]
    assert names == ["start", "epoch 1", "epoch 2", "end"]
    values = recorder.calls[1][1]
    assert values["train_loss"] == pytest.approx(3.0)  # (0 + 3 + 6) / 3; the mean over batches is 3.75
    assert values["train_loss/boundary"] == pytest.approx(1.5)
    assert values["learning_rate"] == 0.25
    assert values["images_per_s"] > 0
    assert recorder.calls[-1] == ("end", "FINISHED")


def test_the_run_ends_after_the_last_handler_of_the_sheet(recorder: Recorder) -> None:
    make_trainer(recorder, Stop(Events.COMPLETED, lambda: recorder.calls.append(("weights written", None)))).run()
    assert [name for name, _ in recorder.calls[-2:]] == ["weights written", "end"]


def test_an_early_stop_is_a_finished_run(recorder: Recorder) -> None:
    trainer = make_trainer(recorder, Stop(Events.EPOCH_COMPLETED(once=1), lambda engine: engine.terminate()))
    trainer.run()
    assert recorder.calls[-1] == ("end", "FINISHED")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RuntimeError("out of memory"), "FAILED"),
        (KeyboardInterrupt(), "KILLED"),
        (SystemExit(143), "KILLED"),
        (SystemExit(130), "KILLED"),
        (SystemExit(0), "KILLED"),
        (SystemExit(1), "FAILED"),
        (SystemExit("text"), "FAILED"),
    ],
)
def test_what_ended_the_training_ends_the_run_and_goes_on(
    recorder: Recorder, error: BaseException, status: str
) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        make_trainer(recorder, Stop(Events.ITERATION_COMPLETED(once=2), fail)).run()
    assert caught.value is error
    assert recorder.calls[-1] == ("end", status)


def test_parameter_groups_have_a_learning_rate_each(recorder: Recorder) -> None:
    trainer = make_trainer(recorder, max_epochs=1)
    trainer.optimizer.add_param_group({"params": [nn.Parameter(torch.zeros(1))], "lr": 0.5, "name": "encoder"})
    trainer.run()
    values = recorder.calls[1][1]
    assert (values["learning_rate/0"], values["learning_rate/encoder"]) == (0.25, 0.5)


def test_a_failing_start_is_not_hidden(recorder: Recorder, tmp_path: Path) -> None:
    def start(*, device: str) -> None:
        raise FileNotFoundError(tmp_path / device)

    recorder.start = start
    with pytest.raises(FileNotFoundError):
        make_trainer(recorder).run()
    assert recorder.calls == [("end", "FAILED")]


def test_the_trainers_own_metrics_are_logged_with_the_epoch(recorder: Recorder) -> None:
    known = Stop(Events.ITERATION_COMPLETED, lambda engine: engine.state.metrics.update(train_dice=0.5))
    make_trainer(recorder, known, max_epochs=1).run()
    assert dict(recorder.calls)["epoch 1"]["train_dice"] == 0.5
