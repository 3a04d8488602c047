"""The cases on which people agree least: every outline drawn on the photograph."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from PIL import Image

from dermaseg_monai.arrays import BoolMask, RgbImage
from dermaseg_monai.errors import DermasegError
from dermaseg_monai.images import (
    Rgb,
    grey_slice,
    hex_of,
    is_volume,
    outline,
    read_image,
    read_mask,
    slices_to_show,
    volume_affine,
)
from dermaseg_monai.report.html import html_picture
from dermaseg_monai.report.line_styles import LineStyle, line_styles
from dermaseg_monai.report.outlined_image import outlined_image
from dermaseg_monai.report.page import shown_id
from dermaseg_monai.report.view import outlines_window, reduced, reduced_image

_SIDE_PX: Final = 660
_LINE_PX: Final = 4
_DASHES: Final[Mapping[LineStyle, tuple[int, float]]] = {"solid": (26, 1.0), "dashed": (26, 0.66), "dotted": (11, 0.45)}
"""Length of a dash with the gap behind it, in px, and the share of the dash."""
_GREY: Final = 168
_RIM: Final = (16, 16, 16)


@dataclass(frozen=True)
class CasePicture:
    """A picture with the outlines, who drew which in which colour, and what could not be shown."""

    case_id: str
    picture: RgbImage
    legend: tuple[tuple[str, str], ...]
    remark: str


def draw_case(
    case_id: str, masks: pd.DataFrame, photograph: Path | None, *, colours: Mapping[str, Rgb]
) -> list[CasePicture]:
    """Draw the outlines of a case, enlarged around them; nothing where a file is missing.

    The first outline is solid, later ones are dashed, so that two on one line are both seen, and one in a colour that
    is there already is dotted. Without a photograph they lie on grey. Of a volume two slices are drawn, the middle one
    and the one on which the outlines differ most (`slices_to_show`).

    Args:
        case_id: whose rows of `masks` are drawn.
        masks: a row per outline, with `annotator` and `path`.
        photograph: of the case.
        colours: of all annotators of the study (`reader_colours`).
    """
    rows = masks[masks["case_id"] == case_id]
    places = [Path(str(path)) for path in rows["path"]]
    try:
        drawn = [read_mask(path) for path in places]
        affine = volume_affine(places[0]) if places and is_volume(places[0]) else None
    except DermasegError:
        return []
    if len({mask.shape for mask in drawn}) != 1:
        return []
    names = [str(name) for name in rows["annotator"]]
    if affine is None:
        whole, remark = _photograph(photograph, drawn[0].shape)
        return [_draw_picture(case_id, list(zip(names, drawn, strict=True)), whole, remark, colours=colours)]
    image = outlined_image(photograph, places[0])
    found = []
    for one in slices_to_show(affine, lesion=np.logical_or.reduce(drawn), masks=drawn):
        cut = [one.cut(mask) for mask in drawn]
        whole = np.full((*cut[0].shape, 3), _GREY, dtype=np.uint8) if image is None else grey_slice(one, image)
        remark = f"{one.words}." + ("" if image is not None else " The scan cannot be read.")
        found.append(_draw_picture(case_id, list(zip(names, cut, strict=True)), whole, remark, colours=colours))
    return found


def _draw_picture(
    case_id: str, outlines: Sequence[tuple[str, BoolMask]], whole: RgbImage, remark: str, *, colours: Mapping[str, Rgb]
) -> CasePicture:
    names, drawn = [name for name, _ in outlines], [mask for _, mask in outlines]
    union = np.logical_or.reduce(drawn)
    window = outlines_window(union)
    size = _shown_size(window.height, window.width)
    picture = np.asarray(Image.fromarray(reduced_image(window.cut(whole), _SIDE_PX)).resize(size)).copy()
    lines = [colours[name] for name in names]
    styles = line_styles(lines, later="dashed")
    for at, mask in enumerate(drawn):
        # enlarged as a share of each pixel, so that the line is smooth
        share = Image.fromarray(reduced(window.cut(mask), _SIDE_PX)).resize(size, Image.Resampling.BILINEAR)
        _draw(picture, np.asarray(share) >= 0.5, lines[at], style=styles[at])  # noqa: PLR2004 (half of a pixel)
    legend = tuple(
        (hex_of(lines[at]), name + ("" if mask.any() else " (empty)"))
        for at, (name, mask) in enumerate(zip(names, drawn, strict=True))
    )
    if window.width < union.shape[1]:
        remark = f"{remark} Enlarged {union.shape[1] / window.width:.1f} times.".strip()
    return CasePicture(case_id, picture, legend, remark)


def html_case(one: CasePicture, words: str) -> str:
    """Return the picture with its legend and caption; `words` are escaped here."""
    keys = "".join(
        f'<span class=who><i style="background:{colour}"></i>{escape(shown_id(name, 40))}</span>'
        for colour, name in one.legend
    )
    picture = html_picture(one.picture, f"Outlines of {shown_id(one.case_id)}")
    said = f"<b>{escape(shown_id(one.case_id))}</b> {escape(words)} <span class=faint>{escape(one.remark)}</span>"
    return f"<figure>{picture}<figcaption>{said}<br>{keys}</figcaption></figure>"


def worst_cases(images: pd.DataFrame, *, most: int) -> Mapping[str, str]:
    """Return the cases with the least mean Dice and what their captions say."""
    rows = images.sort_values(["dice", "case_id"]).head(most).to_dict("records")
    return {
        str(row["case_id"]): f"mean Dice {row['dice']:.3f}"
        + (f", least {row['least_dice']:.3f} of {row['pairs']} pairs" if row["pairs"] > 1 else "")
        for row in rows
    }


def _photograph(path: Path | None, shape: tuple[int, ...]) -> tuple[RgbImage, str]:
    remark = "No photograph was given."
    if path is not None:
        try:
            found = read_image(path).pixels
        except DermasegError:
            remark = "The photograph cannot be read."
        else:
            if found.shape[:2] == shape:
                return found, ""
            remark = "The photograph has another size than the outlines."
    return np.full((*shape, 3), _GREY, dtype=np.uint8), remark


def _shown_size(height: int, width: int) -> tuple[int, int]:
    scale = _SIDE_PX / max(height, width)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _draw(picture: RgbImage, mask: BoolMask, colour: Rgb, *, style: LineStyle) -> None:
    line = outline(mask, _LINE_PX)
    shown = np.ones_like(mask) if style == "solid" else _dashes(line, *_DASHES[style])
    rim = line | (outline(mask, _LINE_PX + 1) & mask) | (~mask & outline(~mask, 1) & _inside(mask.shape))
    picture[rim & shown] = _RIM
    picture[line & shown] = colour


def _inside(shape: tuple[int, ...]) -> BoolMask:
    """Everything but the edge of the picture, which the outline of the skin around takes for a border too."""
    inner = np.zeros(shape, dtype=bool)
    inner[1:-1, 1:-1] = True
    return inner


def _dashes(line: BoolMask, dash_px: int, share: float) -> BoolMask:
    """Sectors around the middle of a line that cut it into dashes of about one length."""
    if not line.any():
        return line
    places = np.argwhere(line)
    count = max(4, round(len(places) / _LINE_PX / dash_px))
    rows, columns = np.indices(line.shape) - places.mean(axis=0)[:, None, None]
    return np.arctan2(rows, columns) / (2 * np.pi) * count % 1 < share
