"""One row of scores per case, while an evaluator runs."""

from typing import Any

import numpy as np
from ignite.engine import Engine, Events

from dermaseg_monai.engines.distributed import from_all_ranks
from dermaseg_monai.engines.samples import channel, file_of, samples
from dermaseg_monai.errors import ConfigError
from dermaseg_monai.images import read_mask, spacing_of
from dermaseg_monai.metrics import CaseScore, score_case


class CaseScorer:
    """Evaluator handler: `engine.state.case_scores` holds one CaseScore per case when the epoch is complete.

    Rows come from all ranks, each case once, sorted by case id. Stands before handlers that read the rows.

    Args:
        threshold: a pixel is lesion where the prediction is at least this (0.5 suits probabilities and 0/1 masks).
        both_empty: score of an empty prediction of an empty label.
        tolerance_px: tolerance of the surface Dice.
        tolerance_mm: the same for volumes; distances and volumes are then in mm, by the affine of the label's file.
        boundary_px: band of the boundary IoU.
        surface: False leaves out the contour scores, which cost milliseconds per image.
        grid: `sample` scores on the grid that the postprocessing left, against the label of the sample; `file` against
            the label as it is in its file, for which the postprocessing must have restored the original grid.
        pred_key: key of the prediction in the engine's output.
        label_key: key of the label in the engine's output.
    """

    def __init__(
        self,
        *,
        threshold: float,
        both_empty: float,
        tolerance_px: float | None = None,
        tolerance_mm: float | None = None,
        boundary_px: int | None = None,
        surface: bool = True,
        grid: str = "sample",
        pred_key: str = "pred",
        label_key: str = "label",
    ) -> None:
        self.threshold, self.both_empty = threshold, both_empty
        self.tolerance_px, self.tolerance_mm = tolerance_px, tolerance_mm
        self.boundary_px, self.surface = boundary_px, surface
        if tolerance_mm is not None and grid != "file":
            raise ConfigError("CaseScorer measures in mm on the voxels of the file: tolerance_mm needs grid file.")
        if grid not in ("sample", "file"):
            raise ConfigError(f"The grid of CaseScorer is {grid!r}; it is one of sample, file.")
        self.grid, self.pred_key, self.label_key = grid, pred_key, label_key
        self._rows: list[CaseScore] = []

    def attach(self, engine: Engine) -> None:
        """Attach to an evaluator that decollates (MONAI's default)."""
        engine.add_event_handler(Events.EPOCH_STARTED, self.forget)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self.gather)

    @property
    def rules(self) -> str:
        """What the scores depend on, in words; the threshold is the postprocessing's, which gives 0 and 1."""
        unit = "px" if self.tolerance_mm is None else "mm"
        tolerance = self.tolerance_px if self.tolerance_mm is None else self.tolerance_mm
        words = [f"both masks empty: {self.both_empty:g}"]
        if self.surface:
            words.append(f"hd95 and assd in {unit}")
            words += [] if tolerance is None else [f"surface_dice within {tolerance:g} {unit}"]
            words += [] if self.boundary_px is None else [f"boundary_iou of bands of {self.boundary_px} px"]
        return f"Scores: {'; '.join(words)}."

    def forget(self) -> None:
        """Start with no rows."""
        self._rows = []

    def __call__(self, engine: Engine) -> None:
        """Score the cases of one batch.

        Raises:
            ConfigError: the output is not decollated, has no such keys, or pred and label lie on different grids.
        """
        for sample, result in samples(engine):
            missing = [key for key in (self.pred_key, self.label_key) if key not in result]
            if missing:
                raise ConfigError(f"CaseScorer finds no {missing[0]!r} in the output; it has {', '.join(result)}.")
            pred = channel(result[self.pred_key]) >= self.threshold
            label = self._label(sample, result)
            if pred.shape != label.shape:
                found = f"Case {sample['case_id']}: the prediction has {pred.shape} px, the label {label.shape}"
                raise ConfigError(
                    f"{found}. Put dermaseg_monai.data.RestoreGridd (volumes: ToNotedGridd) in the postprocessing, "
                    "or grid sample."
                )
            self._rows.append(
                score_case(
                    pred,
                    label,
                    case_id=str(sample["case_id"]),
                    both_empty=self.both_empty,
                    tolerance_px=self.tolerance_px,
                    tolerance_mm=self.tolerance_mm,
                    boundary_px=self.boundary_px,
                    surface=self.surface,
                    spacing=self._spacing_mm(sample) if self.surface else None,
                )
            )

    def _label(self, sample: dict[str, Any], result: dict[str, Any]) -> np.ndarray:
        if self.grid == "file":
            return read_mask(file_of(sample, self.label_key))
        return channel(result[self.label_key]) >= 0.5  # noqa: PLR2004 (labels are 0 and 1)

    def _spacing_mm(self, sample: dict[str, Any]) -> tuple[float, ...] | None:
        return None if self.tolerance_mm is None else spacing_of(file_of(sample, self.label_key))

    def gather(self, engine: Engine) -> None:
        """Put the rows of all ranks into the engine's state, each case once."""
        engine.state.score_rules = self.rules  # pyright: ignore[reportAttributeAccessIssue]
        rows = {row.case_id: row for row in from_all_ranks(self._rows)}
        engine.state.case_scores = [rows[case_id] for case_id in sorted(rows)]  # pyright: ignore[reportAttributeAccessIssue]
