"""Does the data on this disk equal what the manifest says?"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from dermaseg_monai.errors import ImageError, IntegrityError
from dermaseg_monai.files import sha256_of
from dermaseg_monai.images import read_image, read_mask
from dermaseg_monai.manifest.belonging import belonging_problems
from dermaseg_monai.manifest.case import Case, FileRecord, Split
from dermaseg_monai.manifest.data_path import existing_dir
from dermaseg_monai.manifest.manifest import Manifest
from dermaseg_monai.manifest.memory import Facts, FileMemory
from dermaseg_monai.manifest.problem import Problem, ProblemKind
from dermaseg_monai.manifest.threads import in_threads

FileKind: TypeAlias = Literal["image", "mask"]


@dataclass(frozen=True)
class Study:
    """What to find out about the pixels of sound files while they are there; remembered with the file under `name`.

    Another name makes old answers void.
    """

    name: str
    facts: Callable[[FileKind, np.ndarray], Facts]

    def answered(self, facts: Facts | None) -> bool:
        """Say whether these are facts of this study."""
        return facts is not None and facts.get("study") == self.name

    def __call__(self, kind: FileKind, pixels: np.ndarray) -> Facts:
        """Return the facts and whose they are."""
        return {"study": self.name, **self.facts(kind, pixels)}


@dataclass(frozen=True)
class Use:
    """A file in its place in a case."""

    case_id: str
    record: FileRecord
    kind: FileKind


@dataclass(frozen=True)
class Look:
    """What came of looking at a file: a problem, or what the study says of it (None without one)."""

    use: Use
    problem: Problem | None = None
    facts: Facts | None = None


def verify(manifest: Manifest, dataset_dir: str | Path, *, splits: Iterable[Split] | None = None) -> list[Problem]:
    """Hash and decode every file of the cases in `splits` (by default all) and return what is wrong.

    A file that was sound and has not changed since (size, times, inode) is not read again.

    Raises:
        DataError: `dataset_dir` is no folder.
    """
    chosen = set(splits) if splits is not None else None
    cases = [case for case in manifest.cases if chosen is None or case.split in chosen]
    looks = look_at(cases, dataset_dir, title=f"Checking {manifest.name}", study=None)
    found = [look.problem for look in looks if look.problem]
    return [*belonging_problems(manifest, cases, dataset_dir, faulty=found), *found]


def look_at(cases: Sequence[Case], dataset_dir: str | Path, *, title: str, study: Study | None) -> list[Look]:
    """Look at every file of the cases, several at a time, image before masks, and remember what was found.

    Raises:
        DataError: `dataset_dir` is no folder.
    """
    folder = existing_dir(dataset_dir)
    memory = FileMemory(folder)
    uses = [use for case in cases for use in _uses(case)]
    try:
        return in_threads(partial(_look, folder=folder, memory=memory, study=study), uses, title=title)
    finally:
        memory.save()


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
    if len(problems) == total and all(problem.kind == "missing" for problem in problems):
        raise IntegrityError(
            f"None of the {total} files in {'|'.join(chosen)} of manifest {manifest.name} is in {dataset_dir}, first "
            f"case {first.case_id}: {first.detail}. Give the folder that its paths start from: --dataset_dir DIR."
        )
    raise IntegrityError(
        f"{len(problems)} of {total} files in {'|'.join(chosen)} are not as manifest {manifest.name} says, first "
        f"case {first.case_id}: {first.detail}. See all with "
        "`dermaseg data verify`; get the files again, or index them as they are with `dermaseg data index`."
    )


def _uses(case: Case) -> list[Use]:
    masks = [Use(case.id, annotation.mask, "mask") for annotation in case.annotations]
    return [Use(case.id, case.image, "image"), *masks]


def _look(use: Use, *, folder: Path, memory: FileMemory, study: Study | None) -> Look:
    record, path = use.record, folder / use.record.path
    problem = partial(Problem, use.case_id, record.path)
    try:
        stat = path.stat()
        seen = memory.recall(record.path)
        sha256 = seen.sha256 if seen else sha256_of(path)
    except FileNotFoundError:
        return Look(use, problem("missing", f"{path} does not exist"))
    except OSError as error:
        return Look(use, problem("undecodable", f"{path} cannot be read: {error.strerror}"))
    if sha256 != record.sha256:
        return Look(use, problem("changed", f"{path} has sha256 {sha256[:12]}..., expected {record.sha256[:12]}..."))
    if seen and seen.sound_as == use.kind and (study is None or study.answered(seen.facts)):
        return Look(use, facts=seen.facts)
    look = _look_inside(use, path, study)
    if look.problem is None:
        memory.keep(record.path, sha256=sha256, stat=stat, sound_as=use.kind, facts=look.facts)
    return look


def _look_inside(use: Use, path: Path, study: Study | None) -> Look:
    record, problem = use.record, partial(Problem, use.case_id, use.record.path)
    try:
        pixels = _decoded(path, use.kind)
    except ImageError as error:
        kind: ProblemKind = "not_binary" if use.kind == "mask" and _is_grey(path) else "undecodable"
        return Look(use, problem(kind, str(error).removesuffix(".")))
    grid = pixels.shape if use.kind == "mask" or record.shape_vox else pixels.shape[:2]
    if record.grid and grid != record.grid:
        return Look(use, problem("size", f"{path} has size {grid}, expected {record.grid}"))
    return Look(use, facts=study(use.kind, pixels) if study else None)


def _decoded(path: Path, kind: FileKind) -> np.ndarray:
    return read_mask(path) if kind == "mask" else read_image(path).pixels


def _is_grey(path: Path) -> bool:
    try:
        read_mask(path, allow_grey=True)
    except ImageError:
        return False
    return True
