"""The trainer's side of tracking; the first handler of the list."""

import time
from typing import Any

import torch
from ignite.engine import Engine, Events
from torch import Tensor, distributed

from dermaseg_monai.tracking.entries import Status
from dermaseg_monai.tracking.tracker import MLflowTracker


class TrainTracking:
    """Starts the run with the training, logs every epoch, and ends the run as the training ended.

    Per epoch: `train_loss` and the parts of the loss (means over the images of all ranks), `learning_rate`,
    `images_per_s` (without validation), and the metrics of the trainer where the sheet gives it some. It must be the
    first handler: ignite lets a crash pass for success when a handler of EXCEPTION_RAISED does not raise again, and
    another one that does would keep this one from being called.
    """

    def __init__(self, tracker: MLflowTracker) -> None:
        self.tracker = tracker
        self._sums: dict[str, Tensor] = {}
        self._images = 0
        self._began_s = 0.0

    def attach(self, engine: Engine) -> None:
        """Listen to a trainer."""
        engine.add_event_handler(Events.STARTED, self._started)
        engine.add_event_handler(Events.EPOCH_STARTED, self._epoch_started)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self._iteration_completed)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self._epoch_completed)
        engine.add_event_handler(Events.EXCEPTION_RAISED, self._exception_raised)

    def _started(self, engine: Engine) -> None:
        self.tracker.start(device=str(getattr(engine.state, "device", "cpu")))
        # registered now, it comes after the handlers of the sheet: the last of them may still write model files
        if not engine.has_event_handler(self._completed, Events.COMPLETED):
            engine.add_event_handler(Events.COMPLETED, self._completed)

    def _epoch_started(self, _engine: Engine) -> None:
        self._sums = {}
        self._images = 0
        self._began_s = time.perf_counter()

    def _iteration_completed(self, engine: Engine) -> None:
        output: Any = engine.state.output
        if not isinstance(output, dict):
            # decollate=True turns the output into a list, one dict per image with the same loss
            output = {**output[0], "image": output}
        count = len(output["image"])
        self._images += count
        self._add("train_loss", output["loss"], count)
        for name, value in getattr(getattr(engine, "loss_function", None), "parts", {}).items():
            self._add(f"train_{name}" if name.startswith("loss") else f"train_loss/{name}", value, count)

    def _add(self, name: str, value: Tensor | float, count: int) -> None:
        # stays on the device: reading a number here would make the GPU wait in every iteration
        weighted = torch.as_tensor(value).detach().float().mean() * count
        self._sums[name] = self._sums[name] + weighted if name in self._sums else weighted

    def _epoch_completed(self, engine: Engine) -> None:
        values, images = self._means()
        seconds = time.perf_counter() - self._began_s
        values["images_per_s"] = images / seconds if seconds > 0 else 0.0
        values.update(engine.state.metrics)  # MONAI computes them before any handler of the sheet is called
        values.update(_learning_rates(getattr(engine, "optimizer", None)))
        self.tracker.log_metrics(values, step=engine.state.epoch)

    def _means(self) -> tuple[dict[str, float], int]:
        names = sorted(self._sums)
        if not names:
            return {}, self._images
        device = self._sums["train_loss"].device
        sums = torch.stack(
            [*(self._sums[name].to(device) for name in names), torch.tensor(float(self._images), device=device)]
        )
        if distributed.is_available() and distributed.is_initialized():
            distributed.all_reduce(sums)
        *totals, images = sums.tolist()
        return {name: total / images for name, total in zip(names, totals, strict=True)}, round(images)

    def _completed(self, _engine: Engine) -> None:
        self.tracker.end("FINISHED")

    def _exception_raised(self, _engine: Engine, error: BaseException) -> None:
        self.tracker.end(status_of(error))
        raise error


def status_of(error: BaseException) -> Status:
    """Return how a run ended that ended with `error`."""
    # 129, 130 and 143 are what a shell reports for SIGHUP, Ctrl-C and SIGTERM; leaving with 0 in mid-training is no
    # success either
    if isinstance(error, KeyboardInterrupt):
        return "KILLED"
    if isinstance(error, SystemExit):
        return "KILLED" if error.code in (None, 0, 129, 130, 143) else "FAILED"
    return "FAILED"


def _learning_rates(optimizer: Any) -> dict[str, float]:  # noqa: ANN401 (any torch optimizer)
    groups = getattr(optimizer, "param_groups", [])
    rates = {group["lr"] for group in groups}
    if len(rates) == 1:
        return {"learning_rate": rates.pop()}
    return {f"learning_rate/{group.get('name', index)}": group["lr"] for index, group in enumerate(groups)}
