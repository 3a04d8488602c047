"""An evaluation as a run of its own: the scores with their intervals, the table of cases."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
from ignite.engine import Engine, Events

from dermaseg_monai.errors import DermasegError
from dermaseg_monai.images import write_rgb
from dermaseg_monai.tracking.tracker import MLflowTracker
from dermaseg_monai.tracking.training import status_of

logger = logging.getLogger(__name__)

CONFUSION: Final = ("confusion.json", "confusion.png")


@runtime_checkable
class SheetMaker(Protocol):
    """Draws the cases of a prediction folder on one sheet (`report.ContactSheet`)."""

    def __call__(self, folder: Path) -> np.ndarray:
        """Return the picture, uint8 "h w 3"."""
        ...


def summary_figures(summary: Any, split: str) -> dict[str, float | None]:  # noqa: ANN401 (of a room that is handed in)
    """Return every score of a `metrics.Summary` with its bounds (`<split>_<score>_low`, `..._high`), and its counts."""
    counts = {"n": summary.n, "missed": summary.n_missed}
    figures: dict[str, float | None] = {f"{split}_{name}": float(count) for name, count in counts.items()}
    for name, score in summary.scores.items():
        figures[f"{split}_{name}"] = score.mean
        figures |= {f"{split}_{name}_low": score.low, f"{split}_{name}_high": score.high}
    return figures


class EvaluationTracking:
    """Starts a run with the evaluation, logs its summary, and ends the run as the evaluation ended.

    Logged: `<split>_<score>` with `..._low` and `..._high` of every score of `engine.state.summary` (ScoreSummaryFile),
    the number of missed lesions, `<split>_pixel_<score>` of `engine.state.pooled` with the picture of its confusion
    matrix (PixelConfusion), files of the output folder, and a contact sheet of its cases, which stays in the
    folder too. An evaluation whose sheet cannot be drawn says so and is finished all the same. The first handler of the
    list (see TrainTracking).

    Args:
        tracker: with the evaluation's own output folder.
        split: which part of the manifest is evaluated.
        files: names in the tracker's folder that are sent when they are there.
        contact_sheet: draws the output folder, `contact_sheet.png`; None draws nothing.
    """

    def __init__(
        self,
        tracker: MLflowTracker,
        split: str,
        files: Sequence[str] = ("cases.csv", "summary.json", "summary.md", "ceiling.json", "ceiling.csv", *CONFUSION),
        contact_sheet: SheetMaker | None = None,
    ) -> None:
        self.tracker = tracker
        self.split = split
        self.files = tuple(files)
        self.contact_sheet = contact_sheet

    def attach(self, engine: Engine) -> None:
        """Listen to an evaluator."""
        engine.add_event_handler(Events.STARTED, self._started)
        engine.add_event_handler(Events.EXCEPTION_RAISED, self._exception_raised)

    def _started(self, engine: Engine) -> None:
        self.tracker.start(device=str(getattr(engine.state, "device", "cpu")), job="evaluation")
        # registered now, it comes after the handlers that write the files
        if not engine.has_event_handler(self._completed, Events.COMPLETED):
            engine.add_event_handler(Events.COMPLETED, self._completed)

    def _completed(self, engine: Engine) -> None:
        summary: Any = getattr(engine.state, "summary", None)
        if summary is not None:
            figures = summary_figures(summary, self.split)
            self.tracker.log_metrics(figures, step=0)
            self.tracker.note_figures(figures)
        self._log_pooled(getattr(engine.state, "pooled", None))
        for name in self.files:
            path = Path(self.tracker.output_dir) / name
            if path.is_file():
                self.tracker.log_file(path, "evaluation")
        self._log_contact_sheet()
        self.tracker.end("FINISHED")

    def _log_pooled(self, pooled: Any) -> None:  # noqa: ANN401 (PooledScores, of a room that is handed in)
        if pooled is None or not self.tracker.is_running:
            return
        figures = {f"{self.split}_pixel_{name}": value for name, value in pooled.scores.items()}
        self.tracker.log_metrics(figures, step=0)
        self.tracker.note_figures(figures)
        picture = Path(self.tracker.output_dir) / CONFUSION[-1]
        if picture.is_file():
            self.tracker.log_picture(picture, key="confusion", step=0)

    def _log_contact_sheet(self) -> None:
        if self.contact_sheet is None or not self.tracker.is_running:
            return
        path = Path(self.tracker.output_dir) / "contact_sheet.png"
        try:
            write_rgb(path, self.contact_sheet(path.parent))
        except DermasegError as error:
            # the figures of an evaluation that took hours are not thrown away for a picture
            logger.warning("No contact sheet: %s", error)
            return
        self.tracker.log_file(path, "evaluation")
        self.tracker.log_picture(path, key="contact_sheet", step=0)

    def _exception_raised(self, _engine: Engine, error: BaseException) -> None:
        self.tracker.end(status_of(error))
        raise error
