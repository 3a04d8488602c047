"""Read and write NIfTI volumes in nibabel's x, y, z order, with their affine."""

import math
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.affines import voxel_sizes

from dermaseg_monai.errors import ImageError
from dermaseg_monai.files import replacing
from dermaseg_monai.images.memory import enough_memory, one_at_a_time
from dermaseg_monai.images.picture import MAX_VOXELS, VOLUME_SUFFIXES, Picture
from dermaseg_monai.images.stored_volume import READ_ERRORS, StoredVolume, open_volume, unreadable

_SPATIAL = 3
_FLAT_MM3 = 1e-12  # a voxel of a ten-thousandth of a millimetre is still one
_WIDEST_MM = 5000.0  # no patient is longer; a spacing in micrometres taken for mm is found by it


def is_volume(path: str | Path) -> bool:
    """Say whether the file name is that of a NIfTI volume."""
    return str(path).lower().endswith(VOLUME_SUFFIXES)


def read_volume(path: Path) -> Picture:
    """Read a volume as float32 "x y z" with spacing in mm, affine and header. Raises: ImageError."""
    volume = open_volume(path)
    grid = volume_grid(volume, path)
    require_place(volume, path)
    with enough_memory(path), one_at_a_time(math.prod(grid)):
        pixels = _pixels(volume, path).reshape(grid)
        lost = pixels.size - int(np.isfinite(pixels).sum())
    if lost:
        raise no_numbers(path, lost, pixels.size)
    spacing_mm = tuple(float(step) for step in voxel_sizes(volume.affine))  # the header's own may be another
    return Picture(pixels, spacing_mm, volume.affine, volume.header)


def _pixels(volume: StoredVolume, path: Path) -> np.ndarray:
    try:
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is counted
            return np.asarray(volume.voxels, dtype=np.float32)
    except READ_ERRORS as error:
        raise unreadable(path, error) from error


def volume_size(path: Path) -> tuple[int, int, int]:
    """Return the number of voxels along x, y, z from the header alone. Raises: ImageError."""
    return volume_grid(open_volume(path), path)


def volume_affine(path: Path) -> np.ndarray:
    """Return where the voxels lie, 4 x 4 to mm, from the header alone. Raises: ImageError."""
    volume = open_volume(path)
    require_place(volume, path)
    return volume.affine


def write_volume(path: Path, values: np.ndarray, like: Picture | None) -> None:
    """Write values with the affine and geometry of `like`; its free text and extensions stay behind (patient names)."""
    header, affine = nib.Nifti1Header(), np.eye(4)
    if like is not None and like.affine is not None and like.header is not None:
        affine, header = like.affine, geometry_of(like.header)
    with replacing(path) as temporary:
        nib.save(nib.Nifti1Image(values, affine, header, dtype=values.dtype), temporary)


def volume_texts(path: Path) -> tuple[str, ...]:
    """Return the free texts of the header (description, data base, intent, other file). Raises: ImageError."""
    header = open_volume(path).header
    names = ("descrip", "db_name", "intent_name", "aux_file")
    return tuple(bytes(header[name].item()).decode("utf-8", "replace") for name in names if name in header.keys())  # noqa: SIM118 (a header iterates over values)


def geometry_of(header: nib.Nifti1Header) -> nib.Nifti1Header:
    """Return a new header with units, qform and sform of another, and nothing else of it."""
    plain = nib.Nifti1Header()
    plain.set_xyzt_units(*header.get_xyzt_units())
    plain.set_qform(header.get_qform(), code=int(header["qform_code"]))
    plain.set_sform(header.get_sform(), code=int(header["sform_code"]))
    return plain


def volume_grid(volume: StoredVolume, path: Path, *, most_voxels: int = MAX_VOXELS) -> tuple[int, int, int]:
    """Return the number of voxels along x, y, z. Raises: ImageError (not three axes, none or too many voxels)."""
    shape = volume.shape
    x, y, z = (*shape[:_SPATIAL], 1, 1, 1)[:_SPATIAL]
    if min(x, y, z, *shape) < 1:
        raise ImageError(f"{path} has shape {shape}, so no voxel. Export the volume again or leave it out.")
    if math.prod(shape[_SPATIAL:]) != 1:
        raise ImageError(f"{path} has shape {shape}; three axes were expected. Save one volume per file.")
    if x * y * z > most_voxels:
        raise ImageError(f"{path} is too large ({x} x {y} x {z} voxels); at most {most_voxels:,} are read.")
    return x, y, z


def require_place(volume: StoredVolume, path: Path) -> None:
    """Raise ImageError where spacing or affine leave no room for a voxel, or the volume is longer than a patient."""
    affine, spacing_mm = volume.affine, volume.stored_mm[:_SPATIAL]
    known = np.nan_to_num(affine[:_SPATIAL, :_SPATIAL], posinf=0, neginf=0)
    with np.errstate(all="ignore"):  # what overflows is no size either, and is refused below
        voxel_mm3 = float(abs(np.linalg.det(known)))
    sound = all(np.isfinite(step) and step > 0 for step in spacing_mm)
    if not (sound and np.isfinite(affine).all() and voxel_mm3 >= _FLAT_MM3):
        steps = " x ".join(f"{step:g}" for step in spacing_mm)
        raise ImageError(
            f"{path} has a spacing of {steps} mm and a voxel of {voxel_mm3:g} mm³ by its affine; all must be above 0. "
            "Set pixdim and the affine from the scanner's export and save it again."
        )
    voxels = (*volume.shape[:_SPATIAL], 1, 1, 1)[:_SPATIAL]
    with np.errstate(all="ignore"):
        longest_mm = float((np.linalg.norm(affine[:_SPATIAL, :_SPATIAL], axis=0) * voxels).max())
    if not longest_mm <= _WIDEST_MM:  # nor NaN
        raise ImageError(
            f"{path} is {longest_mm:,.0f} mm long by its affine; at most {_WIDEST_MM:,.0f} mm are read. "
            "Is its spacing in micrometres? Write it in mm and save the volume again."
        )


def no_numbers(path: Path, lost: int, voxels: int) -> ImageError:
    """Return the error for voxels that are NaN or infinite."""
    return ImageError(
        f"{path} holds {lost:,} voxels of {voxels:,} that are no number (NaN or infinite). "
        "Replace them, by the value of air say, and save the volume again."
    )
