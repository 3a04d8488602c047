"""The evaluator's side of tracking: scores, the table of cases and a few pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from ignite.engine import Engine, Events
from monai.engines.utils import IterationEvents
from monai.networks.utils import eval_mode

from dermaseg_monai.engines.batch import plain
from dermaseg_monai.engines.stems import file_stem
from dermaseg_monai.images import write_rgb
from dermaseg_monai.images.planes import cut
from dermaseg_monai.metrics import write_scores
from dermaseg_monai.tracking.tracker import MLflowTracker


@runtime_checkable
class PanelMaker(Protocol):
    """Draws one case (`report.Panels`)."""

    def __call__(
        self,
        image: np.ndarray,
        maps: Mapping[str, np.ndarray],
        *,
        case_id: str,
        label: np.ndarray | None = None,
        dice: float | None = None,
        note: str = "",
    ) -> np.ndarray:
        """Return the picture, uint8 "h w 3"."""
        ...


@dataclass(frozen=True)
class _Seen:
    case_id: str
    image: np.ndarray
    label: np.ndarray | None
    maps: dict[str, np.ndarray]


class ValidationTracking:
    """Logs every validation to the run that is open; does nothing when none is (and on other ranks).

    Logged at the trainer's epoch: every metric of the evaluator; `validation/cases_last.csv` and `cases_best.csv`, one
    row per image, from `engine.state.case_scores`; and for `panel_cases` images, spread over the validation set, a
    panel in MLflow's image view. The pictures are on the grid the network saw, without the file's EXIF; of a volume,
    which must come in RAS, the axial slice with the most lesion is shown as radiologists look at it.

    Args:
        tracker: shared with `TrainTracking`.
        panels: draws a case; None draws nothing.
        panel_cases: how many images, the same ones every time.
    """

    def __init__(self, tracker: MLflowTracker, panels: PanelMaker | None = None, panel_cases: int = 4) -> None:
        self.tracker = tracker
        self.panels = panels
        self.panel_cases = panel_cases
        self._position = 0
        self._chosen: frozenset[int] = frozenset()
        self._seen: list[_Seen] = []

    def attach(self, engine: Engine) -> None:
        """Listen to an evaluator."""
        engine.add_event_handler(Events.STARTED, self._started)
        # before post-processing, so that output holds the whole batch and the logits
        engine.add_event_handler(IterationEvents.FORWARD_COMPLETED, self._forward_completed)

    def _started(self, engine: Engine) -> None:
        self._position = 0
        self._seen = []
        loader: Any = engine.state.dataloader
        batch_size = getattr(loader, "batch_size", None) or 1
        count = min(len(loader) * batch_size, len(getattr(loader, "dataset", ())) or len(loader) * batch_size)
        wanted = min(self.panel_cases, count) if self.panels is not None and self.tracker.is_running else 0
        self._chosen = frozenset(int(at) for at in np.linspace(0, count - 1, wanted).round())
        # registered now, it comes after the handlers of the sheet, among them the one that fills case_scores
        if not engine.has_event_handler(self._completed, Events.COMPLETED):
            engine.add_event_handler(Events.COMPLETED, self._completed)

    def _forward_completed(self, engine: Engine) -> None:
        output: Any = engine.state.output
        image = output["image"]
        first, self._position = self._position, self._position + len(image)
        for index in range(len(image)):
            if first + index in self._chosen:
                self._seen.append(_look(engine, output, index, fallback_id=f"case {first + index}"))

    def _completed(self, engine: Engine) -> None:
        if not self.tracker.is_running:
            return
        step = engine.state.epoch
        scores: Sequence[Any] = getattr(engine.state, "case_scores", None) or ()
        best = getattr(engine.state, "best_metric_epoch", -1) == step
        self.tracker.log_metrics(engine.state.metrics, step=step)
        if best:
            self.tracker.note_figures({**engine.state.metrics, "best_epoch": step})
            self.tracker.log_metrics(
                {f"best/{name}": value for name, value in engine.state.metrics.items()} | {"best/epoch": step},
                step=step,
            )
        self._log_table(scores, best=best)
        self._log_panels(scores, step)

    def _log_table(self, scores: Sequence[Any], *, best: bool) -> None:
        if not scores:
            return
        folder = self.tracker.output_dir / "validation"
        for name in ("cases_last.csv", "cases_best.csv")[: 1 + best]:
            write_scores(folder / name, scores)
            self.tracker.log_file(folder / name, "validation")

    def _log_panels(self, scores: Sequence[Any], step: int) -> None:
        if self.panels is None:
            return
        dice = {score.case_id: score.dice for score in scores}
        for seen in self._seen:
            picture = self.panels(
                seen.image,
                seen.maps,
                case_id=seen.case_id,
                label=seen.label,
                dice=dice.get(seen.case_id),
                note=f"epoch {step}",
            )
            # MLflow takes ASCII only: other letters are written as Python escapes them, so that no two ids become one
            name = file_stem(ascii(seen.case_id)[1:-1])
            path = self.tracker.output_dir / "panels" / f"epoch_{step:04d}" / f"{name}.png"
            write_rgb(path, picture)
            self.tracker.log_picture(path, key=f"panels/{name}", step=step)
        self._seen = []


def _look(engine: Engine, output: Mapping[str, Any], index: int, *, fallback_id: str) -> _Seen:
    image = output["image"][index : index + 1]
    network: Any = getattr(engine, "network", None)
    network = getattr(network, "module", network) if not hasattr(network, "heads") else network
    # a volume is shown as the inferer predicted it, window by window; MONAI's DynUNet has layers of the name `heads`
    if image.ndim == 4 and hasattr(network, "heads"):  # noqa: PLR2004 (batch, channel, row, column)
        # the engine has left evaluation mode by now; in training mode this one image would change batch norm
        with eval_mode(network):
            heads = network.heads(plain(image))
        logits = {name: heads[name] for name in ("pred", "boundary", "uncertainty") if name in heads}
    else:
        logits = {"pred": output["pred"][index : index + 1]}
    batch: Any = engine.state.batch
    ids = batch.get("case_id") if isinstance(batch, Mapping) else None
    label = output.get("label")
    maps = {name: plain(value).float().sigmoid()[0, 0].cpu().numpy() for name, value in logits.items()}
    grey = plain(image)[0].float().cpu().numpy()
    truth = None if label is None else plain(label)[index, 0].cpu().numpy() > 0.5  # noqa: PLR2004 (labels are 0 or 1)
    if grey.ndim == 4:  # noqa: PLR2004 (channel, x, y, z)
        grey, maps = _axial(grey), {name: _axial(value) for name, value in maps.items()}
        truth = None if truth is None else _axial(truth)
        at = _fullest(maps["pred"] if truth is None or not truth.any() else truth)
        grey, maps = grey[:, at], {name: value[at] for name, value in maps.items()}
        truth = None if truth is None else truth[at]
    return _Seen(str(ids[index]) if ids is not None else fallback_id, _to_rgb(grey), truth, maps)


def _axial(volume: np.ndarray) -> np.ndarray:
    """Return a volume "... x y z" in RAS as upright axial slices "... slices rows columns"."""
    return cut(np.flip(volume, (-3, -2, -1)), "axial")


def _fullest(slices: np.ndarray) -> int:
    return int(slices.sum(axis=(1, 2)).argmax())


def _to_rgb(image: np.ndarray) -> np.ndarray:
    rgb = image if len(image) == 3 else np.repeat(image[:1], 3, axis=0)  # noqa: PLR2004 (red, green, blue)
    return (np.clip(rgb, 0, 1) * 255).round().astype(np.uint8).transpose(1, 2, 0)
