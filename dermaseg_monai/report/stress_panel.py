"""One case before and after an artefact: what was shown to the network, and what it made of it."""

from typing import Final

from dermaseg_monai.assurance import Photograph, Prediction
from dermaseg_monai.errors import DataError
from dermaseg_monai.report.columns import Column, draw_column, legend_handles
from dermaseg_monai.report.page import Page, Sheet, shown_id
from dermaseg_monai.report.view import View, Window, reduced, reduced_image

_GAP_PX: Final = 14
_COLUMN_PX: Final = 380
_HEAD_PX: Final = 62
_LINE_PT: Final = 1.8


def draw_stress_panel(
    before: tuple[Photograph, Prediction],
    after: tuple[Photograph, Prediction],
    *,
    strength: str,
    dice: tuple[float, float],
) -> Sheet:
    """Return three pictures side by side: undisturbed with outlines, disturbed, disturbed with outlines.

    Args:
        before: the photograph and what the network made of it.
        after: the same, disturbed; its reference moves with a geometric artefact.
        strength: what was done, as text with the unit.
        dice: before and after.

    Raises:
        DataError: a prediction does not lie on the grid of its photograph.
    """
    plain, hurt = _view(*before), _view(*after)
    cells: tuple[tuple[str, Column, View], ...] = (
        (f"Undisturbed: Dice {dice[0]:.3f}", "prediction", plain),
        ("Disturbed", "image", hurt),
        (f"Disturbed: Dice {dice[1]:.3f}", "prediction", hurt),
    )
    picture_px = round(_COLUMN_PX * plain.size_px[0] / plain.size_px[1])
    top = _HEAD_PX + 26
    page = Page(len(cells) * (_COLUMN_PX + _GAP_PX) + _GAP_PX, top + picture_px + 40)
    page.text(_GAP_PX, 10, shown_id(before[0].case_id), size_pt=13.0, bold=True)
    page.text(_GAP_PX, 36, strength, faint=True)
    for at, (title, column, view) in enumerate(cells):
        left = _GAP_PX + at * (_COLUMN_PX + _GAP_PX)
        page.text(left, _HEAD_PX, title, size_pt=11.0, bold=True)
        axis = page.axes(left, top, _COLUMN_PX, picture_px)
        draw_column(axis, column, view, line_pt=_LINE_PT)
    page.legend(_GAP_PX, top + picture_px + 12, legend_handles(["prediction"], has_label=True), per_row=2)
    return page.render()


def _view(photograph: Photograph, prediction: Prediction) -> View:
    height, width = photograph.image.shape[:2]
    if prediction.pred.shape != (height, width):
        found = f"the prediction has {prediction.pred.shape} px, the photograph {(height, width)}"
        raise DataError(f"Case {photograph.case_id} cannot be drawn: {found}.")
    picture = reduced_image(photograph.image, _COLUMN_PX)
    return View(
        size_px=(height, width),
        window=Window(0, 0, height, width),  # the whole, so that the two can be compared
        overview=picture,
        image=picture,
        pred=reduced(prediction.pred, _COLUMN_PX),
        label=reduced(prediction.label, _COLUMN_PX),
    )
