"""One volume in three planes, one row per network: where each outlines the lesion."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from dermaseg_monai.images import PLANES, cut
from dermaseg_monai.report.columns import draw_outline
from dermaseg_monai.report.line_styles import LineStyle
from dermaseg_monai.report.page import Page, Sheet, shown_id
from dermaseg_monai.report.palette import NOTICE, PREDICTION_COLOUR, REFERENCE_COLOUR

Volume = Float[np.ndarray, "x y z"]
Mask = Bool[np.ndarray, "x y z"]

_WIDEST_PX: Final = 300
_GAP_PX: Final = 14
_TOP_PX: Final = 66
_NAME_PX: Final = 24
_LINE_PT: Final = 1.6
_DASHES: Final = (0, (3.2, 1.6))
_HELD: Final = "Through the middle of the reference. Up: head (axial: front). Right: patient's left (sagittal: back)."


def draw_plane_panel(
    volume: Volume, label: Mask, preds: Mapping[str, Mask], *, spacing_mm: tuple[float, float, float], case_id: str
) -> Sheet:
    """Return the panel: the slices through the middle of the reference, all at one scale in mm.

    Everything lies in the orientation `images.UPRIGHT`; axial and coronal slices have the patient's left to the right,
    sagittal ones the back.

    Args:
        volume: what was scanned.
        label: the reference.
        preds: title of a row to what was predicted.
        spacing_mm: of the voxels.
        case_id: the title.
    """
    middle = [round(float(at.mean())) for at in np.nonzero(label if label.any() else np.ones_like(label))]
    sizes_mm = {plane: _size_mm(label.shape, spacing_mm, plane) for plane in PLANES}
    px_per_mm = _WIDEST_PX / max(width for _, width in sizes_mm.values())
    sizes = {plane: (round(h * px_per_mm), round(w * px_per_mm)) for plane, (h, w) in sizes_mm.items()}
    row_px = _NAME_PX + max(height for height, _ in sizes.values()) + _GAP_PX
    width_px = sum(width + _GAP_PX for _, width in sizes.values()) + _GAP_PX
    page = Page(max(width_px, 560), _TOP_PX + len(preds) * row_px + 78)
    page.text(_GAP_PX, 10, shown_id(case_id), size_pt=13.0, bold=True)
    _write_planes(page, sizes, middle)
    low, high = np.percentile(volume, (0.5, 99.5))
    for row, (name, pred) in enumerate(preds.items()):
        looks: list[tuple[np.ndarray, str, LineStyle]] = [
            (label, REFERENCE_COLOUR, "solid"), (pred, PREDICTION_COLOUR, "dashed"),
        ]  # fmt: skip
        top = _TOP_PX + row * row_px
        page.text(_GAP_PX, top, name, size_pt=11.0, bold=True)
        left = _GAP_PX
        for plane, (height, width) in sizes.items():
            at = middle[PLANES[plane]]
            axis = page.axes(left, top + _NAME_PX, width, height)
            axis.imshow(cut(volume, plane)[at], cmap="gray", vmin=low, vmax=high, aspect="auto")
            axis.set_axis_off()
            for mask, colour, style in looks:
                shown = cut(mask, plane)[at].astype(np.float32)
                draw_outline(axis, shown, colour, width_pt=_LINE_PT, style=style)
            left += width + _GAP_PX
    page.legend(_GAP_PX, page.height_px - 70, _handles(), per_row=2)
    page.text(_GAP_PX, page.height_px - 42, _HELD, size_pt=9.0, faint=True)
    page.text(_GAP_PX, page.height_px - 22, NOTICE, size_pt=9.0, faint=True)
    return page.render()


def _size_mm(shape: tuple[int, ...], spacing_mm: tuple[float, ...], plane: str) -> tuple[float, float]:
    columns, rows = (
        n * step for axis, (n, step) in enumerate(zip(shape, spacing_mm, strict=True)) if axis != PLANES[plane]
    )
    return rows, columns


def _write_planes(page: Page, sizes: Mapping[str, tuple[int, int]], middle: list[int]) -> None:
    left = _GAP_PX
    for plane, (_, width) in sizes.items():
        page.text(left, 38, f"{plane}, slice {middle[PLANES[plane]]}", faint=True)
        left += width + _GAP_PX


def _handles() -> list[Line2D]:
    rim = [withStroke(linewidth=3.4, foreground="#101010")]
    return [
        Line2D([], [], color=REFERENCE_COLOUR, linewidth=2.2, path_effects=rim, label="Reference"),
        Line2D([], [], color=PREDICTION_COLOUR, linewidth=2.2, path_effects=rim, linestyle=_DASHES, label="Prediction"),
    ]
