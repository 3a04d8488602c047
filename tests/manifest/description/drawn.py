"""Photographs of plain skin with a round lesion, drawn by hand."""

import numpy as np

from dermaseg_monai.manifest.description.sample import Sample, sample_of

SKIN = (214, 170, 140)
LESION = (96, 60, 44)
SIDE = 256


def disc(row: float, column: float, radius: float, side: int = SIDE) -> np.ndarray:
    rows, columns = np.mgrid[:side, :side]
    return (rows - row) ** 2 + (columns - column) ** 2 <= radius**2


def photograph(mask: np.ndarray | None = None, *, skin: tuple[int, int, int] = SKIN, side: int = SIDE) -> np.ndarray:
    rgb = np.full((side, side, 3), skin, dtype=np.uint8)
    if mask is not None:
        rgb[mask] = LESION
    return rgb


def plain() -> tuple[np.ndarray, np.ndarray]:
    mask = disc(128, 128, 40)
    return photograph(mask), mask


def sample(rgb: np.ndarray, mask: np.ndarray | None) -> Sample:
    return sample_of(rgb, mask)
