"""Scores per image and their summaries, in NumPy and SciPy.

`dermaseg_monai.metrics.monai` needs torch and is therefore not imported here.
"""

from dermaseg_monai.metrics.boundary_bands import boundary_iou
from dermaseg_monai.metrics.case_score import CaseScore, score_case
from dermaseg_monai.metrics.comparison import Difference, compare
from dermaseg_monai.metrics.frames import COLUMNS, frame_to_scores, read_scores, scores_to_frame, write_scores
from dermaseg_monai.metrics.overlap import (
    ISIC_THRESHOLD,
    Counts,
    accuracy,
    counts,
    dice,
    jaccard,
    precision,
    sensitivity,
    specificity,
    threshold_jaccard,
)
from dermaseg_monai.metrics.pooled import PooledScores, pooled_scores
from dermaseg_monai.metrics.predicted_dice import ProbabilitySums
from dermaseg_monai.metrics.summary import SCORES, ScoreSummary, Summary, summarise
from dermaseg_monai.metrics.surface import SurfaceDistances, assd, hd95, surface_dice, surface_distances

__all__ = [
    "COLUMNS",
    "ISIC_THRESHOLD",
    "SCORES",
    "CaseScore",
    "Counts",
    "Difference",
    "PooledScores",
    "ProbabilitySums",
    "ScoreSummary",
    "Summary",
    "SurfaceDistances",
    "accuracy",
    "assd",
    "boundary_iou",
    "compare",
    "counts",
    "dice",
    "frame_to_scores",
    "hd95",
    "jaccard",
    "pooled_scores",
    "precision",
    "read_scores",
    "score_case",
    "scores_to_frame",
    "sensitivity",
    "specificity",
    "summarise",
    "surface_dice",
    "surface_distances",
    "threshold_jaccard",
    "write_scores",
]
