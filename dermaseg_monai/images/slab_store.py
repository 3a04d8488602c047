"""A map of voxels in a work file: written and read in slabs across one axis."""

from pathlib import Path

import numpy as np
from jaxtyping import Float32

from dermaseg_monai.errors import DataError
from dermaseg_monai.images.volume_file import Box

_BYTES = np.dtype(np.float32).itemsize


class SlabStore:
    """Float32 "x y z" on disk, 4 bytes a voxel, in which `axis` is the slowest.

    Slabs are appended in order; a box is read by way of the whole slab it lies in, so that only the slab counts.
    """

    def __init__(self, path: Path, shape: tuple[int, int, int], axis: int) -> None:
        self.path, self.shape, self.axis = path, shape, axis
        first, second = (count for other, count in enumerate(shape) if other != axis)
        self._slice = (first, second)
        path.write_bytes(b"")

    @property
    def slice_voxels(self) -> int:
        """Voxels of one slice across the axis."""
        return self._slice[0] * self._slice[1]

    def append(self, slab: Float32[np.ndarray, "x y z"]) -> None:
        """Write the next slab, over the whole of the other axes. Raises: DataError."""
        try:
            with self.path.open("ab") as stream:
                np.ascontiguousarray(np.moveaxis(slab, self.axis, 0), dtype=np.float32).tofile(stream)
        except OSError as error:
            found = f"Cannot write the work file {self.path}: {error.strerror or error}"
            raise DataError(f"{found}. Free some space or choose another folder (--output_dir).") from error

    def read(self, box: Box) -> Float32[np.ndarray, "x y z"]:
        """Read the voxels of a box."""
        along = box[self.axis]
        count = (along.stop - along.start) * self.slice_voxels
        values = np.fromfile(self.path, np.float32, count, offset=along.start * self.slice_voxels * _BYTES)
        whole = np.moveaxis(values.reshape(-1, *self._slice), 0, self.axis)
        rest = [slice(None) if other == self.axis else part for other, part in enumerate(box)]
        return whole[tuple(rest)]
