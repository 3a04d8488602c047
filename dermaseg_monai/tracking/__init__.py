"""Runs are remembered in MLflow: what a run was, what it measured, how it ended."""

from dermaseg_monai.tracking.evaluation import EvaluationTracking, summary_figures
from dermaseg_monai.tracking.parent import ParentRun
from dermaseg_monai.tracking.record import RunRecord
from dermaseg_monai.tracking.tracker import MLflowTracker
from dermaseg_monai.tracking.training import TrainTracking
from dermaseg_monai.tracking.validation import ValidationTracking

__all__ = [
    "EvaluationTracking",
    "MLflowTracker",
    "ParentRun",
    "RunRecord",
    "TrainTracking",
    "ValidationTracking",
    "summary_figures",
]
