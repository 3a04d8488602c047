"""Scores that count pixels: Dice, Jaccard, threshold Jaccard, accuracy, sensitivity, specificity, precision.

Every division that can be 0 / 0 has a keyword-only argument without default that says what the score is then: a
published number never rests on a hidden choice. The docstrings name the values of the ISIC challenge scorer.
"""

from dataclasses import dataclass

import numpy as np

from dermaseg_monai.metrics.grid import Mask, require_masks

ISIC_THRESHOLD = 0.65
"""Below this Jaccard the ISIC 2018 challenge counts a segmentation as failed."""


@dataclass(frozen=True)
class Counts:
    """The four cells of the confusion matrix of one image, in pixels or voxels."""

    tp: int
    fp: int
    fn: int
    tn: int

    @property
    def pred(self) -> int:
        """Pixels of the prediction."""
        return self.tp + self.fp

    @property
    def label(self) -> int:
        """Pixels of the reference."""
        return self.tp + self.fn

    @property
    def total(self) -> int:
        """Pixels of the image."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def both_empty(self) -> bool:
        """Neither the prediction nor the reference holds a pixel."""
        return self.pred == 0 and self.label == 0


def counts(pred: Mask, label: Mask) -> Counts:
    """Count the pixels of one image.

    Raises:
        ValueError: the masks are not boolean or lie on different grids.
    """
    require_masks(pred, label)
    tp = int(np.count_nonzero(pred & label))
    fp = int(np.count_nonzero(pred)) - tp
    fn = int(np.count_nonzero(label)) - tp
    return Counts(tp=tp, fp=fp, fn=fn, tn=pred.size - tp - fp - fn)


def dice(counts: Counts, *, both_empty: float) -> float:
    """Score 2 TP / (2 TP + FP + FN), in [0, 1]; two empty masks score `both_empty` (ISIC: 1).

    Source: Dice 1945 (10.2307/1932409).
    """
    return both_empty if counts.both_empty else 2 * counts.tp / (counts.pred + counts.label)


def jaccard(counts: Counts, *, both_empty: float) -> float:
    """Score TP / (TP + FP + FN), in [0, 1]; two empty masks score `both_empty` (ISIC: 1).

    Source: Jaccard 1912 (10.1111/j.1469-8137.1912.tb05611.x).
    """
    return both_empty if counts.both_empty else counts.tp / (counts.tp + counts.fp + counts.fn)


def threshold_jaccard(counts: Counts, *, both_empty: float, threshold: float = ISIC_THRESHOLD) -> float:
    """Score Jaccard, or 0 where Jaccard < `threshold`; in {0} and [threshold, 1].

    Jaccard equal to the threshold is kept. The default is the definition of ISIC 2018 Task 1, whose ranking it is.

    Source: arXiv:1902.03368.
    """
    score = jaccard(counts, both_empty=both_empty)
    return score if score >= threshold else 0.0


def accuracy(counts: Counts) -> float:
    """Score (TP + TN) / all pixels, in [0, 1]; always defined."""
    return (counts.tp + counts.tn) / counts.total


def sensitivity(counts: Counts, *, empty_label: float) -> float:
    """Score TP / (TP + FN), in [0, 1]; a label without lesion scores `empty_label` (ISIC: 1)."""
    return empty_label if counts.label == 0 else counts.tp / counts.label


def specificity(counts: Counts, *, full_label: float) -> float:
    """Score TN / (TN + FP), in [0, 1]; a label without background scores `full_label` (ISIC: 1)."""
    background = counts.total - counts.label
    return full_label if background == 0 else counts.tn / background


def precision(counts: Counts, *, empty_pred: float) -> float:
    """Score TP / (TP + FP), in [0, 1]; a prediction without lesion scores `empty_pred`."""
    return empty_pred if counts.pred == 0 else counts.tp / counts.pred
