"""Who outlined what on one photograph: the picture alone, and beside it every outline in a colour of its own."""

from collections.abc import Mapping, Sequence
from typing import Final

from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from dermaseg_monai.arrays import BoolMask, RgbImage
from dermaseg_monai.images import Rgb, hex_of
from dermaseg_monai.report.columns import draw_outline
from dermaseg_monai.report.line_styles import LineStyle, line_styles
from dermaseg_monai.report.page import Page, Sheet, shown_id, wrapped
from dermaseg_monai.report.palette import NOTICE
from dermaseg_monai.report.view import Window, outlines_window, reduced, reduced_image

_GAP_PX: Final = 14
_COLUMN_PX: Final = 440
_LINE_PT: Final = 1.8
_LEGEND_PX: Final = 22
_STYLES: Final = {"solid": "solid", "dashed": (0, (2.2, 1.1)), "dotted": (0, (0.8, 1.0))}


def draw_outline_panel(
    image: RgbImage,
    outlines: Mapping[str, BoolMask],
    *,
    colours: Mapping[str, Rgb],
    case_id: str,
    words: Sequence[str] = (),
) -> Sheet:
    """Return the panel: the right picture is enlarged around the outlines, a frame in the left one shows where.

    The first outline is solid, others are dashed, so that two that lie on each other are both seen; one in a colour
    that was there already, as of a person who drew twice, is dotted.

    Args:
        image: the photograph.
        outlines: masks on its grid by the name that the legend gives them; an empty one is said there.
        colours: of the outlines, by the same names.
        case_id: the title.
        words: lines below the title.

    Raises:
        ValueError: no outline, or one on another grid than the photograph.
    """
    _require_one_grid(image, outlines)
    union = next(iter(outlines.values())).copy()
    for mask in outlines.values():
        union |= mask
    window = outlines_window(union)
    height, width = union.shape
    picture_px = round(_COLUMN_PX * height / width)
    page_px = 2 * _COLUMN_PX + 3 * _GAP_PX
    lines = [line for text in words for line in wrapped(text, page_px - 2 * _GAP_PX, size_pt=10.0)]
    top = 40 + 18 * len(lines) + 8
    looks: dict[str, tuple[str, LineStyle]] = {
        name: (hex_of(colours[name]), style)
        for name, style in zip(outlines, line_styles([colours[name] for name in outlines], later="dashed"), strict=True)
    }
    handles = _handles(outlines, looks)
    legend_px = _LEGEND_PX * -(-len(handles) // 2)
    page = Page(page_px, top + picture_px + 14 + legend_px + 30)
    page.text(_GAP_PX, 10, shown_id(case_id), size_pt=13.0, bold=True)
    page.text(_GAP_PX, 36, "\n".join(lines))
    whole = page.axes(_GAP_PX, top, _COLUMN_PX, picture_px)
    whole.imshow(reduced_image(image, _COLUMN_PX), interpolation="bilinear", extent=(0, width, height, 0))
    near = page.axes(_COLUMN_PX + 2 * _GAP_PX, top, _COLUMN_PX, picture_px)
    near.imshow(reduced_image(window.cut(image), _COLUMN_PX), interpolation="bilinear")
    for axis in (whole, near):
        axis.set_axis_off()
    for name, mask in outlines.items():
        colour, style = looks[name]
        draw_outline(near, reduced(window.cut(mask), _COLUMN_PX), colour, width_pt=_LINE_PT, style=style)
    if window.width < width:
        whole.add_patch(_frame(window))
    page.legend(_GAP_PX, top + picture_px + 12, handles, per_row=2)
    page.text(_GAP_PX, top + picture_px + 14 + legend_px + 8, NOTICE, size_pt=9.0, faint=True)
    return page.render()


def _require_one_grid(image: RgbImage, outlines: Mapping[str, BoolMask]) -> None:
    wrong = [f"{name} {mask.shape}" for name, mask in outlines.items() if mask.shape != image.shape[:2]]
    if wrong or not outlines:
        raise ValueError(f"Outlines lie on the grid {image.shape[:2]} of their photograph; got {wrong or 'none'}.")


def _handles(outlines: Mapping[str, BoolMask], looks: Mapping[str, tuple[str, LineStyle]]) -> list[Line2D]:
    rim = [withStroke(linewidth=3.4, foreground="#101010")]
    return [
        Line2D(
            [], [], color=looks[name][0], linewidth=2.2, path_effects=rim, linestyle=_STYLES[looks[name][1]],
            label=shown_id(name, 48) + ("" if mask.any() else " (empty)"),
        )
        for name, mask in outlines.items()
    ]  # fmt: skip


def _frame(window: Window) -> Rectangle:
    frame = Rectangle(
        (window.left, window.top), window.width, window.height, fill=False, edgecolor="white", linewidth=1.3
    )
    frame.set_path_effects([withStroke(linewidth=2.5, foreground="#101010")])
    return frame
