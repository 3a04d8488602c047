"""How every mask of a prompt study is scored, whoever made it."""

from collections.abc import Sequence
from dataclasses import dataclass

from dermaseg_monai.arrays import BoolMask
from dermaseg_monai.engines import CaseScorer
from dermaseg_monai.metrics import CaseScore, score_case
from dermaseg_monai.prompting.prompt import Origin


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """The choices that move a figure, one for all rows of the table (see `score_case`).

    A pixel is lesion where the probability is at least `threshold`; `both_empty` is the score of an empty mask of an
    empty reference; `tolerance_px` and `boundary_px` are those of surface Dice and boundary IoU.
    """

    threshold: float
    both_empty: float
    tolerance_px: float
    boundary_px: int

    def scorer(self, pred_key: str) -> CaseScorer:
        """Return the handler that scores the maps under a key."""
        return CaseScorer(
            threshold=self.threshold,
            both_empty=self.both_empty,
            tolerance_px=self.tolerance_px,
            boundary_px=self.boundary_px,
            pred_key=pred_key,
        )

    def score(self, mask: BoolMask, label: BoolMask, case_id: str) -> CaseScore:
        """Score one mask."""
        return score_case(
            mask,
            label,
            case_id=case_id,
            both_empty=self.both_empty,
            tolerance_px=self.tolerance_px,
            boundary_px=self.boundary_px,
        )


@dataclass(frozen=True)
class KindScores:
    """The scores of all cases for one kind of prompt or mask; `n_without` of them had no prompt (or no mask)."""

    name: str
    origin: Origin
    scores: Sequence[CaseScore]
    n_without: int
