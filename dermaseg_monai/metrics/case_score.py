"""One row per image: every score of one prediction against one label."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from math import isfinite, prod

from dermaseg_monai.metrics import overlap
from dermaseg_monai.metrics.boundary_bands import boundary_iou
from dermaseg_monai.metrics.grid import Mask
from dermaseg_monai.metrics.surface import assd, hd95, surface_dice, surface_distances

_VOLUME = 3  # axes


@dataclass(frozen=True, kw_only=True)
class CaseScore:
    """The scores of one case; None where a score was not asked for, never NaN.

    Distances are in pixels, or in mm where the spacing was given: then `hd95_mm` and `assd_mm` are filled and their
    pixel counterparts are None, and `volume_error_mm3` of a volume says by how much the prediction is too large
    (negative: too small). `pred_px` and `label_px` count pixels, in a volume voxels.
    """

    case_id: str
    dice: float
    jaccard: float
    threshold_jaccard: float
    accuracy: float
    sensitivity: float
    specificity: float
    precision: float
    hd95_px: float | None = None
    assd_px: float | None = None
    hd95_mm: float | None = None
    assd_mm: float | None = None
    surface_dice: float | None = None
    boundary_iou: float | None = None
    volume_error_mm3: float | None = None
    pred_px: int
    label_px: int

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, float) and not isfinite(value):
                raise ValueError(f"{field.name} of case {self.case_id} is {value}, but a score is a finite number.")

    @property
    def missed(self) -> bool:
        """The label holds a lesion, the prediction none."""
        return self.pred_px == 0 and self.label_px > 0

    @property
    def false_alarm(self) -> bool:
        """The prediction holds a lesion, the label none."""
        return self.pred_px > 0 and self.label_px == 0

    @property
    def both_empty(self) -> bool:
        """Neither holds a lesion."""
        return self.pred_px == 0 and self.label_px == 0


def score_case(
    pred: Mask,
    label: Mask,
    *,
    case_id: str,
    both_empty: float,
    tolerance_px: float | None = None,
    tolerance_mm: float | None = None,
    boundary_px: int | None = None,
    spacing: Sequence[float] | None = None,
    surface: bool = True,
) -> CaseScore:
    """Score one prediction on the grid of its label.

    Two empty masks score `both_empty` everywhere, and a distance of (1 - both_empty) times the image diagonal. A missed
    lesion or a false alarm scores 0 in Dice, Jaccard, surface Dice and boundary IoU, and the image diagonal in HD95 and
    ASSD. A missed lesion has precision 0 and a false alarm has sensitivity 1, the ISIC scorer's value, as has the
    specificity of a label without background.

    With `spacing` (mm per pixel, one per axis) distances are in mm and `tolerance_mm` is needed, else `tolerance_px`.
    `boundary_px` is the band of boundary IoU. `surface=False` leaves the contour scores None and needs neither.

    Raises:
        ValueError: names the case and what is wrong with its masks, tolerance, width or spacing.
    """
    try:
        counted = overlap.counts(pred, label)
        contours: dict[str, float] = {}
        if surface:
            tolerance, unit = _tolerance(tolerance_px, tolerance_mm, spaced=spacing is not None)
            surfaces = surface_distances(pred, label, spacing=spacing)
            empties = {"both_empty": (1 - both_empty) * surfaces.diagonal, "one_empty": surfaces.diagonal}
            contours = {
                f"hd95_{unit}": hd95(surfaces, **empties),
                f"assd_{unit}": assd(surfaces, **empties),
                "surface_dice": surface_dice(surfaces, tolerance=tolerance, both_empty=both_empty),
                "boundary_iou": boundary_iou(pred, label, width_px=_width(boundary_px), both_empty=both_empty),
            }
            if spacing is not None and len(spacing) == _VOLUME:
                contours["volume_error_mm3"] = (counted.pred - counted.label) * prod(spacing)
    except ValueError as error:
        raise ValueError(f"Case {case_id}: {error}") from error
    return CaseScore(
        case_id=case_id,
        dice=overlap.dice(counted, both_empty=both_empty),
        jaccard=overlap.jaccard(counted, both_empty=both_empty),
        threshold_jaccard=overlap.threshold_jaccard(counted, both_empty=both_empty),
        accuracy=overlap.accuracy(counted),
        sensitivity=overlap.sensitivity(counted, empty_label=both_empty if counted.both_empty else 1.0),
        specificity=overlap.specificity(counted, full_label=1.0),
        precision=overlap.precision(counted, empty_pred=both_empty if counted.both_empty else 0.0),
        pred_px=counted.pred,
        label_px=counted.label,
        **contours,
    )


def _tolerance(tolerance_px: float | None, tolerance_mm: float | None, *, spaced: bool) -> tuple[float, str]:
    unit, given, other = ("mm", tolerance_mm, tolerance_px) if spaced else ("px", tolerance_px, tolerance_mm)
    if given is None or other is not None:
        why = (
            "the spacing is given, so distances are in mm" if spaced else "no spacing is given, so distances are in px"
        )
        raise ValueError(f"{why}: state tolerance_{unit} and no other, or surface=False to leave the contour out.")
    return given, unit


def _width(boundary_px: int | None) -> int:
    if boundary_px is None:
        raise ValueError("state boundary_px, the band of boundary IoU, or surface=False to leave the contour out.")
    return boundary_px
