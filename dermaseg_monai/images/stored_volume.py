"""A NIfTI volume whose voxels stay on the disk: its header, read without what may stand behind it."""

import logging
import math
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import nibabel as nib
import numpy as np
from nibabel import imageglobals
from nibabel.arrayproxy import ArrayProxy
from nibabel.filebasedimages import ImageFileError
from nibabel.openers import ImageOpener
from nibabel.spatialimages import HeaderDataError

from dermaseg_monai.errors import ImageError
from dermaseg_monai.files import require_regular

# nibabel mends a header that is wrong and says so on stderr; here it is refused, in one line
imageglobals.logger.setLevel(logging.CRITICAL)
READ_ERRORS = (ImageFileError, HeaderDataError, OSError, EOFError, ValueError, OverflowError, zlib.error)
"""What nibabel and gzip raise for a file that is damaged."""

_KINDS: Final = (nib.Nifti1Header, nib.Nifti2Header)
_LONGEST_HEADER: Final = 540
_FURTHEST_VOXEL: Final = 1 << 20
"""Bytes of header and extensions before the voxels; to get behind them a packed file is unpacked from its start."""


@dataclass(frozen=True)
class StoredVolume:
    """What the header of a volume says; `voxels` reads them, scaled.

    `shape` is the file's, of one to seven axes, all as long as it says. `stored_mm` is the spacing as it stands in the
    file, of which nibabel makes 1 where it is 0. Extensions are not read: they hold what programs note, names of
    patients too, and a few kilobytes can unpack to terabytes of them.
    """

    header: nib.Nifti1Header
    affine: np.ndarray
    voxels: ArrayProxy
    stored_mm: tuple[float, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of voxels along every axis."""
        return self.voxels.shape

    @property
    def is_whole(self) -> bool:
        """Say whether voxels are read as the whole numbers that are stored."""
        unscaled: bool = (self.voxels.slope, self.voxels.inter) == (1, 0)
        return unscaled and np.issubdtype(self.header.get_data_dtype(), np.integer)

    @property
    def size_bytes(self) -> int:
        """How long the unpacked file must be at least."""
        proxy: Any = self.voxels
        return int(proxy.offset) + math.prod(self.shape) * np.dtype(proxy.dtype).itemsize


def open_volume(path: Path, *, mmap: bool = True) -> StoredVolume:
    """Read the header of a volume; the voxels stay on disk. Raises: ImageError."""
    try:
        require_regular(path)
        header, stored = _headers(path)
        voxels = ArrayProxy(str(path), header, mmap=mmap)
        affine = np.array(header.get_best_affine())
    except FileNotFoundError as error:
        raise ImageError(f"{path} does not exist. Check dataset_dir and the path in the manifest.") from error
    except READ_ERRORS as error:
        raise unreadable(path, error) from error
    if np.dtype(header.get_data_dtype()).kind not in "biuf":
        raise ImageError(f"{path} is not a NIfTI volume of single values. Save one value per voxel as .nii.gz.")
    # the sign of a spacing means nothing: the affine says which way an axis runs
    stored_mm = tuple(abs(float(step)) for step in stored["pixdim"][1 : len(voxels.shape) + 1])
    return StoredVolume(header, affine, voxels, stored_mm)


def _headers(path: Path) -> tuple[nib.Nifti1Header, nib.Nifti1Header]:
    """Return the header checked, and as it is stored."""
    with ImageOpener(str(path)) as stream:
        block = stream.read(_LONGEST_HEADER)
    for kind in _KINDS:
        if kind.may_contain_header(block):
            head = block[: kind.sizeof_hdr]
            stored = kind(head, check=False)
            _require_near(float(stored["vox_offset"]))
            return kind(head), stored
    raise ImageFileError("it does not begin with a NIfTI header")


def _require_near(offset: float) -> None:
    if not 0 <= offset <= _FURTHEST_VOXEL:  # nor NaN
        raise ImageFileError(f"its voxels begin at byte {offset:g}; 0 to {_FURTHEST_VOXEL:,} are read")


def unreadable(path: Path, error: Exception) -> ImageError:
    """Return the error for a file that cannot be read."""
    said = getattr(error, "strerror", None) or str(error)
    reason = said.splitlines()[0] if said else type(error).__name__
    return ImageError(f"Cannot read {path}: {reason}. The file is cut short or damaged; copy it again or leave it out.")
