"""The confusion matrix over all pixels of an evaluation, as figures and as a picture."""

from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from ignite.engine import Engine, Events

from dermaseg_monai.engines.distributed import from_all_ranks, is_rank_zero
from dermaseg_monai.engines.samples import channel, samples
from dermaseg_monai.errors import ConfigError
from dermaseg_monai.files import write_text
from dermaseg_monai.images import write_rgb
from dermaseg_monai.metrics import Counts, PooledScores, counts, pooled_scores


@runtime_checkable
class ConfusionPicture(Protocol):
    """Draws a confusion matrix (`report.ConfusionHeatMap`)."""

    def __call__(self, pooled: PooledScores, /) -> np.ndarray:
        """Return the picture, uint8 "h w 3"."""
        ...


class PixelConfusion:
    """Evaluator handler: pools the pixels of all cases into `engine.state.pooled`, `confusion.json` and a picture.

    Counts on the grid that the postprocessing left, each case once over all ranks. Stands before ScoreSummaryFile.

    Args:
        folder: where to write `confusion.json` and `confusion.png`.
        threshold: a pixel is lesion where the prediction is at least this (0.5 suits probabilities and 0/1 masks).
        both_empty: F1 where no image has a lesion pixel, predicted or true; precision and recall then too.
        picture: draws the matrix; None draws nothing.
        pred_key: key of the prediction in the engine's output.
        label_key: key of the label in the engine's output.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        threshold: float,
        both_empty: float,
        picture: ConfusionPicture | None = None,
        pred_key: str = "pred",
        label_key: str = "label",
    ) -> None:
        self.folder, self.threshold, self.both_empty, self.picture = Path(folder), threshold, both_empty, picture
        self.pred_key, self.label_key = pred_key, label_key
        self._counted: list[tuple[str, Counts]] = []

    def attach(self, engine: Engine) -> None:
        """Attach to an evaluator that decollates (MONAI's default)."""
        engine.add_event_handler(Events.EPOCH_STARTED, self.forget)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self.pool)

    def forget(self) -> None:
        """Start with no case."""
        self._counted = []

    def __call__(self, engine: Engine) -> None:
        """Count the cases of one batch.

        Raises:
            ConfigError: pred and label of a case lie on different grids.
        """
        for sample, result in samples(engine):
            pred = channel(result[self.pred_key]) >= self.threshold
            label = channel(result[self.label_key]) >= 0.5  # noqa: PLR2004 (labels are 0 and 1)
            if pred.shape != label.shape:
                found = f"Case {sample['case_id']}: the prediction has {pred.shape} px, the label {label.shape}"
                raise ConfigError(f"{found}. Put dermaseg_monai.data.RestoreGridd in the postprocessing.")
            self._counted.append((str(sample["case_id"]), counts(pred, label)))

    def pool(self, engine: Engine) -> None:
        """Sum over all ranks, score, write."""
        counted = dict(from_all_ranks(self._counted))
        empties = {"empty_pred": 0.0, "empty_label": 1.0}
        if not any(one.pred or one.label for one in counted.values()):
            empties = dict.fromkeys(empties, self.both_empty)
        state: Any = engine.state
        state.pooled = pooled_scores(counted.values(), both_empty=self.both_empty, **empties)
        if not is_rank_zero():
            return
        write_text(self.folder / "confusion.json", state.pooled.to_json() + "\n")
        if self.picture is not None:
            write_rgb(self.folder / "confusion.png", self.picture(state.pooled))
