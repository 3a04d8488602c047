"""Write a volume that was never whole in memory, slice after slice."""

import gzip
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import nibabel as nib
import numpy as np

from dermaseg_monai.files import replacing
from dermaseg_monai.images.volume_file import VolumeFile
from dermaseg_monai.images.volumes import geometry_of

_LEVEL = 1  # as nibabel packs


class VolumeWriter:
    """Takes the slices of a .nii.gz in the order of the file (z is the slowest axis); see `volume_writer`."""

    def __init__(self, stream: gzip.GzipFile, shape: tuple[int, int, int], dtype: np.dtype) -> None:
        self._stream, self._shape, self._dtype = stream, shape, dtype
        self._written = 0

    def append(self, slices: np.ndarray) -> None:
        """Write the next slices, "x y n"."""
        assert slices.shape[:2] == self._shape[:2], (slices.shape, self._shape)  # noqa: S101 (our own bug)
        self._stream.write(slices.astype(self._dtype, copy=False).tobytes(order="F"))
        self._written += slices.shape[2]

    def require_all(self) -> None:
        """Check that every slice has come."""
        assert self._written == self._shape[2], (self._written, self._shape)  # noqa: S101 (our own bug)


@contextmanager
def volume_writer(path: Path, dtype: type[np.generic], *, like: VolumeFile) -> Generator[VolumeWriter]:
    """Yield a writer of a .nii.gz with the voxels, affine and geometry of `like`; it appears whole or not at all.

    Raises:
        DataError: the file cannot be written.
    """
    kind = np.dtype(dtype)
    # the header is nibabel's own for an image of this shape, whose one value takes no memory
    image = nib.Nifti1Image(
        np.broadcast_to(kind.type(0), like.shape), like.affine, geometry_of(like.header), dtype=kind
    )
    image.header.set_slope_inter(np.nan, np.nan)
    image.header.set_data_offset(image.header.single_vox_offset)
    # without a name and a time the same values are the same bytes
    with (
        replacing(path) as draft,
        draft.open("wb") as packed,
        gzip.GzipFile("", "wb", _LEVEL, packed, mtime=0) as stream,
    ):
        image.header.write_to(stream)
        stream.write(bytes(image.header.single_vox_offset - stream.tell()))
        writer = VolumeWriter(stream, like.shape, kind)
        yield writer
        writer.require_all()
