"""One lesion as layers of tissue: where melanin, blood and milky or white areas are, and how they look on skin."""

from dataclasses import dataclass, fields, replace

import numpy as np

from dermaseg_monai.arrays import BoolMask
from dermaseg_monai.data.artefacts.noise import fractal_noise, smooth_noise, smooth_step
from dermaseg_monai.data.artefacts.unit_rgb import Field, UnitRgb, length_scale
from dermaseg_monai.data.demo.diagnosis import Diagnosis
from dermaseg_monai.data.demo.outline import Extent, signed_distance
from dermaseg_monai.data.demo.skin import BLOOD, MELANIN
from dermaseg_monai.data.demo.structures import (
    Ground,
    blotches,
    globules,
    lacunae,
    milia,
    nests,
    network,
    peppering,
    streaks,
    veil,
    vessels,
)

_BLACK = np.array([0.95, 1.0, 1.0], np.float32)
_VEIL = np.array([0.21, 0.25, 0.32], np.float32)
_SCAR = np.array([0.70, 0.50, 0.45], np.float32)
_CYST = np.array([0.80, 0.66, 0.42], np.float32)
_NEST = np.array([0.075, 0.070, 0.105], np.float32)


@dataclass(frozen=True)
class Tissue:
    """Layers of one lesion on one grid: densities of pigments, covers in [0, 1] of the rest, and the true extent."""

    extent: BoolMask
    melanin: Field
    black: Field
    blood: Field
    veil: Field
    scar: Field
    cysts: Field
    nests: Field

    @property
    def layers(self) -> dict[str, Field]:
        """All layers but the extent, by name."""
        return {item.name: getattr(self, item.name) for item in fields(self) if item.name != "extent"}


def grow_tissue(extent: Extent, rng: np.random.Generator, diagnosis: Diagnosis, *, ita_deg: float) -> Tissue:
    """Fill the extent with what lesions of this diagnosis tend to hold."""
    depth_px = signed_distance(extent.whole)
    ground = Ground.of(depth_px)
    falloff_px = ground.scale * rng.uniform(*diagnosis.falloff_px)
    body = _fade(extent, depth_px, falloff_px, rng)
    zero = np.zeros(ground.shape, np.float32)
    dark_skin = float(np.clip((30 - ita_deg) / 80, 0, 1))
    pigment = rng.uniform(*diagnosis.pigment) * (1 + 0.6 * dark_skin)
    unevenness = rng.uniform(*diagnosis.unevenness)
    mottling = np.exp(unevenness * fractal_noise(ground.shape, 28 * ground.scale, rng, octaves=5))
    middle = smooth_step(depth_px, 0.0, max(1.0, float(depth_px.max())))
    melanin = pigment * body * mottling * (1 + rng.uniform(-0.2, 0.45) * middle)
    tissue = Tissue(
        extent=extent.whole,
        melanin=melanin.astype(np.float32),
        black=(0.22 * (melanin - 1.1)).clip(0).astype(np.float32),
        blood=(
            rng.uniform(*diagnosis.blood) * body * (1 + 0.4 * smooth_noise(ground.shape, 16 * ground.scale, rng))
        ).clip(0),
        veil=zero,
        scar=zero,
        cysts=zero,
        nests=zero,
    )
    tissue = _add_pigment_structures(tissue, ground, rng, diagnosis, body * pigment)
    return _add_other_structures(tissue, ground, rng, diagnosis, body)


def paint(skin: UnitRgb, tissue: Tissue) -> UnitRgb:
    """Lay the tissue on skin, both in linear light: pigments absorb, the rest covers."""
    density = tissue.melanin[..., None] * MELANIN + tissue.blood[..., None] * BLOOD + tissue.black[..., None] * _BLACK
    brightness = float(skin.mean())
    rgb = skin * np.exp(-density)
    rgb = _cover(rgb, _NEST * np.float32(0.5 + brightness), 0.85 * tissue.nests)
    rgb = _cover(rgb, _SCAR * np.float32(0.35 + 1.1 * brightness), tissue.scar)
    rgb = _cover(rgb, _VEIL * np.float32(0.55 + 0.7 * brightness), tissue.veil)
    rgb = _cover(rgb, _CYST * np.float32(0.3 + brightness), tissue.cysts)
    return (rgb * np.float32(0.985) + np.float32(0.009)).astype(np.float32)


def _fade(extent: Extent, depth_px: Field, falloff_px: float, rng: np.random.Generator) -> Field:
    scale = length_scale(depth_px.shape)
    local = np.exp(0.45 * smooth_noise(extent.whole.shape, 40 * scale, rng))
    frayed = 0.10 * smooth_noise(extent.whole.shape, 8 * scale, rng) + 0.09 * smooth_noise(
        extent.whole.shape, 3 * scale, rng
    )
    depth = depth_px / (np.float32(falloff_px) * local) + frayed
    body = 0.62 * smooth_step(depth, -0.25, 0.75) + 0.38 * smooth_step(depth, 0.1, 2.2)
    if extent.satellites:
        spots = extent.whole & ~extent.main
        body = np.maximum(body, 0.85 * smooth_step(signed_distance(spots), -0.8 * scale, 2.2 * scale))
    return body


def _add_pigment_structures(
    tissue: Tissue, ground: Ground, rng: np.random.Generator, diagnosis: Diagnosis, body: Field
) -> Tissue:
    melanin, black = tissue.melanin, tissue.black
    atypical = diagnosis.veil > 0
    if rng.random() < diagnosis.network:
        lines = network(ground, rng, atypical=atypical)
        melanin = melanin * (1 - 0.18 * (lines > 0)) + rng.uniform(0.35, 0.75) * lines * (0.25 + 0.75 * body)
    if rng.random() < diagnosis.globules:
        clods = globules(ground, rng, at_rim=not atypical and rng.random() < 0.3)  # noqa: PLR2004
        melanin = melanin + rng.uniform(0.5, 1.0) * clods
        black = black + rng.uniform(0.0, 0.4) * clods
    if rng.random() < diagnosis.streaks:
        melanin = melanin + rng.uniform(0.7, 1.3) * streaks(ground, rng)
    if rng.random() < diagnosis.blotches:
        dark = blotches(ground, rng)
        melanin = melanin + rng.uniform(0.4, 0.9) * dark
        black = black + rng.uniform(0.1, 0.9) * dark
    return replace(tissue, melanin=melanin.astype(np.float32), black=black.astype(np.float32))


def _add_other_structures(
    tissue: Tissue, ground: Ground, rng: np.random.Generator, diagnosis: Diagnosis, body: Field
) -> Tissue:
    layers = {name: layer.copy() for name, layer in tissue.layers.items()}
    if rng.random() < diagnosis.veil:
        layers["veil"] = np.float32(rng.uniform(0.4, 0.75)) * veil(ground, rng)
    if rng.random() < diagnosis.regression:
        where = ground.patch(rng, cell_px=34.0, part=rng.uniform(0.15, 0.35), soft=0.7) * ground.within(3.0, 6.0)
        layers["melanin"] *= 1 - rng.uniform(0.55, 0.85) * where
        layers["black"] *= 1 - 0.8 * where
        layers["scar"] = np.float32(rng.uniform(0.2, 0.5)) * where
        layers["black"] += 0.7 * peppering(ground, rng, where)
    if rng.random() < diagnosis.milia:
        layers["cysts"] = np.float32(rng.uniform(0.35, 0.7)) * milia(ground, rng, count=int(rng.integers(5, 22)))
        plugs = milia(ground, rng, count=int(rng.integers(3, 16)))
        layers["melanin"] += 1.1 * plugs
    if rng.random() < diagnosis.white_centre:
        white = ground.core(0.35, 1.0) * ground.patch(rng, cell_px=14.0, part=0.7, soft=1.0)
        layers["scar"] = np.float32(0.5) * white
        layers["melanin"] *= 1 - 0.5 * white
    if rng.random() < diagnosis.vessels:
        layers["blood"] += rng.uniform(0.7, 1.4) * vessels(ground, rng)
    if rng.random() < diagnosis.lacunae:
        clods = lacunae(ground, rng)
        layers["blood"] *= 0.72 + 0.42 * clods
        layers["black"] += rng.uniform(0.3, 0.9) * clods * ground.patch(rng, cell_px=22.0, part=0.4, soft=0.8) * body
    if rng.random() < diagnosis.nests:
        layers["nests"] = np.float32(rng.uniform(0.5, 0.9)) * nests(ground, rng)
    return Tissue(extent=tissue.extent, **{name: layer.astype(np.float32) for name, layer in layers.items()})


def _cover(rgb: UnitRgb, colour: np.ndarray, cover: Field) -> UnitRgb:
    if not cover.any():
        return rgb
    return (rgb + (colour - rgb) * np.clip(cover, 0, 1)[..., None]).astype(np.float32)
