"""The extent of a lesion: an outline of many harmonics, roughened, sometimes with satellites."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import ndimage

from dermaseg_monai.arrays import BoolMask
from dermaseg_monai.data.artefacts.noise import smooth_noise
from dermaseg_monai.data.artefacts.unit_rgb import Field, length_scale

_HARMONICS = np.arange(2, 16)


@dataclass(frozen=True)
class Extent:
    """Where the lesion is: `main` without and `whole` with its satellites."""

    main: BoolMask
    whole: BoolMask
    centre_px: Float[np.ndarray, "2"]
    radius_px: float
    satellites: int


def draw_extent(
    shape: tuple[int, int],
    rng: np.random.Generator,
    *,
    centre_px: tuple[float, float],
    radius_px: float,
    jaggedness: float,
    satellites: int,
) -> Extent:
    """Draw an ellipse with the outline R (1 + Σ aₖ cos(kθ + φₖ)) on roughened coordinates, and its satellites."""
    scale = length_scale(shape)
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    warp_px = scale * (1.2 + 14 * jaggedness)
    down = rows - np.float32(centre_px[0]) + warp_px * 0.45 * smooth_noise(shape, 14 * scale, rng)
    across = columns - np.float32(centre_px[1]) + warp_px * 0.45 * smooth_noise(shape, 14 * scale, rng)
    down += 0.5 * scale * smooth_noise(shape, 4 * scale, rng)
    turn_rad, stretch = rng.uniform(0, np.pi), np.float32(np.exp(rng.normal(0, 0.13)))
    cosine, sine = np.float32(np.cos(turn_rad)), np.float32(np.sin(turn_rad))
    u = (across * cosine + down * sine) / stretch
    v = (down * cosine - across * sine) * stretch
    inside = np.hypot(u, v) < radius_px * _ripple(np.arctan2(v, u), rng, jaggedness)
    filled = np.empty(shape, bool)
    ndimage.binary_fill_holes(inside, output=filled)
    main = _largest(filled)
    whole = main.copy()
    added = 0
    for _ in range(satellites):
        whole |= (spot := _satellite(main, rng, np.asarray(centre_px), radius_px))
        added += bool(spot.any())
    return Extent(main, whole, np.asarray(centre_px, np.float64), radius_px, added)


def signed_distance(mask: BoolMask) -> Field:
    """Return the distance to the border in pixels: positive inside, negative outside; 0 lies between the pixels."""
    return np.maximum(_depth(mask) - np.float32(0.5), 0) - np.maximum(_depth(~mask) - np.float32(0.5), 0)


def count_parts(mask: BoolMask) -> int:
    """Return how many separate parts a mask has; pixels that share a side belong together."""
    parts = np.empty(mask.shape, np.int32)
    ndimage.label(mask, output=parts)
    return int(parts.max())


def _depth(mask: BoolMask) -> Field:
    """Return the distance to the nearest pixel outside the mask; the longer side where there is none."""
    if mask.all():
        return np.full(mask.shape, max(mask.shape), np.float32)
    depth_px = np.empty(mask.shape, np.float64)
    ndimage.distance_transform_edt(mask, distances=depth_px)
    return depth_px.astype(np.float32)


def _ripple(theta: Field, rng: np.random.Generator, jaggedness: float) -> Field:
    fade = 1 / (_HARMONICS - 0.6) ** 0.95
    amplitude = jaggedness * 1.5 * fade * rng.uniform(0.2, 1.0, len(_HARMONICS))
    phase = rng.uniform(0, 2 * np.pi, len(_HARMONICS))
    angles = np.linspace(-np.pi, np.pi, 721)
    ripple = 1 + (amplitude * np.cos(_HARMONICS * angles[:, None] + phase)).sum(axis=1)
    return np.interp(theta, angles, np.maximum(ripple, 0.35)).astype(np.float32)


def _satellite(
    main: BoolMask, rng: np.random.Generator, centre_px: Float[np.ndarray, "2"], radius_px: float
) -> BoolMask:
    shape, scale = (main.shape[0], main.shape[1]), length_scale(main.shape)
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    size_px = scale * rng.uniform(2.5, 6.5)
    angle_rad = rng.uniform(0, 2 * np.pi)
    heading = np.array([np.sin(angle_rad), np.cos(angle_rad)])
    reach_px = np.arange(0.3 * radius_px, 3 * radius_px)
    ray = np.rint(centre_px + reach_px[:, None] * heading).astype(int)
    seen = ((ray >= 0) & (ray < shape)).all(axis=1)
    hit = reach_px[seen][main[ray[seen, 0], ray[seen, 1]]]
    border_px = hit[-1] if len(hit) else radius_px
    middle = centre_px + heading * (border_px + size_px + scale * rng.uniform(2.5, 11))
    flatness = np.float32(rng.uniform(0.8, 1.25))
    away_px = np.hypot(rows - np.float32(middle[0]), (columns - np.float32(middle[1])) * flatness)
    spot = away_px + np.float32(0.9 * scale) * smooth_noise(shape, 4 * scale, rng) < size_px
    near = np.empty(shape, bool)
    ndimage.binary_dilation(main, iterations=max(1, round(2 * scale)), output=near)
    return _largest(spot & ~near)


def _largest(mask: BoolMask) -> BoolMask:
    parts = np.empty(mask.shape, np.int32)
    ndimage.label(mask, output=parts)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return parts == sizes.argmax() if len(sizes) > 1 else mask
