"""Read and write NIfTI volumes in nibabel's x, y, z order, with their affine."""

import logging
import zlib
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel import imageglobals
from nibabel.filebasedimages import ImageFileError
from nibabel.openers import ImageOpener
from nibabel.spatialimages import HeaderDataError

from dermaseg_monai.errors import ImageError
from dermaseg_monai.files import replacing
from dermaseg_monai.images.picture import MAX_VOXELS, VOLUME_SUFFIXES, Picture

# nibabel mends a header that is wrong and says so on stderr; here it is refused, in one line
imageglobals.logger.setLevel(logging.CRITICAL)
READ_ERRORS = (ImageFileError, HeaderDataError, OSError, EOFError, ValueError, zlib.error)
"""What nibabel and gzip raise for a file that is damaged."""
_SPATIAL = 3
_FLAT_MM3 = 1e-12  # a voxel of a ten-thousandth of a millimetre is still one
_WIDEST_MM = 5000.0  # no patient is longer; a spacing in micrometres taken for mm is found by it


def is_volume(path: str | Path) -> bool:
    """Say whether the file name is that of a NIfTI volume."""
    return str(path).lower().endswith(VOLUME_SUFFIXES)


def read_volume(path: Path) -> Picture:
    """Read a volume as float32 "x y z" with spacing in mm, affine and header. Raises: ImageError."""
    image = open_volume(path)
    grid = volume_grid(image, path)
    require_place(image, path)
    try:
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is counted below
            pixels = np.asarray(image.dataobj, dtype=np.float32).reshape(grid)
    except READ_ERRORS as error:
        raise unreadable(path, error) from error
    lost = pixels.size - int(np.isfinite(pixels).sum())
    if lost:
        raise no_numbers(path, lost, pixels.size)
    spacing_mm = tuple(float(step) for step in image.header.get_zooms()[:_SPATIAL])
    return Picture(pixels, spacing_mm, np.array(image.affine), image.header)


def volume_size(path: Path) -> tuple[int, int, int]:
    """Return the number of voxels along x, y, z from the header alone. Raises: ImageError."""
    return volume_grid(open_volume(path), path)


def volume_affine(path: Path) -> np.ndarray:
    """Return where the voxels lie, 4 x 4 to mm, from the header alone. Raises: ImageError."""
    image = open_volume(path)
    require_place(image, path)
    return np.array(image.affine)


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


def open_volume(path: Path, *, mmap: bool = True) -> nib.Nifti1Image:
    """Read the header of a volume; the voxels stay on disk. Raises: ImageError."""
    try:
        image = nib.load(path, mmap=mmap)
    except FileNotFoundError as error:
        raise ImageError(f"{path} does not exist. Check dataset_dir and the path in the manifest.") from error
    except READ_ERRORS as error:
        raise unreadable(path, error) from error
    if not isinstance(image, nib.Nifti1Image) or np.dtype(image.get_data_dtype()).kind not in "biuf":
        raise ImageError(f"{path} is not a NIfTI volume of single values. Save one value per voxel as .nii.gz.")
    return image


def volume_grid(image: nib.Nifti1Image, path: Path, *, most_voxels: int = MAX_VOXELS) -> tuple[int, int, int]:
    """Return the number of voxels along x, y, z. Raises: ImageError (not three axes, none or too many voxels)."""
    shape = image.shape
    x, y, z = (*shape[:_SPATIAL], 1, 1, 1)[:_SPATIAL]
    if np.prod(shape[_SPATIAL:], dtype=np.int64) != 1:
        raise ImageError(f"{path} has shape {shape}; three axes were expected. Save one volume per file.")
    if x * y * z == 0:
        raise ImageError(f"{path} has shape {shape}, so no voxel. Export the volume again or leave it out.")
    if x * y * z > most_voxels:
        raise ImageError(f"{path} is too large ({x} x {y} x {z} voxels); at most {most_voxels:,} are read.")
    return x, y, z


def require_place(image: nib.Nifti1Image, path: Path) -> None:
    """Raise ImageError where spacing or affine leave no room for a voxel, or the volume is longer than a patient."""
    affine, spacing_mm = np.asarray(image.affine), _stored_spacing_mm(image, path)
    known = np.nan_to_num(affine[:_SPATIAL, :_SPATIAL], posinf=0, neginf=0)
    voxel_mm3 = float(abs(np.linalg.det(known)))
    sound = all(np.isfinite(step) and step > 0 for step in spacing_mm)
    if not (sound and np.isfinite(affine).all() and voxel_mm3 >= _FLAT_MM3):
        steps = " x ".join(f"{step:g}" for step in spacing_mm)
        raise ImageError(
            f"{path} has a spacing of {steps} mm and a voxel of {voxel_mm3:g} mm³ by its affine; all must be above 0. "
            "Set pixdim and the affine from the scanner's export and save it again."
        )
    voxels = (*image.shape[:_SPATIAL], 1, 1, 1)[:_SPATIAL]
    longest_mm = float((np.linalg.norm(affine[:_SPATIAL, :_SPATIAL], axis=0) * voxels).max())
    if longest_mm > _WIDEST_MM:
        raise ImageError(
            f"{path} is {longest_mm:,.0f} mm long by its affine; at most {_WIDEST_MM:,.0f} mm are read. "
            "Is its spacing in micrometres? Write it in mm and save the volume again."
        )


def _stored_spacing_mm(image: nib.Nifti1Image, path: Path) -> tuple[float, ...]:
    """Return the spacing as the file has it; nibabel makes 1 of a 0. An axis that is not there has none."""
    try:
        with ImageOpener(str(path)) as stream:
            header = image.header_class.from_fileobj(stream, check=False)
    except READ_ERRORS as error:
        raise unreadable(path, error) from error
    # the sign of a spacing means nothing: the affine says which way an axis runs
    axes = min(_SPATIAL, len(image.shape))
    return tuple(abs(float(step)) for step in header["pixdim"][1 : axes + 1])


def no_numbers(path: Path, lost: int, voxels: int) -> ImageError:
    """Return the error for voxels that are NaN or infinite."""
    return ImageError(
        f"{path} holds {lost:,} voxels of {voxels:,} that are no number (NaN or infinite). "
        "Replace them, by the value of air say, and save the volume again."
    )


def unreadable(path: Path, error: Exception) -> ImageError:
    """Return the error for a file that cannot be read."""
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return ImageError(f"Cannot read {path}: {reason}. The file is cut short or damaged; copy it again or leave it out.")
