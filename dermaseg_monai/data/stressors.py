"""What goes wrong with dermoscopy pictures, each at five graded strengths in a unit that can be measured.

For stress tests and, over `dermaseg_monai.data.augment`, for training. Lengths are counted on a grid whose shorter side
has 512 px, so that a level means the same for every picture. The same generator state draws the same hairs, rulers,
lights and directions at every level, only more or stronger.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from dermaseg_monai.arrays import BoolMask, RgbImage
from dermaseg_monai.data.artefacts.camera import defocus, sensor_noise
from dermaseg_monai.data.artefacts.compression import jpeg
from dermaseg_monai.data.artefacts.device import other_device
from dermaseg_monai.data.artefacts.exposure import exposed, white_balanced
from dermaseg_monai.data.artefacts.gel_bubbles import some_bubbles
from dermaseg_monai.data.artefacts.grid import REFERENCE_SIDE_PX, on_grid
from dermaseg_monai.data.artefacts.hairs import lay_hairs, some_hairs
from dermaseg_monai.data.artefacts.marker import some_ink
from dermaseg_monai.data.artefacts.rulers import ruler_reaching
from dermaseg_monai.data.artefacts.scope import darken_outside, scope_field_hiding
from dermaseg_monai.data.artefacts.unit_rgb import UnitRgb
from dermaseg_monai.data.geometry import turned, zoomed
from dermaseg_monai.data.skin_tone import darker_skin

Changed = tuple[RgbImage, BoolMask]
Spoil = Callable[[UnitRgb, BoolMask, float, np.random.Generator], UnitRgb]

_WHITE: Final = 255
_DRAWN_ON_PX: Final = 768
"""Shorter side above which things are drawn on a smaller grid and carried over; a hair of 15 px costs seconds."""


@dataclass(frozen=True)
class Stressor:
    """One thing that goes wrong, at graded strengths.

    Attributes:
        name: as in `STRESSORS`.
        about: what it does, in one line.
        levels: five strengths, increasing, in `unit`; the last is the worst a clinic would still file.
        unit: of the levels.
        change: does it; see `apply`.
        moves_mask: the mask changes with the picture (turned, zoomed).
    """

    name: str
    about: str
    levels: tuple[float, ...]
    unit: str
    change: Callable[[RgbImage, BoolMask, float, np.random.Generator], Changed]
    moves_mask: bool = False

    def apply(self, image: RgbImage, mask: BoolMask, level: float, rng: np.random.Generator) -> Changed:
        """Return picture and mask at a level from 0 (both as they are) to the last of `levels`, on the same grid.

        Raises:
            ValueError: the level is outside, or picture and mask are of different size.
        """
        if not 0 <= level <= self.levels[-1]:
            raise ValueError(f"{self.name} has levels from 0 to {self.levels[-1]:g} ({self.unit}); got {level}.")
        if image.shape[:2] != mask.shape:
            raise ValueError(f"The picture is {image.shape[:2]} px (rows, columns), its mask {mask.shape}.")
        return (image, mask) if level == 0 else self.change(image, mask, level, rng)


@dataclass(frozen=True)
class _Light:
    """Changes the light and leaves the mask."""

    spoil: Spoil

    def __call__(self, image: RgbImage, mask: BoolMask, level: float, rng: np.random.Generator) -> Changed:
        spoilt = self.spoil(image.astype(np.float32) / np.float32(_WHITE), mask, level, rng)
        return np.rint(np.clip(spoilt, 0, 1) * np.float32(_WHITE)).astype(np.uint8), mask


def _drawn(rgb: UnitRgb, change: Callable[[UnitRgb], UnitRgb]) -> UnitRgb:
    return on_grid(rgb, change, side_px=min(_DRAWN_ON_PX, *rgb.shape[:2]))


def _count(level: float) -> int:
    return max(1, round(level))


def _hair(rgb: UnitRgb, _: BoolMask, level: float, rng: np.random.Generator) -> UnitRgb:
    growth, look = (np.random.default_rng(seed) for seed in rng.integers(2**63, size=2))
    return _drawn(rgb, lambda seen: lay_hairs(seen, some_hairs(seen.shape, growth, count=_count(level)), look))


def _ruler(rgb: UnitRgb, _: BoolMask, level: float, rng: np.random.Generator) -> UnitRgb:
    return _drawn(rgb, lambda seen: ruler_reaching(seen, rng, reach=level / 100))


def _bubbles(rgb: UnitRgb, _: BoolMask, level: float, rng: np.random.Generator) -> UnitRgb:
    return _drawn(rgb, lambda seen: some_bubbles(seen, rng, count=_count(level)))


def _ink(rgb: UnitRgb, _: BoolMask, level: float, rng: np.random.Generator) -> UnitRgb:
    return _drawn(rgb, lambda seen: some_ink(seen, rng, count=_count(level)))


def _blur(rgb: UnitRgb, _: BoolMask, level: float, __: np.random.Generator) -> UnitRgb:
    return defocus(rgb, sigma_px=level * min(rgb.shape[:2]) / REFERENCE_SIDE_PX)


def _jpeg(rgb: UnitRgb, _: BoolMask, level: float, __: np.random.Generator) -> UnitRgb:
    return on_grid(rgb, lambda seen: jpeg(seen, quality=100 - round(level)), side_px=REFERENCE_SIDE_PX)


def _noise(rgb: UnitRgb, _: BoolMask, level: float, rng: np.random.Generator) -> UnitRgb:
    return sensor_noise(rgb, rng, deviation=level / _WHITE)


def _exposure(rgb: UnitRgb, _: BoolMask, level: float, rng: np.random.Generator) -> UnitRgb:
    return exposed(rgb, stops=_signed(level, rng))


def _white_balance(rgb: UnitRgb, _: BoolMask, level: float, rng: np.random.Generator) -> UnitRgb:
    return white_balanced(rgb, mired=_signed(level, rng))


def _device_cast(rgb: UnitRgb, _: BoolMask, level: float, rng: np.random.Generator) -> UnitRgb:
    return other_device(rgb, rng, difference=level)


def _skin_tone(rgb: UnitRgb, mask: BoolMask, level: float, _: np.random.Generator) -> UnitRgb:
    return darker_skin(rgb, mask, shift_deg=level)


def _dark_corners(rgb: UnitRgb, _: BoolMask, level: float, rng: np.random.Generator) -> UnitRgb:
    return darken_outside(rgb, scope_field_hiding(rgb.shape, rng, share=level / 100))


def _rotation(image: RgbImage, mask: BoolMask, level: float, rng: np.random.Generator) -> Changed:
    return turned(image, mask, angle_deg=_signed(level, rng))


def _scale(image: RgbImage, mask: BoolMask, level: float, rng: np.random.Generator) -> Changed:
    factor = 1 + level / 100
    return zoomed(image, mask, factor=factor if _signed(1.0, rng) > 0 else 1 / factor)


def _signed(level: float, rng: np.random.Generator) -> float:
    return level if rng.random() < 0.5 else -level  # noqa: PLR2004


_ALL: Final = (
    Stressor(
        "hair",
        "Dark hairs with shadows, roughly in one direction.",
        (3.0, 8.0, 20.0, 40.0, 80.0),
        "hairs",
        _Light(_hair),
    ),
    Stressor(
        "ruler",
        "A millimetre scale or a paper tape that reaches in from one edge.",
        (6.0, 10.0, 15.0, 22.0, 30.0),
        "% of the shorter side",
        _Light(_ruler),
    ),
    Stressor(
        "bubbles", "Air bubbles in the immersion gel.", (4.0, 10.0, 20.0, 40.0, 80.0), "bubbles", _Light(_bubbles)
    ),
    Stressor("ink", "Strokes of a violet skin marker.", (1.0, 2.0, 4.0, 7.0, 12.0), "strokes", _Light(_ink)),
    Stressor(
        "blur", "Out of focus: a Gaussian.", (1.0, 2.0, 4.0, 6.0, 10.0), "standard deviation, px of 512", _Light(_blur)
    ),
    Stressor(
        "jpeg",
        "Stored as JPEG at 512 px, colour at half resolution.",
        (30.0, 50.0, 70.0, 80.0, 90.0),
        "100 - JPEG quality",
        _Light(_jpeg),
    ),
    Stressor(
        "noise",
        "Sensor noise, one grain per px of 512.",
        (4.0, 8.0, 14.0, 22.0, 32.0),
        "standard deviation, grey values of 255",
        _Light(_noise),
    ),
    Stressor("exposure", "Too bright or too dark, at random.", (0.25, 0.5, 0.75, 1.0, 1.5), "stops", _Light(_exposure)),
    Stressor(
        "white_balance",
        "Daylight too warm or too cold, at random.",
        (10.0, 20.0, 35.0, 50.0, 75.0),
        "mired",
        _Light(_white_balance),
    ),
    Stressor(
        "device_cast",
        "The colours of another camera: white, tint, saturation, hue and tone curve in a random direction.",
        (3.0, 6.0, 9.0, 13.0, 18.0),
        "mean ΔE*ab",
        _Light(_device_cast),
    ),
    Stressor(
        "skin_tone",
        "Darker skin: a pigment filter over skin and lesion alike.",
        (10.0, 20.0, 35.0, 50.0, 70.0),
        "degrees of ITA",
        _Light(_skin_tone),
    ),
    Stressor(
        "rotation",
        "Turned to a random side, mirrored beyond the edge.",
        (5.0, 10.0, 20.0, 30.0, 45.0),
        "degrees",
        _rotation,
        moves_mask=True,
    ),
    Stressor(
        "scale",
        "Larger (x) or smaller (1/x), at random, mirrored beyond the edge.",
        (10.0, 25.0, 50.0, 75.0, 100.0),
        "% larger or smaller",
        _scale,
        moves_mask=True,
    ),
    Stressor(
        "dark_corners",
        "Black outside the round field of the dermoscope; the mask keeps what is hidden.",
        (2.0, 5.0, 10.0, 20.0, 30.0),
        "% of the picture",
        _Light(_dark_corners),
    ),
)

STRESSORS: Final[Mapping[str, Stressor]] = MappingProxyType({one.name: one for one in _ALL})
"""Every stressor by name, in the order of tables and figures."""
