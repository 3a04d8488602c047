"""A few cases of a described data set as thumbnails, each with its value."""

from collections.abc import Sequence
from html import escape
from typing import Final

import numpy as np
from PIL import Image

from dermaseg_monai.arrays import RgbImage
from dermaseg_monai.errors import DermasegError
from dermaseg_monai.images import REFERENCE_RGB, draw_outline, read_image, read_mask
from dermaseg_monai.manifest.description import Described, Feature, Row
from dermaseg_monai.report.html import html_picture
from dermaseg_monai.report.page import shown_id

EXTREMES: Final = 4
"""So many thumbnails stand in a row."""

_SIDE_PX: Final = 112


def strip(holder: Described, rows: Sequence[Row], feature: Feature) -> str:
    """Return the cases as thumbnails with the lesion's outline, the value of the feature below each."""
    return f"<div class=strip>{''.join(_thumbnail(holder, row, feature) for row in rows)}</div>"


def _thumbnail(holder: Described, row: Row, feature: Feature) -> str:
    value = row.values[feature.name]
    words = value if isinstance(value, str) else f"{value:.3g}" if value is not None else ""
    caption = f"<figcaption><b>{escape(shown_id(words, 20))}</b> {escape(shown_id(row.case_id, 24))}</figcaption>"
    try:
        picture = html_picture(_small(holder, row), f"Case {shown_id(row.case_id)}")
    except DermasegError:
        picture = "<p class=faint>cannot be shown</p>"
    return f"<figure>{picture}{caption}</figure>"


def _small(holder: Described, row: Row) -> RgbImage:
    case = holder.case(row.case_id)
    rgb = Image.fromarray(read_image(holder.dataset_dir / case.image.path).pixels)
    size = (_SIDE_PX, max(1, round(_SIDE_PX * rgb.height / rgb.width)))
    small = np.asarray(rgb.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0))
    if case.reference is None:
        return small
    mask = Image.fromarray(read_mask(holder.dataset_dir / case.reference.mask.path))
    return draw_outline(small, np.asarray(mask.resize(size)), REFERENCE_RGB)
