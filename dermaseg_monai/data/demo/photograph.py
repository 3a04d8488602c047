"""One photograph of the demo set: skin, lesion, what lies in the way, the camera; and everybody's outlines of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from dermaseg_monai.arrays import BoolMask, RgbImage
from dermaseg_monai.data import artefacts
from dermaseg_monai.data.artefacts.strokes import draw
from dermaseg_monai.data.artefacts.unit_rgb import Field, UnitRgb
from dermaseg_monai.data.demo.annotators import ANNOTATORS, Annotator
from dermaseg_monai.data.demo.diagnosis import DIAGNOSES
from dermaseg_monai.data.demo.lesion import Tissue, grow_tissue, paint
from dermaseg_monai.data.demo.outline import count_parts, draw_extent, signed_distance
from dermaseg_monai.data.demo.plan import Shot
from dermaseg_monai.data.demo.skin import GAMMA, skin

_SEEN = 0.5
"""Cover of the scope field below which a lesion pixel counts as outside the picture."""


@dataclass(frozen=True)
class Photograph:
    """The picture, the true extent of the lesion, the annotators' outlines by name, and the number of satellites."""

    rgb: RgbImage
    lesion: BoolMask
    outlines: dict[str, BoolMask]
    satellites: int


def take_photograph(shot: Shot, seed: int, annotators: Sequence[Annotator] = ANNOTATORS) -> Photograph:
    """Draw one photograph, which depends on the shot and the seed alone, and these annotators' outlines of it."""
    tissue, spots = _lesion(shot, np.random.default_rng([seed, 1, shot.lesion_number]))
    rng = np.random.default_rng([seed, 2, shot.number])
    if shot.take:
        tissue, spots = _seen_again(tissue, spots, rng, at_border=shot.at_border)
    light = paint(skin(shot.size_px, rng, ita_deg=shot.person.ita_deg), tissue)
    hairs = artefacts.grow_hairs(shot.size_px, rng, strength=shot.strength("hair"))
    scope = artefacts.scope_field(shot.size_px, rng, strength=shot.strength("dark_corners"))
    rgb = artefacts.lay_hairs(_expose(light, rng), hairs, rng)
    rgb = artefacts.darken_outside(_clutter(rgb, shot, rng, tissue.extent), scope)
    rgb = artefacts.grain(rgb, rng, strength=float(rng.uniform(0.05, 0.4)))
    lesion = tissue.extent & (scope > _SEEN)
    spots = spots & lesion
    hair_cover = draw(shot.size_px, hairs)
    distance_px = signed_distance(lesion)
    main_distance_px = signed_distance(lesion & ~spots) if spots.any() else distance_px
    outlines = {one.name: one.outline(distance_px, main_distance_px, hair_cover, rng) for one in annotators}
    return Photograph(
        rgb=np.rint(np.clip(rgb, 0, 1) * np.float32(255)).astype(np.uint8),
        lesion=lesion,
        outlines=outlines,
        satellites=count_parts(spots),
    )


def _lesion(shot: Shot, rng: np.random.Generator) -> tuple[Tissue, BoolMask]:
    diagnosis = DIAGNOSES[shot.diagnosis]
    side_px = min(shot.size_px)
    radius_px = side_px * float(rng.uniform(*diagnosis.radius))
    satellites = int(rng.integers(1, 4)) if rng.random() < diagnosis.satellites else 0
    extent = draw_extent(
        shot.size_px,
        rng,
        centre_px=_centre(shot, rng, radius_px),
        radius_px=radius_px,
        jaggedness=float(rng.uniform(*diagnosis.jaggedness)),
        satellites=satellites,
    )
    return grow_tissue(extent, rng, diagnosis, ita_deg=shot.person.ita_deg), extent.whole & ~extent.main


def _centre(shot: Shot, rng: np.random.Generator, radius_px: float) -> tuple[float, float]:
    height, width = shot.size_px
    if shot.at_border and not shot.take:
        inside_px = radius_px * float(rng.uniform(0.15, 0.6))
        along = float(rng.uniform(0.3, 0.7))
        places = (
            (inside_px, along * width),
            (height - inside_px, along * width),
            (along * height, inside_px),
            (along * height, width - inside_px),
        )
        return places[int(rng.integers(4))]
    free = np.maximum(0, np.array([height, width]) / 2 - 1.5 * radius_px)
    row, column = np.array([height, width]) / 2 + free * rng.uniform(-0.8, 0.8, 2)
    return float(row), float(column)


def _seen_again(
    tissue: Tissue, spots: BoolMask, rng: np.random.Generator, *, at_border: bool
) -> tuple[Tissue, BoolMask]:
    """Turn, zoom and shift the lesion as a second photograph of it would; onto the edge when asked."""
    shape = np.array(tissue.extent.shape)
    turn_rad, zoom = rng.normal(0, 0.35), np.exp(rng.normal(0, 0.10))
    matrix = np.array([[np.cos(turn_rad), -np.sin(turn_rad)], [np.sin(turn_rad), np.cos(turn_rad)]]) / zoom
    found = np.argwhere(tissue.extent)
    middle = found.mean(axis=0)
    target = shape / 2 + rng.uniform(-0.06, 0.06, 2) * shape
    if at_border:
        reach_px = zoom * np.sqrt(len(found) / np.pi)
        target[0] = rng.uniform(0.2, 0.6) * reach_px
    offset = middle - matrix @ target

    def moved(layer: Field) -> Field:
        return ndimage.affine_transform(layer, matrix, offset, order=1, mode="constant")

    def moved_mask(mask: BoolMask) -> BoolMask:
        return moved(np.clip(signed_distance(mask), -9, 9) + np.float32(9)) > 9 if mask.any() else mask  # noqa: PLR2004

    layers = {name: moved(layer) if layer.any() else layer for name, layer in tissue.layers.items()}
    return Tissue(extent=moved_mask(tissue.extent), **layers), moved_mask(spots)


def _expose(light: UnitRgb, rng: np.random.Generator) -> UnitRgb:
    """Turn linear light into displayed values; the camera lifts dark scenes part of the way."""
    level = float(np.quantile(light[..., 0], 0.8))
    gain = 1.25 * (0.6 / max(level, 0.02)) ** 0.05 * np.exp(rng.normal(0, 0.08))
    return (np.clip(light * np.float32(gain), 0, 1) ** np.float32(1 / GAMMA)).astype(np.float32)


def _clutter(rgb: UnitRgb, shot: Shot, rng: np.random.Generator, lesion: BoolMask) -> UnitRgb:
    strength = shot.strength
    rgb = artefacts.ink(rgb, rng, strength=strength("ink"))
    rgb = _beside(lesion, artefacts.sticker, rgb, rng, strength=strength("sticker"))
    rgb = artefacts.bubbles(rgb, rng, strength=strength("bubbles"))
    rgb = artefacts.highlights(rgb, rng, strength=strength("highlights"))
    rgb = _beside(lesion, artefacts.ruler, rgb, rng, strength=strength("ruler"))
    rgb = artefacts.blur(rgb, rng, strength=strength("blur"))
    rgb = artefacts.vignetting(rgb, rng, strength=strength("vignetting"))
    return artefacts.colour_cast(rgb, rng, strength=strength("colour_cast"))


def _beside(
    lesion: BoolMask, spoil: Callable[..., UnitRgb], rgb: UnitRgb, rng: np.random.Generator, *, strength: float
) -> UnitRgb:
    """Apply an artefact where people would put the thing: of three tries, the one that hides least of the lesion."""
    if strength == 0:
        return rgb
    tries = [spoil(rgb, child, strength=strength) for child in rng.spawn(3)]
    return min(tries, key=lambda tried: float(np.abs(tried[lesion] - rgb[lesion]).sum()))
