"""Is there room for what is to be written?"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.filesize import decimal

from dermaseg_monai.errors import DataError
from dermaseg_monai.images import JPEG_SUFFIXES
from dermaseg_monai.images.reduction import reduced_size
from dermaseg_monai.manifest.case import Case

_JPEG_BYTES_PER_PX: Final = 1.0
_PNG_BYTES_PER_PX: Final = 3.0
_MASK_BYTES_PER_PX: Final = 0.1
"""More than dermoscopy takes (0.3, 1.3, 0.01), and about what noise takes."""


def require_space(cases: Sequence[Case], out: Path, *, short_side_px: int) -> None:
    """Return when the disk has room for the files of these cases.

    Raises:
        DataError: how much is needed and how much is free.
    """
    needed = round(sum(_bytes(case, short_side_px) for case in cases))
    free = shutil.disk_usage(out).free
    if needed > free:
        raise DataError(
            f"{len(cases)} cases need up to {decimal(needed)}, {decimal(free)} are free in {out}. "
            "Free some space or choose another folder (--out)."
        )


def _bytes(case: Case, short_side_px: int) -> float:
    if case.image.size_px is None:
        return 0.0
    size_px = reduced_size(case.image.size_px, short_side_px)
    is_jpeg = case.image.path.lower().endswith(JPEG_SUFFIXES) and size_px != case.image.size_px
    per_px = (_JPEG_BYTES_PER_PX if is_jpeg else _PNG_BYTES_PER_PX) + _MASK_BYTES_PER_PX * len(case.annotations)
    return per_px * size_px[0] * size_px[1]
