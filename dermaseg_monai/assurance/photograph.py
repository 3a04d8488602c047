"""A photograph with its reference in memory, and the reader that brings it there."""

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from dermaseg_monai.arrays import BoolMask, RgbImage
from dermaseg_monai.errors import DataError
from dermaseg_monai.files import require_unchanged
from dermaseg_monai.images import is_volume, read_image, read_mask
from dermaseg_monai.manifest import Case, FileRecord

_MEMORY_BYTES = 1 << 30


@dataclass(frozen=True, eq=False)
class Photograph:
    """One case: the picture, as it was taken or disturbed, and the reference on the same grid."""

    case_id: str
    image: RgbImage
    mask: BoolMask


class PhotographReader:
    """Reads cases of a manifest and keeps the last of them, because a stress test comes back to each many times.

    Args:
        folder: where the manifest's paths start.
        memory_bytes: so much decoded pixels are kept.
    """

    def __init__(self, folder: Path, *, memory_bytes: int = _MEMORY_BYTES) -> None:
        self.folder, self.memory_bytes = folder, memory_bytes
        self._kept: OrderedDict[str, Photograph] = OrderedDict()
        self._held_bytes = 0
        self._sound: set[str] = set()

    def __call__(self, case: Case) -> Photograph:
        """Return a case.

        Raises:
            DataError: it is a volume, has no reference, or its files differ from the manifest or from each other.
            ImageError: a file is missing or damaged, or the mask is not binary.
        """
        if case.id not in self._kept:
            self._keep(self._read(case))
        self._kept.move_to_end(case.id)
        return self._kept[case.id]

    def _read(self, case: Case) -> Photograph:
        if is_volume(case.image.path):
            raise DataError(f"Case {case.id} is a volume; stressors disturb photographs.")
        if case.reference is None:
            raise DataError(f"Case {case.id} has no reference mask. Add an annotation with the role `reference`.")
        image = read_image(self._path(case.image)).pixels
        mask = read_mask(self._path(case.reference.mask))
        if mask.shape != image.shape[:2]:
            raise DataError(f"Case {case.id}: the mask has {mask.shape} px, the image {image.shape[:2]}.")
        for record in (case.image, case.reference.mask):
            self._require_unchanged(record)
        return Photograph(case.id, image, mask)

    def _require_unchanged(self, record: FileRecord) -> None:
        if record.path in self._sound:
            return
        require_unchanged(self._path(record), record.sha256)
        self._sound.add(record.path)

    def _keep(self, photograph: Photograph) -> None:
        self._kept[photograph.case_id] = photograph
        self._held_bytes += _bytes(photograph)
        while self._held_bytes > self.memory_bytes and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._held_bytes -= _bytes(oldest)

    def _path(self, record: FileRecord) -> Path:
        return self.folder / record.path


def _bytes(photograph: Photograph) -> int:
    return photograph.image.nbytes + photograph.mask.nbytes
