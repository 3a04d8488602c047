"""An error of one reader: everybody's outlines of the case, and the region in question marked and enlarged."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import AbstractPathEffect, withStroke

from dermaseg_monai.arrays import BoolMask, RgbImage
from dermaseg_monai.images import hex_of, reader_colours
from dermaseg_monai.report.columns import draw_outline
from dermaseg_monai.report.line_styles import LineStyle, line_styles
from dermaseg_monai.report.page import Page, Sheet, shown_id, wrapped
from dermaseg_monai.report.palette import CONSENSUS_COLOUR, PROMPT_COLOUR
from dermaseg_monai.report.view import Window, reduced, reduced_image

_GREY: Final = 96
_GAP_PX: Final = 14
_COLUMN_PX: Final = 470
_LEAST_WINDOW_PX: Final = 48
_AROUND: Final = 1.5
_LEGEND_ENTRY_PX: Final = 230
_LINE_PT: Final = 1.8
_BOLD_PT: Final = 3.0


def draw_reader_error(
    image: RgbImage | None,
    outlines: Sequence[tuple[str, BoolMask]],
    *,
    outline: int,
    consensus: BoolMask | None,
    region: BoolMask,
    people: Sequence[str],
    title: str,
    words: str,
) -> Sheet:
    """Return two pictures side by side: the whole case, and the surroundings of the region.

    Args:
        image: the photograph; grey where there is none.
        outlines: annotator and mask, all on the grid of the photograph.
        outline: the place of the one in question, which is drawn broad.
        consensus: of the others, dashed in white; None where one other reader is the consensus.
        region: the pixels in question, filled pink.
        people: all annotators of the study, so that each has the same colour in every picture.
        title: case, annotator, error and measure.
        words: a sentence below the title.
    """
    size_px = region.shape
    picture = np.full((*size_px, 3), _GREY, dtype=np.uint8) if image is None else image
    whole, window = Window(0, 0, *size_px), _around(region)
    width_px = 2 * _COLUMN_PX + 3 * _GAP_PX
    heads = wrapped(shown_id(title, 200), width_px - 2 * _GAP_PX, size_pt=13.0)
    lines = wrapped(words, width_px - 2 * _GAP_PX, size_pt=10.0)
    top = 16 + 22 * len(heads) + 17 * len(lines) + 26
    picture_px = round(_COLUMN_PX * size_px[0] / size_px[1])
    names = [name for name, _ in outlines]
    looks = _looks(names, people)
    handles = _handles(names, looks, outline, has_consensus=consensus is not None)
    per_row = width_px // _LEGEND_ENTRY_PX
    page = Page(width_px, top + picture_px + 24 + 22 * -(-len(handles) // per_row))
    page.text(_GAP_PX, 10, "\n".join(heads), size_pt=12.0, bold=True)
    page.text(_GAP_PX, 14 + 22 * len(heads), "\n".join(lines), faint=True)
    zoom = size_px[1] / window.width
    cells = [("Whole picture", whole, list(outlines))]
    if zoom > 1:
        cells.append((f"Enlarged {zoom:.1f} times", window, list(outlines)))
    elif image is not None:
        cells.append(("Without outlines", whole, []))
    for at, (name, part, shown) in enumerate(cells):
        left = _GAP_PX + at * (_COLUMN_PX + _GAP_PX)
        page.text(left, top - 22, name, size_pt=10.0, bold=True)
        axis = page.axes(left, top, _COLUMN_PX, picture_px)
        _draw_picture(axis, part, picture)
        if shown:
            _draw_outlines(axis, part, shown, looks=looks, outline=outline, consensus=consensus, region=region)
        if part is whole and zoom > 1:
            _frame(axis, window)
    page.legend(_GAP_PX, top + picture_px + 12, handles, per_row=per_row)
    return page.render()


def _draw_picture(axis: Axes, part: Window, picture: RgbImage) -> None:
    axis.set_axis_off()
    axis.imshow(reduced_image(part.cut(picture), _COLUMN_PX), interpolation="bilinear", extent=_extent(part), zorder=0)
    _show(axis, part)


def _draw_outlines(
    axis: Axes,
    part: Window,
    outlines: Sequence[tuple[str, BoolMask]],
    *,
    looks: Sequence[tuple[str, LineStyle]],
    outline: int,
    consensus: BoolMask | None,
    region: BoolMask,
) -> None:
    pink = np.zeros((*(shown := reduced(part.cut(region), _COLUMN_PX)).shape, 4), dtype=np.float32)
    pink[...] = to_rgba(PROMPT_COLOUR)
    pink[..., 3] = 0.5 * shown
    axis.imshow(pink, interpolation="nearest", extent=_extent(part), zorder=1)
    for at in [*(at for at in range(len(outlines)) if at != outline), outline]:
        colour, style = looks[at]
        width_pt = _BOLD_PT if at == outline else _LINE_PT
        draw_outline(axis, outlines[at][1].astype(np.float32), colour, width_pt=width_pt, style=style)
    if consensus is not None:
        line = consensus.astype(np.float32)
        draw_outline(axis, line, CONSENSUS_COLOUR, width_pt=_LINE_PT, style="dashed")
    _show(axis, part)


def _extent(part: Window) -> tuple[float, float, float, float]:
    return (part.left - 0.5, part.left + part.width - 0.5, part.top + part.height - 0.5, part.top - 0.5)


def _show(axis: Axes, part: Window) -> None:
    left, right, bottom, top = _extent(part)
    axis.set_xlim(left, right)
    axis.set_ylim(bottom, top)


def _frame(axis: Axes, window: Window) -> None:
    corner = window.left - 0.5, window.top - 0.5
    frame = Rectangle(corner, window.width, window.height, fill=False, edgecolor="white", linewidth=1.2)
    frame.set_path_effects([withStroke(linewidth=2.4, foreground="#101010")])
    axis.add_patch(frame)


def _around(region: BoolMask) -> Window:
    """Return a part of the picture's proportions around the region, the whole where the region takes most of it."""
    height, width = region.shape
    rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    share = max((rows[-1] - rows[0] + 1) / height, (columns[-1] - columns[0] + 1) / width) if rows.size else 1.0
    scale = min(1.0, max(_AROUND * share, _LEAST_WINDOW_PX / min(height, width)))
    shown_h, shown_w = round(scale * height), round(scale * width)
    if rows.size == 0 or (shown_h, shown_w) == (height, width):
        return Window(0, 0, height, width)
    top = int(np.clip((rows[0] + rows[-1] + 1 - shown_h) // 2, 0, height - shown_h))
    left = int(np.clip((columns[0] + columns[-1] + 1 - shown_w) // 2, 0, width - shown_w))
    return Window(top, left, shown_h, shown_w)


def _looks(names: Sequence[str], people: Sequence[str]) -> list[tuple[str, LineStyle]]:
    colours = reader_colours(people)
    own = [hex_of(colours[name]) for name in names]
    return list(zip(own, line_styles(own, later="solid"), strict=True))


def _handles(
    names: Sequence[str], looks: Sequence[tuple[str, LineStyle]], outline: int, *, has_consensus: bool
) -> list[Line2D | Patch]:
    halo: list[AbstractPathEffect] = [withStroke(linewidth=3.6, foreground="#101010")]
    found: list[Line2D | Patch] = []
    for at, name in enumerate(names):
        colour, style = looks[at]
        words = shown_id(name, 24) + (" (in question)" if at == outline else "")
        width = _BOLD_PT if at == outline else _LINE_PT
        line = Line2D([], [], color=colour, linewidth=width, linestyle=style, label=words, path_effects=halo)
        found.append(line)
    if has_consensus:
        words = "the others' consensus"
        line = Line2D([], [], color=CONSENSUS_COLOUR, linewidth=_LINE_PT, linestyle="dashed", label=words)
        line.set_path_effects(halo)
        found.append(line)
    found.append(Patch(facecolor=to_rgba(PROMPT_COLOUR, 0.5), edgecolor=PROMPT_COLOUR, label="region in question"))
    return found
