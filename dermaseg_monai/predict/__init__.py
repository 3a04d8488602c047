"""The user's door to trained models: one photograph in Python, several predictions as one, corrections of people."""

from dermaseg_monai.predict.correction import Correction
from dermaseg_monai.predict.ensemble import Ensemble, average_predictions, require_mean_replaceable
from dermaseg_monai.predict.member import Member, open_members, photographs_in, require_apart
from dermaseg_monai.predict.reference import Reference
from dermaseg_monai.predict.review_answers import read_corrections, write_corrections
from dermaseg_monai.predict.review_question import ReviewQuestion
from dermaseg_monai.predict.review_queue import read_review_queue, write_review_queue
from dermaseg_monai.predict.review_tasks import ReviewTasks, make_review_tasks, require_paintable
from dermaseg_monai.predict.segmentation import Segmentation
from dermaseg_monai.predict.segmenter import Segmenter

__all__ = [
    "Correction",
    "Ensemble",
    "Member",
    "Reference",
    "ReviewQuestion",
    "ReviewTasks",
    "Segmentation",
    "Segmenter",
    "average_predictions",
    "make_review_tasks",
    "open_members",
    "photographs_in",
    "read_corrections",
    "read_review_queue",
    "require_apart",
    "require_mean_replaceable",
    "require_paintable",
    "write_corrections",
    "write_review_queue",
]
