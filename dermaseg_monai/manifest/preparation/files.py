"""The reduced files of one case."""

import errno
import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from dermaseg_monai.errors import DataError, ImageError, IntegrityError
from dermaseg_monai.files import sha256_of
from dermaseg_monai.images import JPEG_SUFFIXES, measure, read_image, read_mask, read_small, write_mask, write_rgb
from dermaseg_monai.images.reduction import reduce_mask, reduce_rgb, reduced_size
from dermaseg_monai.manifest.case import Case, FileRecord

_REDUCTION: Final = 2
"""A JPEG is decoded at no less than so many times the size wanted; the rest is done by the resampling filter."""

_OWN_ERRORS: Final = (errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ)
"""What the id of a case, as a file name, can cause; every other error of the disk meets the other cases too."""


@dataclass(frozen=True)
class Fault:
    """A case that could not be prepared, and the sentence that says why."""

    case_id: str
    detail: str


def prepare_files(case: Case, *, source: Path, out: Path, short_side_px: int) -> tuple[FileRecord, ...] | Fault:
    """Write image and masks of a case below `out` and return their records, image first.

    A JPEG that is reduced stays a JPEG (quality 95, full colour resolution). Any other image, and one that is small
    enough already, becomes a PNG with exactly its pixels. Masks become PNG of 0 and 255 at the size of their image.

    Raises:
        DataError: `out` cannot be written.
    """
    try:
        return _prepared(case, source, out, short_side_px)
    except (ImageError, IntegrityError) as error:
        return Fault(case.id, str(error))
    except MemoryError:
        return Fault(case.id, f"There is not enough memory to make {case.image.path} smaller.")
    except DataError as error:
        if isinstance(error.__cause__, OSError) and error.__cause__.errno in _OWN_ERRORS:
            return Fault(case.id, str(error))
        raise


def with_files(case: Case, files: tuple[FileRecord, ...]) -> Case:
    """Return the case with other files, image first; what an annotation replaces is named by its new path."""
    image, *masks = files
    moved = {annotation.mask.path: mask.path for annotation, mask in zip(case.annotations, masks, strict=True)}
    annotations = tuple(
        replace(annotation, mask=mask, replaces=moved.get(annotation.replaces or "", annotation.replaces))
        for annotation, mask in zip(case.annotations, masks, strict=True)
    )
    return replace(case, image=image, annotations=annotations)


def shard(case_id: str) -> str:
    """Return one of 256 folder names, the same for an id everywhere."""
    return hashlib.sha256(case_id.encode()).hexdigest()[:2]


def _prepared(case: Case, source: Path, out: Path, short_side_px: int) -> tuple[FileRecord, ...]:
    for record in case.files:
        _require_unchanged(source / record.path, record)
    path = source / case.image.path
    height, width = measure(path)
    size_px = reduced_size((height, width), short_side_px)
    is_reduced = size_px != (height, width)
    if is_reduced:
        rgb = reduce_rgb(read_small(path, least_px=_REDUCTION * short_side_px), size_px)
    else:
        rgb = read_image(path).pixels
    suffix = ".jpg" if is_reduced and path.suffix.lower() in JPEG_SUFFIXES else ".png"
    # masks are made before anything is written, so that a bad one leaves no image behind
    masks = [_reduced_mask(source / record.path, (height, width), size_px) for record in case.files[1:]]
    image_path = f"images/{shard(case.id)}/{case.id}{suffix}"
    write_rgb(out / image_path, rgb)
    original = case.image.original_size_px or (height, width)
    records = [replace(_record(out, image_path, size_px), original_size_px=original)]
    for number, mask in enumerate(masks, start=1):
        folder = "masks" if number == 1 else f"masks_{number}"
        mask_path = f"{folder}/{shard(case.id)}/{case.id}.png"
        write_mask(out / mask_path, mask)
        records.append(_record(out, mask_path, size_px))
    return tuple(records)


def _require_unchanged(path: Path, record: FileRecord) -> None:
    try:
        sha256 = sha256_of(path)
    except FileNotFoundError as error:
        raise IntegrityError(f"{path} does not exist.") from error
    except OSError as error:
        raise IntegrityError(f"{path} cannot be read: {error.strerror}.") from error
    if sha256 != record.sha256:
        raise IntegrityError(f"{path} has sha256 {sha256[:12]}..., expected {record.sha256[:12]}...")


def _reduced_mask(path: Path, grid: tuple[int, int], size_px: tuple[int, int]) -> np.ndarray:
    mask = read_mask(path)
    if mask.shape != grid:
        raise ImageError(f"{path} has size {mask.shape}, its image {grid}.")
    reduced = reduce_mask(mask, size_px)
    if mask.any() and not reduced.any():
        raise ImageError(f"The lesion of {int(mask.sum())} px in {path} vanishes at {size_px[0]} x {size_px[1]} px.")
    return reduced


def _record(out: Path, path: str, size_px: tuple[int, int]) -> FileRecord:
    try:
        return FileRecord(path, sha256_of(out / path), size_px=size_px)
    except OSError as error:
        raise DataError(f"{out / path} was written and cannot be read: {error.strerror}.") from error
