"""A training of seconds, run as a process of its own by the tests: small_run.py OUT URI [ACT] [EPOCHS]."""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ignite.engine import Engine, Events
from monai.engines.evaluator import SupervisedEvaluator
from monai.engines.trainer import SupervisedTrainer
from monai.handlers.validation_handler import ValidationHandler
from torch import Tensor, nn
from torch.utils.data import DataLoader

from dermaseg_monai.engines import CaseScorer, train
from dermaseg_monai.report import Panels
from dermaseg_monai.tracking import MLflowTracker, TrainTracking, ValidationTracking

torch.set_num_threads(1)


class Network(nn.Module):
    """Darkness is lesion."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 1, 3, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        return self.conv(image)

    def heads(self, image: Tensor) -> dict[str, Tensor]:
        logit = self.conv(image)
        return {"pred": logit, "boundary": 2 - logit.abs(), "uncertainty": -logit.abs()}


class Loss(nn.BCEWithLogitsLoss):
    """Cross-entropy that says its part."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:  # noqa: A002 (torch's name)
        value = super().forward(input, target)
        self.parts = {"loss/region": value.detach()}
        return value


class Act:
    """Does something to the process, or waits for a file, at the end of an epoch."""

    def __init__(self, act: str, folder: Path) -> None:
        self.act, self.folder = act, folder

    def attach(self, engine: Engine) -> None:
        engine.add_event_handler(Events.EPOCH_COMPLETED, self)

    def __call__(self, engine: Engine) -> None:
        (self.folder / f"epoch_{engine.state.epoch}").touch()
        if self.act == "wait":
            while not (self.folder / f"go_{engine.state.epoch}").exists():
                time.sleep(0.05)
        if engine.state.epoch != 2:
            return
        if self.act == "raise":
            raise RuntimeError("out of memory")
        if self.act == "exit1":
            sys.exit(1)
        if self.act in ("SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"):
            os.kill(os.getpid(), getattr(signal, self.act))
            time.sleep(5)


def cases() -> list[dict[str, Any]]:
    rows, columns = np.mgrid[:64, :64]
    rng = np.random.default_rng(0)
    found = []
    for index in range(6):
        lesion = (rows - 32) ** 2 + (columns - 24 - 3 * index) ** 2 < 260
        image = np.stack([0.85 - 0.45 * lesion, 0.65 - 0.4 * lesion, 0.55 - 0.3 * lesion])
        image = (image + rng.normal(0, 0.02, image.shape)).clip(0, 1).astype(np.float32)
        label = lesion[None].astype(np.float32)
        found.append({"image": torch.from_numpy(image), "label": torch.from_numpy(label), "case_id": f"demo_{index}"})
    return found


class MeanDice:
    """The mean Dice of the table, as a metric."""

    def attach(self, engine: Engine) -> None:
        engine.add_event_handler(Events.EPOCH_COMPLETED, self)

    def __call__(self, engine: Any) -> None:  # noqa: ANN401 (an evaluator that scored)
        scores = [score.dice for score in engine.state.case_scores]
        engine.state.metrics["val_dice"] = sum(scores) / len(scores)


class Threshold:
    """Logits to masks, for the scorer."""

    def __call__(self, sample: dict[str, Any]) -> dict[str, Any]:
        return {**sample, "pred": (sample["pred"] > 0).float()}


def main(out: Path, uri: str, act: str = "", epochs: int = 4, workers: int = 0) -> None:
    torch.manual_seed(0)
    out.mkdir(parents=True, exist_ok=True)
    data: Any = DataLoader(cases(), batch_size=3, num_workers=workers, persistent_workers=workers > 0)  # pyright: ignore[reportArgumentType]
    network = Network()
    tracker = MLflowTracker(tracking_uri=uri, experiment="small", output_dir=out, system_interval_s=0.5)
    evaluator = SupervisedEvaluator(
        device=torch.device("cpu"),
        val_data_loader=data,
        network=network,
        postprocessing=Threshold(),  # pyright: ignore[reportArgumentType]
        val_handlers=[  # pyright: ignore[reportArgumentType]
            ValidationTracking(tracker, Panels(), 2),
            CaseScorer(threshold=0.5, both_empty=1.0, surface=False),
            MeanDice(),
        ],
    )
    trainer = SupervisedTrainer(
        device=torch.device("cpu"),
        max_epochs=epochs,
        train_data_loader=data,
        network=network,
        optimizer=torch.optim.Adam(network.parameters(), lr=0.1),
        loss_function=Loss(),
        train_handlers=[TrainTracking(tracker), ValidationHandler(1, evaluator), Act(act, out)],  # pyright: ignore[reportArgumentType]
        decollate=False,
    )
    train(trainer)


if __name__ == "__main__":
    # a shell that starts its jobs in the background makes them ignore Ctrl-C, and nohup a closed terminal
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    act, epochs, workers = [*sys.argv[3:], *["", "4", "0"][len(sys.argv[3:]) :]]
    main(Path(sys.argv[1]), sys.argv[2], act, int(epochs), int(workers))
