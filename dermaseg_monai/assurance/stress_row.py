"""One row of a stress test: a case under a stressor at a level."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from dermaseg_monai.metrics import CaseScore

UNDISTURBED = "none"
"""Name of the stressor of the photographs as they were taken; their step is 0."""

SCORED = ("dice", "jaccard", "threshold_jaccard")
"""The scores of a row, each in [0, 1], higher is better."""


@dataclass(frozen=True)
class StressRow:
    """The scores of one (case, stressor, level), or the reason why there are none.

    Attributes:
        case_id: as in the manifest.
        stressor: its name; `none` for the undisturbed photograph.
        step: 1 for the weakest level, 5 for the strongest; 0 undisturbed.
        level: the strength in the stressor's unit; None undisturbed.
        dice: None, as all after it, where the case failed.
        jaccard: as `metrics.jaccard`.
        threshold_jaccard: as `metrics.threshold_jaccard`.
        pred_px: size of the prediction.
        label_px: size of the reference, disturbed in the same way.
        reason: why there is no score, else empty.
    """

    case_id: str
    stressor: str
    step: int
    level: float | None
    dice: float | None = None
    jaccard: float | None = None
    threshold_jaccard: float | None = None
    pred_px: int | None = None
    label_px: int | None = None
    reason: str = ""

    @classmethod
    def scored(cls, score: CaseScore, *, stressor: str, step: int, level: float | None) -> "StressRow":
        """Return the row of a score."""
        values = {name: getattr(score, name) for name in (*SCORED, "pred_px", "label_px")}
        return cls(score.case_id, stressor, step, level, **values)

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> "StressRow":
        """Return the row of a JSON object. Raises: KeyError, TypeError where it is none."""
        return cls(**{field.name: data[field.name] for field in fields(cls)})

    @property
    def ok(self) -> bool:
        """The case was predicted and scored."""
        return self.dice is not None

    @property
    def missed(self) -> bool:
        """The reference holds a lesion, the prediction none."""
        return self.pred_px == 0 and (self.label_px or 0) > 0

    @property
    def false_alarm(self) -> bool:
        """The prediction holds a lesion, the reference none (it was moved out of the picture)."""
        return (self.pred_px or 0) > 0 and self.label_px == 0

    def to_json(self) -> dict[str, Any]:
        """Return the row as a JSON object."""
        return asdict(self)
