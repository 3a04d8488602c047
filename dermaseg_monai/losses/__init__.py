"""The losses room: overlap losses, the boundary-aware loss, class weights."""

from dermaseg_monai.losses.boundary_aware import BoundaryAwareLoss
from dermaseg_monai.losses.contour import contour_band
from dermaseg_monai.losses.overlap_loss import OverlapLoss
from dermaseg_monai.losses.overlap_term import OVERLAPS
from dermaseg_monai.losses.rare_class import class_weights

__all__ = ["OVERLAPS", "BoundaryAwareLoss", "OverlapLoss", "class_weights", "contour_band"]
