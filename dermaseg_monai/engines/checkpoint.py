"""What a training leaves on the disk: the state to resume from and the best weights."""

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from ignite.engine import Engine, Events
from monai.engines.evaluator import Evaluator
from monai.engines.trainer import Trainer
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from dermaseg_monai import __version__
from dermaseg_monai.engines.average import WeightAverage, unwrapped
from dermaseg_monai.engines.claim import TORCH_WEIGHTS, WEIGHTS
from dermaseg_monai.engines.distributed import is_rank_zero, world_size
from dermaseg_monai.engines.resume_file import LAST, read_resume_file, require_same_epoch_length, resume_file
from dermaseg_monai.engines.resumed_sheet import require_same_sheet, sheet_values
from dermaseg_monai.engines.seed import rng_state, set_rng_state
from dermaseg_monai.engines.weights import cpu_state, load_weights, require_fit, write_weights
from dermaseg_monai.errors import TrainingError, WeightsError
from dermaseg_monai.files import replacing, write_buffer


class Checkpoints:
    """Writes `last.ckpt` after every epoch and `model.safetensors` with `model.pt` at each new best validation.

    The best weights are the averaged ones, chosen by the evaluator's key metric. `model.pt` is {"model": state dict},
    for MONAI's ckpt_export (`--key_in_ckpt model`). Only rank 0 writes; each file appears whole or not at all.

    Args:
        output_dir: the run's folder.
        network: the network that is trained, wrapped for several processes or not.
        average: its averaged weights.
        optimizer: its optimiser.
        lr_scheduler: its schedule.
        metadata: names with values (encoder, output stride, image size, ...) that go into `model.safetensors` as text.
        tracker: something with `state_dict` and `load_state_dict`, or with a `run_id`; `last.ckpt` keeps it as `extra`,
            so that a resumed run is tracked as the same one.
        sheet: the values the run was started with (`config`, merged); a resume with others, or other metadata, is
            refused.
    """

    def __init__(
        self,
        output_dir: str | Path,
        *,
        network: nn.Module,
        average: WeightAverage,
        optimizer: Optimizer,
        lr_scheduler: LRScheduler,
        metadata: Mapping[str, Any] | None = None,
        tracker: Any = None,  # noqa: ANN401 (anything with a run_id)
        sheet: Any = None,  # noqa: ANN401 (anything with a config)
    ) -> None:
        self.folder = Path(output_dir)
        self.network, self.average = network, average
        self.optimizer, self.lr_scheduler = optimizer, lr_scheduler
        self.metadata = {key: str(value) for key, value in (metadata or {}).items()}
        self.tracker = tracker
        # what a sheet takes from a weights file (fine_tune.json) stands in it as a component; here is what came of it
        found = {key: json.dumps(value, default=str) for key, value in (metadata or {}).items()}
        self.sheet = found | sheet_values(getattr(sheet, "config", {}))
        self.early_stop: Any = None
        self.resumed: Path | None = None
        self._known_ns = 0
        self._brought: dict[str, bytes] = {}
        self._trainer: Any = None
        self._evaluator: Any = None

    def attach(self, trainer: Trainer, evaluator: Evaluator) -> None:
        """Attach to both engines, after all handlers that change what is saved."""
        self._trainer, self._evaluator = trainer, evaluator
        evaluator.state.best_metrics = {}
        evaluator.add_event_handler(Events.EPOCH_COMPLETED, self.keep_best)
        trainer.add_event_handler(Events.EPOCH_COMPLETED, self.save_last)
        trainer.add_event_handler(Events.COMPLETED, self.save_unvalidated)

    def keep_best(self, evaluator: Engine) -> None:
        """Write the weights when this validation is the best so far, and remember all its metrics."""
        state: Any = evaluator.state
        name = state.key_metric_name
        if state.best_metric_epoch != state.epoch or state.metrics.get(name) != state.best_metric:
            return
        state.best_metrics = {key: float(value) for key, value in state.metrics.items() if _is_number(value)}
        self._write_weights({"epoch": str(state.epoch), "metric": str(name), str(name): repr(float(state.best_metric))})

    def save_unvalidated(self) -> None:
        """Write the last weights when no validation has ever chosen."""
        if self._evaluator.state.best_metric_epoch < 0:
            self._write_weights({"epoch": str(self._trainer.state.epoch), "metric": "none"})

    def save_last(self) -> None:
        """Write the state to resume from, in a new folder beside the best weights that were resumed with it."""
        if is_rank_zero():
            self._bring_best()
            buffer = io.BytesIO()  # torch's own writer turns a full disk into a RuntimeError
            torch.save(self.state_dict(), buffer)
            write_buffer(self.folder / LAST, buffer)
            self._known_ns = _written_at_ns(self.folder / LAST)

    def state_dict(self) -> dict[str, Any]:
        """Return everything a resumed training needs, as values that `torch.load(weights_only=True)` reads."""
        trainer, best = self._trainer.state, self._evaluator.state
        return {
            "schema": 1,
            "network": unwrapped(self.network).state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "lr_scheduler": self.lr_scheduler.state_dict(),
            "scaler": self._trainer.scaler.state_dict() if self._trainer.scaler is not None else None,
            "early_stop": dict(self.early_stop.state_dict()) if self.early_stop is not None else None,
            "trainer": {key: getattr(trainer, key) for key in ("epoch", "iteration", "max_epochs", "epoch_length")},
            "best": {
                "metric": float(best.best_metric),
                "epoch": int(best.best_metric_epoch),
                "metrics": dict(best.best_metrics),
            },
            "rng": rng_state(),
            "sheet": self.sheet,
            "extra": self._tracked(),
        }

    def start_from(self, path: str | Path) -> None:
        """Give the network and its average the weights of a file; optimiser, schedule and epochs start anew.

        Raises:
            WeightsError: the file is missing, damaged, or made for another network.
        """
        load_weights(self.network, path)
        load_weights(self.average, path)

    def resume(self, path: str | Path) -> None:
        """Put everything back to the end of the epoch that `path` was written after, but for a new learning rate.

        Raises:
            WeightsError: the file is missing, damaged, no resume state, or of another network or optimiser.
            TrainingError: it has trained all epochs, stopped early, its epochs have another length, or it was trained
                with other values.
        """
        self.resumed = Path(path)
        self._known_ns = _written_at_ns(self.folder / LAST)
        saved = read_resume_file(path)
        self._brought = self._best_beside(resume_file(path))
        trainer = self._trainer
        require_same_epoch_length(saved["trainer"], trainer.state, path)
        require_same_sheet(saved.get("sheet", {}), self.sheet, path)
        self._load_parts(saved, path)
        trainer.load_state_dict(
            {
                "epoch": saved["trainer"]["epoch"],
                "max_epochs": trainer.state.max_epochs,
                "epoch_length": trainer.state.epoch_length,
            }
        )
        best = self._evaluator.state
        best.best_metric, best.best_metric_epoch = saved["best"]["metric"], saved["best"]["epoch"]
        best.best_metrics = dict(saved["best"]["metrics"])
        if world_size() == 1:
            set_rng_state(saved["rng"])
        if saved["scaler"] is not None:  # the trainer makes its scaler when it starts to run
            trainer.add_event_handler(Events.STARTED, _load_scaler, saved["scaler"])
        if hasattr(self.tracker, "load_state_dict"):
            self.tracker.load_state_dict(saved["extra"])

    def require_unchanged(self) -> None:
        """Refuse to write over a state that is not the one that this training has read or written last.

        Raises:
            TrainingError: names the file.
        """
        path = self.folder / LAST
        if _written_at_ns(path) != self._known_ns:
            raise TrainingError(
                f"{path} was written by another training since this one was prepared. Run the same command again."
            )

    def _tracked(self) -> dict[str, Any]:
        if hasattr(self.tracker, "state_dict"):
            return dict(self.tracker.state_dict())
        return {"run_id": getattr(self.tracker, "run_id", None)}

    def _load_parts(self, saved: dict[str, Any], path: str | Path) -> None:
        require_fit(self.network, saved["network"], path)
        unwrapped(self.network).load_state_dict(saved["network"])
        self.average.load_state_dict(saved["average"])
        rates = [group.get("initial_lr") for group in self.optimizer.param_groups]
        try:
            self.optimizer.load_state_dict(saved["optimizer"])
        except (ValueError, KeyError) as error:
            name = type(self.optimizer).__name__
            raise WeightsError(f"{path} was saved with another optimiser than this {name}: {error}") from error
        self.lr_scheduler.load_state_dict(saved["lr_scheduler"])
        self._set_rates(rates)
        if self.early_stop is not None and saved["early_stop"] is not None:
            self.early_stop.load_state_dict(saved["early_stop"])
            if self.early_stop.counter >= self.early_stop.patience:
                found = f"{path} stopped early after epoch {saved['trainer']['epoch']}"
                advice = "Nothing is left to do; give a larger --early_stop to go on"
                raise TrainingError(f"{found} (patience {self.early_stop.patience}). {advice}.")

    def _set_rates(self, rates: Sequence[float | None]) -> None:
        """Go on at the rates of this run's sheet, where the file has others; some schedules know no first rate."""
        known = [rate for rate in rates if rate is not None]
        if len(known) < len(rates):
            return
        self.lr_scheduler.base_lrs = [*known]
        for group, rate in zip(self.optimizer.param_groups, known, strict=True):
            if rate != group["initial_lr"]:
                group["lr"] *= rate / group["initial_lr"]
                group["initial_lr"] = rate

    def _best_beside(self, resumed: Path) -> dict[str, bytes]:
        """Return the best weights so far, read together with their state: their run may go on, or be moved."""
        if not is_rank_zero() or resumed.parent == self.folder.resolve():
            return {}
        files = [resumed.with_name(name) for name in (WEIGHTS, TORCH_WEIGHTS)]
        return {file.name: file.read_bytes() for file in files if file.is_file()}

    def _bring_best(self) -> None:
        for name, content in self._brought.items():
            if not (self.folder / name).exists():
                with replacing(self.folder / name) as temporary:
                    temporary.write_bytes(content)
        self._brought = {}

    def _write_weights(self, found: dict[str, str]) -> None:
        if not is_rank_zero():
            return
        metadata = {**self.metadata, **found, "network": type(unwrapped(self.network)).__name__}
        metadata |= {"dermaseg_monai": __version__, "torch": str(torch.__version__)}
        write_weights(self.folder / WEIGHTS, self.average, metadata)
        buffer = io.BytesIO()
        torch.save({"model": cpu_state(self.average)}, buffer)
        write_buffer(self.folder / TORCH_WEIGHTS, buffer)


def _written_at_ns(path: Path) -> int:
    return path.stat().st_mtime_ns if path.is_file() else 0


def _load_scaler(engine: Any, saved: dict[str, Any]) -> None:  # noqa: ANN401 (a MONAI trainer)
    if engine.scaler is not None:
        engine.scaler.load_state_dict(saved)


def _is_number(value: Any) -> bool:  # noqa: ANN401 (metrics may be anything)
    return isinstance(value, int | float) or (hasattr(value, "ndim") and value.ndim == 0)
