"""Slices of a volume as pictures: upright, on square pixels, and said where they lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float
from nibabel.affines import voxel_sizes
from scipy import ndimage

from dermaseg_monai.images.planes import PLANES, best_resolved_plane, cut, upright, upright_turn

Volume = Bool[np.ndarray, "x y z"]
Affine = Float[np.ndarray, "4 4"]

_LONG_SIDE_PX: Final = 480
"""A slice of fewer voxels is enlarged to this, so that voxels that are no cubes keep their proportions."""
_HELD: Final = {
    "sagittal": ((2, "superior"), (1, "posterior")),
    "coronal": ((2, "superior"), (0, "patient left")),
    "axial": ((1, "anterior"), (0, "patient left")),
}
"""Plane to what is up and what is right in its slices: an axis of an upright volume, and the direction in words."""


@dataclass(frozen=True)
class Plane:
    """The slices of one plane of a volume, held as `planes.cut` holds them.

    Attributes:
        name: a key of `PLANES`.
        affine: of the volume, voxels to mm.
        axis: of the array, across the slices.
        up: of the array, along the columns of the picture.
        right: of the array, along the rows of the picture.
    """

    name: str
    affine: Affine
    axis: int
    up: int
    right: int

    @property
    def words(self) -> str:
        """The directions in words."""
        (_, up), (_, right) = _HELD[self.name]
        return f"right: {'xyz'[self.right]} axis, nearest {right}; up: {'xyz'[self.up]} axis, nearest {up}"

    @property
    def steps_mm(self) -> tuple[float, float, float]:
        """Size of a voxel along the axes of the array."""
        x, y, z = (float(step) for step in voxel_sizes(self.affine))
        return x, y, z

    def slice(self, values: np.ndarray, at: int) -> np.ndarray:
        """Return slice `at` (an index of the array), upright, a pixel per voxel."""
        reversed_ = upright_turn(self.affine)[self.axis, 1] < 0
        slices = cut(upright(values, self.affine), self.name)
        return slices[values.shape[self.axis] - 1 - at if reversed_ else at]


@dataclass(frozen=True)
class Slice:
    """One slice; every array on the grid of the volume can be cut at it.

    Attributes:
        plane: how it is held.
        at: its index, from 0.
        count: how many slices there are.
        title: why it is shown.
        differing: voxels of this slice on which the masks differ.
    """

    plane: Plane
    at: int
    count: int
    title: str
    differing: int

    @property
    def words(self) -> str:
        """Which slice it is, where it lies and how it is held."""
        name, step_mm = "xyz"[self.plane.axis], self.plane.steps_mm[self.plane.axis]
        where = f"slice {name} = {self.at} of 0 to {self.count - 1}, {self.at * step_mm:.2f} mm from the first"
        return f"{self.title}: {where}; {self.plane.words}"

    def voxels(self, values: np.ndarray) -> np.ndarray:
        """Return the slice, upright, a pixel per voxel."""
        return self.plane.slice(values, self.at)

    def cut(self, values: np.ndarray) -> np.ndarray:
        """Return the slice on square pixels: a mask by its nearest voxel, other values by linear interpolation."""
        flat = self.voxels(values)
        steps = self.plane.steps_mm[self.plane.up], self.plane.steps_mm[self.plane.right]
        sides_mm = [count * step for count, step in zip(flat.shape, steps, strict=True)]
        pixel_mm = min(*steps, max(sides_mm) / _LONG_SIDE_PX)
        places = [
            (np.arange(max(1, round(side / pixel_mm))) + 0.5) * pixel_mm / step - 0.5
            for side, step in zip(sides_mm, steps, strict=True)
        ]
        if values.dtype == np.bool_:
            rows, columns = (
                np.rint(at).astype(int).clip(0, count - 1) for at, count in zip(places, flat.shape, strict=True)
            )
            return flat[np.ix_(rows, columns)]
        grid = np.meshgrid(*places, indexing="ij")
        return ndimage.map_coordinates(flat.astype(np.float32), grid, order=1, mode="nearest")


def best_plane(affine: Affine) -> Plane:
    """Return the slices with the finest voxels (see `planes.best_resolved_plane`)."""
    name = best_resolved_plane([affine])
    becomes = upright_turn(affine)[:, 0].astype(int).tolist()
    (up, _), (right, _) = _HELD[name]
    return Plane(name, affine, becomes.index(PLANES[name]), becomes.index(up), becomes.index(right))


def slices_to_show(affine: Affine, *, lesion: Volume, masks: Sequence[Volume]) -> list[Slice]:
    """Return the middle slice of a lesion and the worst slice, one where they are the same, in the finest plane.

    The middle one is the middle of the slices that hold lesion (the lower of two; of all slices without lesion). The
    worst one holds the most voxels on which the masks differ (the first of equally many); without any there is none.

    Args:
        affine: of the volume, voxels to mm.
        lesion: whose middle is shown.
        masks: reference and prediction, or the outlines of several readers.
    """
    plane = best_plane(affine)
    others = tuple(at for at in range(3) if at != plane.axis)
    count = lesion.shape[plane.axis]
    held = np.flatnonzero(lesion.any(axis=others))
    middle = int(held[(len(held) - 1) // 2]) if len(held) else (count - 1) // 2
    differ = np.logical_or.reduce(masks) & ~np.logical_and.reduce(masks)
    per_slice = np.count_nonzero(differ, axis=others)
    total = int(per_slice.sum())
    worst = int(per_slice.argmax())

    def one(at: int, title: str) -> Slice:
        return Slice(plane, at, count, title, int(per_slice[at]))

    if total == 0:
        return [one(middle, "Middle slice of the lesion" if len(held) else "Middle slice")]
    share = f"{per_slice[worst]} of {total} differing voxels"
    if worst == middle:
        return [one(worst, f"Middle and worst slice ({share})")]
    return [one(middle, "Middle slice of the lesion"), one(worst, f"Worst slice ({share})")]


def grey_slice(one: Slice, values: np.ndarray) -> np.ndarray:
    """Return a slice of the image as grey "h w 3" uint8, black and white at the 0.5th and 99.5th percentile of it."""
    shown = one.cut(values)
    low, high = np.percentile(shown, (0.5, 99.5))
    span = float(high - low) or 1.0
    grey = ((shown - low) / span).clip(0, 1) * 255
    return np.repeat(grey.round().astype(np.uint8)[..., None], 3, axis=2)
