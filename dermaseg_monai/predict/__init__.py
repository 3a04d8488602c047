"""The user's door to trained models: one photograph in Python, and several predictions that become one."""

from dermaseg_monai.predict.ensemble import Ensemble, average_predictions, require_mean_replaceable
from dermaseg_monai.predict.member import Member, open_members, photographs_in, require_apart
from dermaseg_monai.predict.reference import Reference
from dermaseg_monai.predict.segmentation import Segmentation
from dermaseg_monai.predict.segmenter import Segmenter

__all__ = [
    "Ensemble",
    "Member",
    "Reference",
    "Segmentation",
    "Segmenter",
    "average_predictions",
    "open_members",
    "photographs_in",
    "require_apart",
    "require_mean_replaceable",
]
