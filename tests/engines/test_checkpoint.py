from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from ignite.engine import Engine, Events

from dermaseg_monai.engines import read_metadata, read_weights, saved_extra
from dermaseg_monai.errors import DataError, TrainingError, WeightsError


class Tracker:
    def __init__(self) -> None:
        self.run_id: str | None = "run-7"

    def state_dict(self) -> dict[str, str | None]:
        return {"run_id": self.run_id, "key": "k"}

    def load_state_dict(self, state: dict[str, str | None]) -> None:
        self.run_id = f"again-{state['run_id']}"


def test_the_best_weights_are_the_averaged_ones_with_what_they_are(build: Callable, tmp_path: Path) -> None:
    training = build(tmp_path, max_epochs=1)
    training.trainer.run()
    for name in ("model.safetensors", "model.pt"):
        state = read_weights(tmp_path / name)
        assert all(torch.equal(state[key], value) for key, value in training.average.module.state_dict().items())
    metadata = read_metadata(tmp_path / "model.safetensors")
    assert metadata["encoder"] == "tiny"
    assert metadata["image_size"] == "8"
    assert metadata["epoch"] == "1"
    assert float(metadata["val_threshold_jaccard"]) == training.evaluator.state.best_metric


def test_a_worse_epoch_leaves_the_best_weights_alone_also_after_a_resume(build: Callable, tmp_path: Path) -> None:
    first = build(tmp_path, max_epochs=2, scores=[0.4, 0.8])
    first.trainer.run()
    best = (tmp_path / "model.pt").read_bytes()
    second = build(tmp_path, max_epochs=4, scores=[0.7, 0.9], resume=tmp_path / "last.ckpt")
    kept: list[bool] = []
    second.evaluator.add_event_handler(
        Events.EPOCH_COMPLETED, lambda: kept.append((tmp_path / "model.pt").read_bytes() == best)
    )
    second.trainer.run()
    assert kept == [True, False]
    assert second.evaluator.state.best_metrics == {"val_threshold_jaccard": 0.9}


class Fp16:
    def attach(self, engine: Engine) -> None:
        engine.add_event_handler(Events.STARTED, self.start)

    def start(self, engine: Any) -> None:  # noqa: ANN401
        engine.amp, engine.scaler = True, torch.amp.GradScaler("cpu")


@pytest.mark.filterwarnings("ignore:.*CUDA is not available", "ignore:Detected call of `lr_scheduler.step")
def test_the_scale_of_fp16_goes_on(build: Callable, tmp_path: Path) -> None:
    first = build(tmp_path, max_epochs=1)
    first.trainer.run()
    first.trainer.scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    first.checkpoints.save_last()
    second = build(tmp_path, max_epochs=2, handlers=[Fp16()], resume=tmp_path)
    second.trainer.run()
    assert second.trainer.scaler.get_scale() == 8.0


def test_the_state_of_another_optimiser_is_refused(build: Callable, tmp_path: Path) -> None:
    build(tmp_path, max_epochs=1).trainer.run()
    saved = torch.load(tmp_path / "last.ckpt", weights_only=True)
    saved["optimizer"]["param_groups"] *= 2
    torch.save(saved, tmp_path / "last.ckpt")
    with pytest.raises(WeightsError, match=r"last\.ckpt was saved with another optimiser than this AdamW"):
        build(tmp_path, max_epochs=2, resume=tmp_path / "last.ckpt")


def test_the_tracked_run_goes_on(build: Callable, tmp_path: Path) -> None:
    build(tmp_path, max_epochs=1, tracker=Tracker()).trainer.run()
    assert saved_extra(tmp_path / "last.ckpt") == {"run_id": "run-7", "key": "k"}
    again = Tracker()
    build(tmp_path, max_epochs=2, tracker=again, resume=tmp_path)
    assert again.run_id == "again-run-7"


def test_nothing_left_to_train_is_said(build: Callable, tmp_path: Path) -> None:
    build(tmp_path, max_epochs=1).trainer.run()
    with pytest.raises(TrainingError, match=r"has trained 1 epochs and max_epochs is 1.*larger --max_epochs"):
        build(tmp_path, max_epochs=1, resume=tmp_path / "last.ckpt")


def test_another_epoch_length_is_said(build: Callable, tmp_path: Path) -> None:
    build(tmp_path, max_epochs=1).trainer.run()
    saved = torch.load(tmp_path / "last.ckpt", weights_only=True)
    saved["trainer"]["epoch_length"] = 5
    torch.save(saved, tmp_path / "last.ckpt")
    with pytest.raises(TrainingError, match=r"epochs of 5 iterations, this run has 2.*--batch_size"):
        build(tmp_path, max_epochs=2, resume=tmp_path / "last.ckpt")


def test_another_network_is_refused_by_name(build: Callable, tmp_path: Path) -> None:
    build(tmp_path, max_epochs=1).trainer.run()
    saved = torch.load(tmp_path / "last.ckpt", weights_only=True)
    saved["network"]["encoder.weight"] = torch.zeros(9, 3, 3, 3)
    torch.save(saved, tmp_path / "last.ckpt")
    with pytest.raises(WeightsError, match=r"encoder.weight is \(9, 3, 3, 3\), the network has \(4, 3, 3, 3\)"):
        build(tmp_path, max_epochs=2, resume=tmp_path / "last.ckpt")


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("none.ckpt", r"There is no .*none\.ckpt to resume from"),
        ("model.safetensors", r"holds weights only; a training resumes from .*last\.ckpt"),
        ("model.pt", r"is no resume state, it has no average, best, "),
    ],
)
def test_what_cannot_be_resumed_from_is_said(build: Callable, tmp_path: Path, name: str, match: str) -> None:
    build(tmp_path, max_epochs=1).trainer.run()
    with pytest.raises(WeightsError, match=match):
        build(tmp_path, max_epochs=2, resume=tmp_path / name)


def test_a_training_that_never_validates_leaves_its_last_weights(build: Callable, tmp_path: Path) -> None:
    training = build(tmp_path, max_epochs=1, val_interval=5)
    training.trainer.run()
    assert read_metadata(tmp_path / "model.safetensors")["metric"] == "none"


def test_a_folder_that_cannot_be_written_is_one_line(build: Callable, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match=r"Cannot write .*--output_dir"):
        build(tmp_path / "file", max_epochs=1).trainer.run()
