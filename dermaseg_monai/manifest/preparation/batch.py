"""Make huge originals small once, so that every training reads small files."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from dermaseg_monai.errors import DataError
from dermaseg_monai.images import is_volume
from dermaseg_monai.manifest.case import Case, FileRecord
from dermaseg_monai.manifest.data_path import existing_dir
from dermaseg_monai.manifest.manifest import Manifest
from dermaseg_monai.manifest.origin import Origin
from dermaseg_monai.manifest.preparation.files import Fault, prepare_files, with_files
from dermaseg_monai.manifest.preparation.journal import Journal, held_journal
from dermaseg_monai.manifest.preparation.space import require_space
from dermaseg_monai.manifest.processes import in_processes, usable_cores
from dermaseg_monai.manifest.threads import in_threads
from dermaseg_monai.manifest.verification import verify

MANIFEST: Final = "manifest.json"


@dataclass(frozen=True)
class Prepared:
    """What came of it: the new manifest with its file, how many cases were ready before, and who is not in it."""

    manifest: Manifest
    path: Path
    n_ready: int
    faults: tuple[Fault, ...]


def prepare(
    manifest: Manifest, dataset_dir: str | Path, out: str | Path, *, short_side_px: int, workers: int | None = None
) -> Prepared:
    """Write every image and mask below `out` with its shorter side at `short_side_px`, and a manifest of them.

    The proportions are kept and nothing is enlarged. Ids, splits, groups, attributes and licences stay. What lies in
    `out` already, made of the same originals, is kept. A case that cannot be prepared is left out and named.

    Args:
        manifest: of the originals, which are photographs.
        dataset_dir: where its paths start.
        out: a new folder, or one that an earlier run began.
        short_side_px: rows or columns, whichever are fewer.
        workers: processes at a time; by default one per usable core.

    Raises:
        DataError: volumes, no such folder, not enough space, a folder of other things, or no case could be prepared.
    """
    source, folder = existing_dir(dataset_dir), Path(out).expanduser().absolute()
    _require_photographs(manifest)
    with held_journal(folder, short_side_px=short_side_px) as journal:
        found = in_threads(journal.ready, manifest.cases, title="Looking for what is ready")
        ready = {case.id: files for case, files in zip(manifest.cases, found, strict=True) if files}
        waiting = [case for case in manifest.cases if case.id not in ready]
        require_space(waiting, folder, short_side_px=short_side_px)
        work = partial(prepare_files, source=source, out=folder, short_side_px=short_side_px)
        made, faults = _make(work, waiting, journal, title=f"Preparing {manifest.name}", workers=workers)
        small, more = _verified(manifest, {**ready, **made}, folder)
        faults = sorted([*faults, *more], key=lambda fault: fault.case_id)
        if not small:
            raise DataError(f"None of the {len(manifest.cases)} cases can be prepared, first {_first(faults)}")
        new = replace(
            manifest,
            name=f"{manifest.name}_{short_side_px}px",
            cases=tuple(small),
            prepared_from=Origin(
                manifest.name, manifest.digest, short_side_px, tuple(fault.case_id for fault in faults)
            ),
        )
        new.save(folder / MANIFEST)
    return Prepared(new, folder / MANIFEST, len(ready), tuple(faults))


def _make(
    work: "partial[tuple[FileRecord, ...] | Fault]",
    cases: Sequence[Case],
    journal: Journal,
    *,
    title: str,
    workers: int | None,
) -> tuple[dict[str, tuple[FileRecord, ...]], list[Fault]]:
    made: dict[str, tuple[FileRecord, ...]] = {}
    faults: list[Fault] = []
    n_workers = min(workers or usable_cores(), max(1, len(cases)))
    for case, result in in_processes(work, cases, title=title, workers=n_workers):
        if result is None:
            detail = f"The process that read {case.image.path} died: memory ran out, or the file crashes its decoder."
            faults.append(Fault(case.id, detail))
        elif isinstance(result, Fault):
            faults.append(result)
        else:
            journal.add(case, result)
            made[case.id] = result
    return made, faults


def _verified(
    manifest: Manifest, files: dict[str, tuple[FileRecord, ...]], folder: Path
) -> tuple[list[Case], list[Fault]]:
    """Return the reduced cases whose files are as they were written, and the others as faults."""
    cases = [with_files(case, files[case.id]) for case in manifest.cases if case.id in files]
    if not cases:
        return [], []
    wrong = {problem.case_id: problem for problem in verify(replace(manifest, cases=tuple(cases)), folder)}
    faults = [Fault(name, f"Its reduced file is not as written: {problem.detail}.") for name, problem in wrong.items()]
    return [case for case in cases if case.id not in wrong], faults


def _require_photographs(manifest: Manifest) -> None:
    volumes = [case.id for case in manifest.cases if any(is_volume(record.path) for record in case.files)]
    if volumes:
        raise DataError(
            f"{len(volumes)} cases of {manifest.name} are volumes, first {volumes[0]}. Only photographs are made "
            "smaller; train on the volumes as they are."
        )


def _first(faults: Sequence[Fault]) -> str:
    return f"{faults[0].case_id}: {faults[0].detail}"
