"""A volume that stays on the disk: it is read block by block."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nibabel as nib
import numpy as np
from jaxtyping import Float, Float32

from dermaseg_monai.errors import ImageError
from dermaseg_monai.images.stored_volume import READ_ERRORS, open_volume, unreadable
from dermaseg_monai.images.unpacking import unpacked
from dermaseg_monai.images.volumes import is_volume, no_numbers, require_place, volume_grid

MAX_DISK_VOXELS = 32_000_000_000
"""A volume with more voxels is refused on disk too: predictions of it would fill 160 GB before they are packed."""

BLOCK_VOXELS = 4_000_000
"""So many voxels are held at a time where a task can be cut; five slices of a volume where these are more."""

Box = tuple[slice, slice, slice]
"""Voxels from start to stop along x, y, z."""


class VolumeFile:
    """An uncompressed NIfTI volume of which blocks are read; use `volume_on_disk`, which takes .nii.gz too.

    `shape`, `affine` (voxel to mm) and `header` are those of the file. Blocks are read, not mapped into memory, so that
    what was read before does not count as memory of the process.

    Raises:
        ImageError: as `read_image`, the limit being MAX_DISK_VOXELS; the file is shorter than its header says.
    """

    def __init__(self, path: Path, *, called: Path | None = None) -> None:
        self.path = called or path
        self._stored = open_volume(path, mmap=False)
        self.shape = volume_grid(self._stored, self.path, most_voxels=MAX_DISK_VOXELS)
        require_place(self._stored, self.path)
        self.affine: Float[np.ndarray, "4 4"] = self._stored.affine
        self.header: nib.Nifti1Header = self._stored.header
        if path.stat().st_size < self._stored.size_bytes:
            raise unreadable(self.path, EOFError("its header promises more voxels than it holds"))

    def read(self, box: Box) -> Float32[np.ndarray, "x y z"]:
        """Read the voxels of a box. Raises: ImageError."""
        axes = len(self._stored.shape)
        index = (*box[:axes], *(0 for _ in range(axes - len(box))))
        try:
            values = np.asarray(self._stored.voxels[index])
        except READ_ERRORS as error:
            raise unreadable(self.path, error) from error
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is counted as no number
            return values.astype(np.float32).reshape([part.stop - part.start for part in box])

    def require_numbers(self) -> None:
        """Read the volume once and raise ImageError where voxels are NaN or infinite."""
        if self._stored.is_whole:
            return
        x, y, z = self.shape
        thickness = max(1, BLOCK_VOXELS // (x * y))
        blocks = (self.read((slice(0, x), slice(0, y), part)) for part in spans(z, thickness))
        if lost := sum(block.size - int(np.isfinite(block).sum()) for block in blocks):
            raise no_numbers(self.path, lost, x * y * z)


@contextmanager
def volume_on_disk(path: Path, scratch: Path) -> Iterator[VolumeFile]:
    """Open a volume for reading by blocks; a .nii.gz, which has no random access, is unpacked into `scratch` meanwhile.

    Raises:
        ImageError: as VolumeFile; no room to unpack; the file unpacks to more than its header says.
    """
    if path.suffix.lower() != ".gz":
        yield VolumeFile(path)
        return
    stored = open_volume(path)
    volume_grid(stored, path, most_voxels=MAX_DISK_VOXELS)
    require_room(scratch, stored.size_bytes, path)
    with unpacked(path, scratch, size_bytes=stored.size_bytes) as plain:
        yield VolumeFile(plain, called=path)


def require_volume(path: Path) -> None:
    """Look at the header of a volume. Raises: ImageError (no volume, or as VolumeFile)."""
    if not is_volume(path):
        raise ImageError(f"{path} is no NIfTI volume. Predict photographs with the inference sheet of another bundle.")
    stored = open_volume(path)
    volume_grid(stored, path, most_voxels=MAX_DISK_VOXELS)
    require_place(stored, path)


def require_room(folder: Path, needed_bytes: int, path: Path) -> None:
    """Raise ImageError where the disk of `folder` has less room than a volume needs."""
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise ImageError(
            f"{path} needs {needed_bytes / 1e9:.1f} GB of work space in {folder.parent}, where {free / 1e9:.1f} GB are "
            "free. Free some space or choose another folder (--output_dir)."
        )


def spans(count: int, thickness: int) -> Iterator[slice]:
    """Cut 0 to `count` into slices of at most `thickness`, in order."""
    return (slice(start, min(start + thickness, count)) for start in range(0, count, thickness))
