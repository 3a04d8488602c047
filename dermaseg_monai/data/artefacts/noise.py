"""Smooth random fields, made on a coarse lattice and read between its points with cubic B-splines."""

import numpy as np
from jaxtyping import Float32

from dermaseg_monai.data.artefacts.unit_rgb import Field

_MEAN_SQUARED_WEIGHT = 0.4794  # of a 1D cubic B-spline, averaged over one cell: brings the variance back to 1


def smooth_noise(shape: tuple[int, int], cell_px: float, rng: np.random.Generator) -> Field:
    """Return Gaussian noise whose bumps are about `cell_px` wide; mean 0, standard deviation about 1.

    Only sums and products per element, no matrix product: the same bytes whatever the number of threads.
    """
    height, width = shape
    rows = rng.random() + np.arange(height, dtype=np.float32) / np.float32(cell_px)
    columns = rng.random() + np.arange(width, dtype=np.float32) / np.float32(cell_px)
    lattice = rng.standard_normal((int(rows[-1]) + 5, int(columns[-1]) + 5), dtype=np.float32)
    along_rows = _read(lattice, rows)
    return _read(np.ascontiguousarray(along_rows.T), columns).T / np.float32(_MEAN_SQUARED_WEIGHT)


def fractal_noise(shape: tuple[int, int], cell_px: float, rng: np.random.Generator, *, octaves: int = 3) -> Field:
    """Return smooth noise with finer and fainter noise on top; mean 0, standard deviation about 1."""
    total = np.zeros(shape, np.float32)
    power = 0.0
    for octave in range(octaves):
        weight = 0.5**octave
        total += np.float32(weight) * smooth_noise(shape, max(cell_px * 0.5**octave, 1.0), rng)
        power += weight**2
    return total / np.float32(power**0.5)


def smooth_step(value: Field, low: float, high: float) -> Field:
    """Rise from 0 at `low` to 1 at `high` without a kink: 3t² - 2t³."""
    t = np.clip((value - np.float32(low)) / np.float32(high - low), 0, 1)
    return t * t * (3 - 2 * t)


def _read(lattice: Float32[np.ndarray, "m n"], position: Float32[np.ndarray, " p"]) -> Float32[np.ndarray, "p n"]:
    cell = position.astype(np.int64)
    t = (position - cell).astype(np.float32)[:, None]
    weights = (
        (1 - t) ** 3 / 6,
        (3 * t**3 - 6 * t**2 + 4) / 6,
        (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6,
        t**3 / 6,
    )
    return sum((w * lattice[cell + k] for k, w in enumerate(weights)), np.zeros((), np.float32)).astype(np.float32)
