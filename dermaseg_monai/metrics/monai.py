"""The overlap scores as a MONAI metric; the only file of this room that needs torch, so the room does not import it."""

from typing import Any, Literal, cast

import torch
from monai.metrics.metric import CumulativeIterationMetric
from torch import Tensor

from dermaseg_monai.metrics.overlap import ISIC_THRESHOLD


class OverlapScore(CumulativeIterationMetric):
    """Mean over images of Dice, Jaccard, threshold Jaccard or accuracy of masks, for MONAI's IgniteMetricHandler.

    Takes `y_pred` and `y` as batch-first tensors "b 1 h w" (or "b 1 h w d") of 0 and 1, or as lists of channel-first
    ones; keeps one score per image ("n 1") and gathers it over ranks. Two empty masks score `both_empty`
    (their accuracy is 1 as it is). Unlike
    MONAI's DiceMetric and MeanIoU, which give NaN when the label is empty, no image is left out of the mean.

    Raises:
        ValueError: `score` is unknown, a tensor is not binary, has more than one channel or another shape, or nothing
            was scored before `aggregate`.
    """

    def __init__(
        self,
        score: Literal["dice", "jaccard", "threshold_jaccard", "accuracy"],
        *,
        both_empty: float,
        threshold: float = ISIC_THRESHOLD,
    ) -> None:
        super().__init__()
        if score not in {"dice", "jaccard", "threshold_jaccard", "accuracy"}:
            raise ValueError(f"score is {score!r}, but it is one of dice, jaccard, threshold_jaccard, accuracy.")
        self.score = score
        self.both_empty = both_empty
        self.threshold = threshold

    def _compute_tensor(self, y_pred: Tensor, y: Tensor | None = None, **kwargs: Any) -> Tensor:  # noqa: ANN401, ARG002
        """Return the score of each image, "b 1", in double precision (single where the device has no double)."""
        pred, label = self._masks(y_pred, y)
        axes = tuple(range(1, pred.ndim))
        number = torch.float32 if pred.device.type == "mps" else torch.float64
        if self.score == "accuracy":
            return (pred == label).to(number).mean(axes).unsqueeze(1)
        shared = (pred & label).sum(axes).to(number)
        total = pred.sum(axes).to(number) + label.sum(axes).to(number)
        scores = 2 * shared / total if self.score == "dice" else shared / (total - shared)
        scores = torch.where(total > 0, scores, torch.full_like(scores, self.both_empty))
        if self.score == "threshold_jaccard":
            scores = torch.where(scores >= self.threshold, scores, torch.zeros_like(scores))
        return scores.unsqueeze(1)

    def aggregate(self) -> Tensor:
        """Return the mean over all images seen since `reset`, on all ranks."""
        scores = cast("Tensor | None", self.get_buffer())
        if scores is None:
            raise ValueError(f"No image was scored, so there is no mean {self.score}. Is the validation split empty?")
        return scores.mean()

    @staticmethod
    def _masks(y_pred: Tensor, y: Tensor | None) -> tuple[Tensor, Tensor]:
        if y is None or y_pred.shape != y.shape:
            label = "missing" if y is None else tuple(y.shape)
            raise ValueError(f"pred is {tuple(y_pred.shape)} and label is {label}, but both need one shape.")
        if y_pred.shape[1] != 1:
            raise ValueError(f"pred has {y_pred.shape[1]} channels, but one is needed: lesion or not.")
        masks = []
        for name, given in (("pred", y_pred), ("label", y)):
            tensor = given.as_subclass(Tensor)  # a MetaTensor would carry its metadata through every step
            mask = tensor > 0
            if not torch.equal(mask.to(tensor.dtype), tensor):
                raise ValueError(
                    f"{name} holds values other than 0 and 1. Add Activations(sigmoid) and AsDiscrete before."
                )
            masks.append(mask)
        return masks[0], masks[1]
