"""Slices of a volume as pictures: upright, on square pixels, and said where they lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import nibabel as nib
import numpy as np
from jaxtyping import Bool, Float
from nibabel.affines import voxel_sizes
from scipy import ndimage

Volume = Bool[np.ndarray, "x y z"]
Affine = Float[np.ndarray, "4 4"]

_LONG_SIDE_PX: Final = 480
"""A slice of fewer voxels is enlarged to this, so that voxels that are no cubes keep their proportions."""
_RIGHT: Final = {0: "patient left", 1: "posterior"}
_UP: Final = {1: "anterior", 2: "superior"}
_ALIKE: Final = 0.01
"""Steps that differ by less than this share are equal, whatever float32 headers make of them."""


@dataclass(frozen=True)
class Plane:
    """The slices across one axis of a volume, shown as radiologists hold them.

    Attributes:
        axis: of the array, across the slices.
        right: of the array, along the rows of the picture; it ends nearest to the patient's left, or posterior.
        up: of the array, along the columns of the picture; it ends nearest to superior, or anterior.
        backwards: whether the indices of `right` and of `up` fall in that direction.
        steps_mm: size of a voxel along the axes of the array.
        words: the directions in words.
    """

    axis: int
    right: int
    up: int
    backwards: tuple[bool, bool]
    steps_mm: tuple[float, float, float]
    words: str


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
        plane = self.plane
        flat = np.take(values, self.at, axis=plane.axis)
        upright = flat if plane.up < plane.right else flat.T
        if not plane.backwards[1]:
            upright = upright[::-1]
        return upright[:, ::-1] if plane.backwards[0] else upright

    def cut(self, values: np.ndarray) -> np.ndarray:
        """Return the slice on square pixels: a mask by its nearest voxel, other values by linear interpolation."""
        upright = self.voxels(values)
        steps = self.plane.steps_mm[self.plane.up], self.plane.steps_mm[self.plane.right]
        sides_mm = [count * step for count, step in zip(upright.shape, steps, strict=True)]
        pixel_mm = min(*steps, max(sides_mm) / _LONG_SIDE_PX)
        places = [
            (np.arange(max(1, round(side / pixel_mm))) + 0.5) * pixel_mm / step - 0.5
            for side, step in zip(sides_mm, steps, strict=True)
        ]
        if values.dtype == np.bool_:
            rows, columns = (
                np.rint(at).astype(int).clip(0, count - 1) for at, count in zip(places, upright.shape, strict=True)
            )
            return upright[np.ix_(rows, columns)]
        grid = np.meshgrid(*places, indexing="ij")
        return ndimage.map_coordinates(upright.astype(np.float32), grid, order=1, mode="nearest")


def best_plane(affine: Affine) -> Plane:
    """Return the slices with the finest voxels: those across the axis with the largest step.

    Of equal ones it is the axis nearest to head and foot, which gives axial slices. Axial slices are shown from below
    with anterior up, coronal ones from the front, both with the patient's left to the right; sagittal ones with
    anterior to the left. A tilted volume goes by the nearest of these directions.
    """
    x, y, z = (float(step) for step in voxel_sizes(affine))
    steps = (x, y, z)
    towards = nib.io_orientation(affine)
    world = {at: int(towards[at, 0]) for at in range(3)}
    coarsest = [at for at, step in enumerate(steps) if step >= max(steps) * (1 - _ALIKE)]
    axis = max(coarsest, key=lambda at: world[at])
    one, other = (at for at in range(3) if at != axis)
    up, right = (one, other) if world[one] > world[other] else (other, one)
    # the patient's right, anterior and superior are where the world's axes end
    backwards = towards[right, 1] > 0, towards[up, 1] < 0
    words = (
        f"right: {'xyz'[right]} axis, nearest {_RIGHT[world[right]]}; up: {'xyz'[up]} axis, nearest {_UP[world[up]]}"
    )
    return Plane(axis, right, up, (bool(backwards[0]), bool(backwards[1])), steps, words)


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
