"""The user's door to trained models: what several of them predicted becomes one prediction."""

from dermaseg_monai.predict.ensemble import Ensemble, average_predictions, require_mean_replaceable
from dermaseg_monai.predict.member import Member, open_members, photographs_in, require_apart
from dermaseg_monai.predict.reference import Reference

__all__ = [
    "Ensemble",
    "Member",
    "Reference",
    "average_predictions",
    "open_members",
    "photographs_in",
    "require_apart",
    "require_mean_replaceable",
]
