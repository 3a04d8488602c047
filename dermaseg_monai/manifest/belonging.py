"""Whether a mask belongs to its image: its size, its place in the patient, its name."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from dermaseg_monai.errors import ImageError
from dermaseg_monai.images import is_volume, require_same_place
from dermaseg_monai.manifest.case import Case, FileRecord
from dermaseg_monai.manifest.listing import MASK_SUFFIXES, names_without
from dermaseg_monai.manifest.manifest import Manifest
from dermaseg_monai.manifest.problem import Problem
from dermaseg_monai.manifest.table import image_id


def belonging_problems(
    manifest: Manifest, cases: Sequence[Case], dataset_dir: str | Path, *, faulty: Iterable[Problem]
) -> Iterator[Problem]:
    """Yield the masks of `cases` that are not their image's: other size, other voxels, the name of another case.

    A swap of two masks on one grid whose names fit is not found: nothing but the picture tells.

    Args:
        manifest: all cases, whose ids are the names that a mask may have by mistake.
        cases: those to check.
        dataset_dir: the folder that paths start from.
        faulty: files with a problem of their own, whose place is not asked for.
    """
    folder, left_out = Path(dataset_dir), {problem.path for problem in faulty}
    ids = {case.id for case in manifest.cases}
    for case in cases:
        for mask in (annotation.mask for annotation in case.annotations):
            if mask.grid and case.image.grid and mask.grid != case.image.grid:
                detail = f"{mask.path} has size {mask.grid}, its image {case.image.grid}"
                yield Problem(case.id, mask.path, "mask_size", detail)
            elif is_volume(mask.path) and not left_out & {mask.path, case.image.path}:
                yield from _place_problem(case, mask, folder)
            yield from _name_problem(case, mask, ids)


def _place_problem(case: Case, mask: FileRecord, folder: Path) -> Iterator[Problem]:
    try:
        require_same_place(folder / case.image.path, folder / mask.path)
    except ImageError as error:
        yield Problem(case.id, mask.path, "mask_place", str(error).removesuffix("."))


def _name_problem(case: Case, mask: FileRecord, ids: set[str]) -> Iterator[Problem]:
    named = _names(mask) & ids
    # one that fits goes before: lesion_1 and lesion_1_mask may both be cases
    if named and case.id not in named and not _names(mask) & _names(case.image):
        words = f"{mask.path} is named after case {min(named)} and is the mask of {case.id}"
        yield Problem(case.id, mask.path, "other_case", words)


def _names(record: FileRecord) -> set[str]:
    return names_without(MASK_SUFFIXES, image_id(record.path))
