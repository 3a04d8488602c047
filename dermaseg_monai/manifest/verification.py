"""Does the data on this disk equal what the manifest says?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, TypeAlias

from dermaseg_monai.errors import ImageError, IntegrityError
from dermaseg_monai.files import sha256_of
from dermaseg_monai.images import read_image, read_mask
from dermaseg_monai.manifest.case import Case, FileRecord, Split
from dermaseg_monai.manifest.data_path import existing_dir
from dermaseg_monai.manifest.manifest import Manifest
from dermaseg_monai.manifest.memory import FileMemory
from dermaseg_monai.manifest.threads import in_threads

ProblemKind: TypeAlias = Literal["missing", "changed", "undecodable", "not_binary", "size", "mask_size"]
_FileKind: TypeAlias = Literal["image", "mask"]


@dataclass(frozen=True)
class Problem:
    """One file that cannot be used as the manifest says; `detail` is a sentence that names it, without full stop.

    missing: no such file; changed: other sha256; undecodable: no picture in it; not_binary: a mask with grey in it;
    size: another size than the manifest's; mask_size: the manifest itself gives mask and image different sizes.
    """

    case_id: str
    path: str
    kind: ProblemKind
    detail: str


@dataclass(frozen=True)
class _Use:
    case_id: str
    record: FileRecord
    kind: _FileKind


def verify(manifest: Manifest, dataset_dir: str | Path, *, splits: Iterable[Split] | None = None) -> list[Problem]:
    """Hash and decode every file of the cases in `splits` (by default all) and return what is wrong.

    A file that was sound and has kept size and time of change since is not read again.

    Raises:
        DataError: `dataset_dir` is no folder.
    """
    folder = existing_dir(dataset_dir)
    chosen = set(splits) if splits is not None else None
    cases = [case for case in manifest.cases if chosen is None or case.split in chosen]
    memory = FileMemory(folder)
    uses = [use for case in cases for use in _uses(case)]
    try:
        found = in_threads(partial(_problem, folder=folder, memory=memory), uses, title=f"Checking {manifest.name}")
    finally:
        memory.save()
    return [problem for case in cases for problem in _size_problems(case)] + [item for item in found if item]


def require_verified(manifest: Manifest, dataset_dir: str | Path, *, splits: Sequence[Split] | None = None) -> None:
    """Return when every file of `splits` (by default all but `excluded`) is as the manifest says.

    Raises:
        IntegrityError: how many files are wrong, and the first of them.
        DataError: `dataset_dir` is no folder.
    """
    chosen: Sequence[Split] = ("train", "val", "test") if splits is None else splits
    problems = verify(manifest, dataset_dir, splits=chosen)
    if not problems:
        return
    total = sum(len(case.files) for case in manifest.cases if case.split in chosen)
    first = problems[0]
    raise IntegrityError(
        f"{len(problems)} of {total} files in {'|'.join(chosen)} are not as manifest {manifest.name} says, first "
        f"case {first.case_id}: {first.detail}. See all with "
        "`dermaseg data verify`; get the files again, or index them as they are with `dermaseg data index`."
    )


def _uses(case: Case) -> list[_Use]:
    masks = [_Use(case.id, annotation.mask, "mask") for annotation in case.annotations]
    return [_Use(case.id, case.image, "image"), *masks]


def _size_problems(case: Case) -> list[Problem]:
    return [
        Problem(case.id, mask.path, "mask_size", f"{mask.path} has size {mask.grid}, its image {case.image.grid}")
        for mask in (annotation.mask for annotation in case.annotations)
        if mask.grid and case.image.grid and mask.grid != case.image.grid
    ]


def _problem(use: _Use, *, folder: Path, memory: FileMemory) -> Problem | None:
    record, path = use.record, folder / use.record.path
    problem = partial(Problem, use.case_id, record.path)
    try:
        stat = path.stat()
        seen = memory.recall(record.path)
        sha256 = seen.sha256 if seen else sha256_of(path)
    except FileNotFoundError:
        return problem("missing", f"{path} does not exist")
    except OSError as error:
        return problem("undecodable", f"{path} cannot be read: {error.strerror}")
    if sha256 != record.sha256:
        return problem("changed", f"{path} has sha256 {sha256[:12]}..., expected {record.sha256[:12]}...")
    if seen and seen.sound_as == use.kind:
        return None
    fault = _content_fault(path, use)
    if fault is None:
        memory.keep(record.path, sha256=sha256, stat=stat, sound_as=use.kind)
        return None
    return problem(*fault)


def _content_fault(path: Path, use: _Use) -> tuple[ProblemKind, str] | None:
    try:
        grid = _decoded_grid(path, use)
    except ImageError as error:
        kind: ProblemKind = "not_binary" if use.kind == "mask" and _is_grey(path) else "undecodable"
        return kind, str(error).removesuffix(".")
    if use.record.grid and grid != use.record.grid:
        return "size", f"{path} has size {grid}, expected {use.record.grid}"
    return None


def _decoded_grid(path: Path, use: _Use) -> tuple[int, ...]:
    if use.kind == "mask":
        return tuple(read_mask(path).shape)
    pixels = read_image(path).pixels
    return tuple(pixels.shape if use.record.shape_vox else pixels.shape[:2])


def _is_grey(path: Path) -> bool:
    try:
        read_mask(path, allow_grey=True)
    except ImageError:
        return False
    return True
