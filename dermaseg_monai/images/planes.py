"""Slices of a volume: along which axis it is cut, how a slice stands upright, and which slices lie beside it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol, TypeVar, runtime_checkable

import nibabel as nib
import numpy as np
from nibabel.affines import voxel_sizes

from dermaseg_monai.errors import ConfigError, choose_one

UPRIGHT: Final = "LPI"
"""The orientation a volume is brought to before it is cut: its axes then run left, backwards and down the patient."""

PLANES: Final[Mapping[str, int]] = {"sagittal": 0, "coronal": 1, "axial": 2}
"""Plane to the axis (of a volume in the orientation `UPRIGHT`) that its slices are perpendicular to."""

_AXES: Final = 3
_ALIKE: Final = 0.01
"""Steps that differ by less than this share are equal, whatever float32 headers make of them."""


@runtime_checkable
class HasAxes(Protocol):
    """An array of NumPy or of torch."""

    def swapaxes(self, one: int, other: int, /) -> Any:  # noqa: ANN401 (an array of the same kind)
        """Return the array with two axes exchanged."""
        ...


Array = TypeVar("Array", bound=HasAxes)


def cut(volume: Array, plane: str) -> Array:
    """Return a volume "... x y z" in the orientation `UPRIGHT` as its slices, "... slices rows columns".

    Rows run down the patient (axial: backwards), columns to the patient's left (sagittal: backwards), which is how
    radiologists look at slices. Nothing is resampled.

    Raises:
        ConfigError: there is no such plane.
    """
    axis = plane_axis(plane)
    slices = volume.swapaxes(-_AXES, axis - _AXES)
    return slices if axis == PLANES["axial"] else slices.swapaxes(-2, -1)


def join(slices: Array, plane: str) -> Array:
    """Return slices "... slices rows columns" as the volume "... x y z" that `cut` took. Raises: ConfigError."""
    axis = plane_axis(plane)
    volume = slices if axis == PLANES["axial"] else slices.swapaxes(-2, -1)
    return volume.swapaxes(-_AXES, axis - _AXES)


def beside(at: int, count: int, neighbours: int) -> tuple[int, int, int]:
    """Return the slices that stand in the three channels of slice `at`: before, at and after it.

    `neighbours` says how many slices away the outer two are; 0 repeats the slice. At the border of the volume its last
    slice is repeated.
    """
    return max(0, at - neighbours), at, min(count - 1, at + neighbours)


def require_cut(plane: str, neighbours: int) -> None:
    """Refuse what no volume can be cut by. Raises: ConfigError (no such plane, or `neighbours` is negative)."""
    plane_axis(plane)
    if neighbours < 0:
        raise ConfigError(f"neighbours is {neighbours}; 0 repeats a slice, 1 puts the next ones beside it.")


def plane_axis(plane: str) -> int:
    """Return the axis that the slices of a plane are perpendicular to. Raises: ConfigError (no such plane)."""
    if plane not in PLANES:
        raise ConfigError(f"{plane!r} is no plane. {choose_one(plane, PLANES)}")
    return PLANES[plane]


def upright_spacing(affine: np.ndarray) -> tuple[float, float, float]:
    """Return the steps in mm along the axes that a volume has in the orientation `UPRIGHT`."""
    steps = [0.0] * _AXES
    for axis, step in zip(nib.io_orientation(affine)[:, 0], voxel_sizes(affine), strict=True):
        steps[int(axis)] = float(step)
    return steps[0], steps[1], steps[2]


def best_resolved_plane(affines: Sequence[np.ndarray]) -> str:
    """Return the plane whose slices hold the finest voxels: across them the median step is the largest.

    Of equal steps (within 1 %) the axial plane is taken before the coronal and this before the sagittal.
    """
    steps = np.median([upright_spacing(affine) for affine in affines], axis=0)
    coarse = steps >= steps.max() * (1 - _ALIKE)
    return next(plane for plane in reversed(list(PLANES)) if coarse[PLANES[plane]])


def upright(values: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """Return an array "x y z" in the orientation `UPRIGHT`: its axes exchanged and reversed, nothing resampled."""
    return nib.orientations.apply_orientation(values, upright_turn(affine))


def upright_turn(affine: np.ndarray) -> np.ndarray:
    """Return for each axis of an array which one it becomes in `UPRIGHT`, and -1 where it is reversed, else 1."""
    return nib.orientations.ornt_transform(nib.io_orientation(affine), nib.orientations.axcodes2ornt(UPRIGHT))
