"""A trained network with all that its own evaluation puts before and behind it, for photographs in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dermaseg_monai.arrays import BoolMask
from dermaseg_monai.assurance.photograph import Photograph
from dermaseg_monai.engines.memory_predictor import MemoryPredictor, image_tensor, mask_tensor
from dermaseg_monai.engines.samples import channel
from dermaseg_monai.metrics import CaseScore, score_case

_HALF = 0.5


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the network made of one photograph; both masks on the grid that the evaluation scores on."""

    case_id: str
    pred: BoolMask
    label: BoolMask


class Evaluation:
    """Predicts and scores photographs in memory as an evaluate sheet does it for files.

    Args:
        predictor: of the sheet; its postprocessing leaves `pred` and `label` on one grid.
        threshold: a pixel is lesion where what the postprocessing leaves is at least this.
        both_empty: score of an empty prediction of an empty label.
    """

    def __init__(self, predictor: MemoryPredictor, *, threshold: float, both_empty: float) -> None:
        self.predictor, self.threshold, self.both_empty = predictor, threshold, both_empty

    def prepared(self, photograph: Photograph) -> dict[str, Any]:
        """Return the sample that the network takes.

        Raises:
            RuntimeError, ValueError: a transform of the sheet refuses the photograph.
        """
        image, label = image_tensor(photograph.image), mask_tensor(photograph.mask)
        return self.predictor.prepared({"image": image, "label": label, "case_id": photograph.case_id})

    def predict(self, samples: Sequence[Mapping[str, Any]]) -> list[Prediction]:
        """Return the predictions of samples that `prepared` made, from one batch."""
        return [
            Prediction(
                str(result["case_id"]),
                channel(result["pred"]) >= self.threshold,
                channel(result["label"]) >= _HALF,
            )
            for result in self.predictor.results(samples)
        ]

    def score(self, prediction: Prediction) -> CaseScore:
        """Return Dice, Jaccard, threshold Jaccard and the counts; a missed lesion scores 0.

        Raises:
            ValueError: prediction and label lie on different grids.
        """
        return score_case(
            prediction.pred,
            prediction.label,
            case_id=prediction.case_id,
            both_empty=self.both_empty,
            surface=False,
        )
