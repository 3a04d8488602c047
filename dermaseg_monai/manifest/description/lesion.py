"""Where the lesion lies in its picture, how large it is, and how it differs from the skin around it."""

from typing import Final

import numpy as np

from dermaseg_monai.manifest.description.filters import Grid, labelled
from dermaseg_monai.manifest.description.sample import Sample

_RING_PX: Final = (5.0, 31.0)
"""The ring of skin that the lesion is compared with: 2 to 12 % of the shorter side from its border."""
_LEAST_PX: Final = 64
"""Fewer pixels of ring or lesion on the grid give no colour."""
_SPECK_SHARE: Final = 0.0005

Values = dict[str, float | None]


def geometry(sample: Sample) -> Values:
    """Return size, position and border contact of the lesion; only the area where the mask is empty, None without one.

    `lesion_area`: share of the picture, in [0, 1], from the original pixels. `lesion_diameter`: of the disc of that
    area, over the picture's shorter side. `lesion_x`, `lesion_y`: centre of mass from the left and top, in [0, 1].
    `lesion_offset`: its distance from the middle over half the diagonal, in [0, 1]. `border_contact`: the share of the
    picture's edge that is lesion, in [0, 1]. `lesion_parts`: connected parts that cover more than 0.05 % of
    the picture.
    """
    empty: Values = dict.fromkeys(
        ("lesion_area", "lesion_diameter", "lesion_x", "lesion_y", "lesion_offset", "border_contact", "lesion_parts")
    )
    mask = sample.mask
    if mask is None or sample.lesion_px is None:
        return empty
    height, width = sample.size_px
    area = sample.lesion_px / (height * width)
    if not mask.any():
        return empty | {"lesion_area": area}
    rows, columns = mask.sum(axis=1), mask.sum(axis=0)
    total = float(rows.sum())
    y = float((rows * (np.arange(len(rows)) + 0.5)).sum()) / total / len(rows)
    x = float((columns * (np.arange(len(columns)) + 0.5)).sum()) / total / len(columns)
    offset = float(np.hypot((x - 0.5) * width, (y - 0.5) * height) / (np.hypot(width, height) / 2))
    edge = np.concatenate([mask[0], mask[-1], mask[1:-1, 0], mask[1:-1, -1]])
    return {
        "lesion_area": area,
        "lesion_diameter": float(np.sqrt(4 * sample.lesion_px / np.pi) / min(height, width)),
        "lesion_x": x,
        "lesion_y": y,
        "lesion_offset": offset,
        "border_contact": float(edge.mean()),
        "lesion_parts": float(_parts(mask)),
    }


def colours(sample: Sample, unusable: Grid) -> Values:
    """Return the colour of picture and lesion, and the contrast with a ring of skin 2 to 12 % of the side away.

    `picture_l`, `picture_a`, `picture_b`: mean L* (0 to 100), a*, b* of the picture. `lesion_l`, `lesion_a`,
    `lesion_b`: medians inside the lesion. `colour_variety`: median distance (CIE76 ΔE, 0 upwards) of the lesion's
    pixels from that colour. `contrast`: ΔE between the medians of lesion and ring; `contrast_l`: L* of the ring minus
    L* of the lesion, negative where the lesion is lighter. Pixels that are `unusable` (hair, reflections, dark
    corners) count in the picture's means only. None where fewer than 64 grid pixels are left.
    """
    mean = sample.lab[::2, ::2].mean(axis=(0, 1))
    values: Values = dict.fromkeys(("lesion_l", "lesion_a", "lesion_b", "colour_variety", "contrast", "contrast_l"))
    values |= {"picture_l": float(mean[0]), "picture_a": float(mean[1]), "picture_b": float(mean[2])}
    ring = sample.ring(*_RING_PX)
    if sample.mask is None or ring is None:
        return values
    inside = sample.lab[sample.mask & ~unusable]
    if len(inside) < _LEAST_PX:
        return values
    lesion = np.median(inside, axis=0)
    spread = float(np.median(np.linalg.norm(inside - lesion, axis=1)))
    values |= {name: float(lesion[at]) for at, name in enumerate(("lesion_l", "lesion_a", "lesion_b"))}
    values["colour_variety"] = spread
    outside = sample.lab[ring & ~unusable]
    if len(outside) >= _LEAST_PX:
        skin = np.median(outside, axis=0)
        values["contrast"] = float(np.linalg.norm(skin - lesion))
        values["contrast_l"] = float(skin[0] - lesion[0])
    return values


def _parts(mask: Grid) -> int:
    labels, count = labelled(mask, diagonal=True)
    if count < 2:  # noqa: PLR2004 (one part)
        return count
    sizes = np.bincount(labels.ravel())[1:]
    return max(1, int((sizes > _SPECK_SHARE * mask.size).sum()))
