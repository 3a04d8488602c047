"""Tasks of the Medical Segmentation Decathlon: a folder with a dataset.json that lists images and labels.

Source: Antonelli et al. 2022, The Medical Segmentation Decathlon, doi:10.1038/s41467-022-30695-9.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.manifest.case import Split
from dermaseg_monai.manifest.decathlon_task import TASK_FILE, Item, Task, is_decathlon, task_of
from dermaseg_monai.manifest.draft import Draft, SetFacts, finish
from dermaseg_monai.manifest.foreground import write_foreground
from dermaseg_monai.manifest.listing import require_root
from dermaseg_monai.manifest.manifest import Manifest
from dermaseg_monai.manifest.schema_check import read_json
from dermaseg_monai.manifest.split import placed, split_by_group

VAL_SHARE: Final = 0.2
"""Part of the training list that serves as validation where a task has none: no task of the Decathlon has."""


def index_decathlon(
    root: str | Path,
    *,
    foreground: Sequence[int] = (),
    val_share: float | None = None,
    test_share: float | None = None,
    allow_partial: bool = False,
) -> Manifest:
    """Index the task in the folder `root`.

    The lists training, validation and test become the splits. Without a validation list `val_share` (by default 0.2) of
    the training list is drawn, in the order of the sha256 of the ids (`split_by_group`). Test images of the Decathlon
    have no labels: they stay in `test` to be predicted, unless `test_share` draws a test side from the training list
    too; then they are `excluded`. `division` says all that.

    `foreground` names the values that are the lesion; needed where the labels have several, whose binary masks are then
    written beside them (`write_foreground`). `allow_partial` leaves out items whose files are missing.

    Raises:
        ConfigError: shares for lists that are there.
        DataError: no dataset.json, or it does not fit (`task_of`); several labels and no `foreground`, or one without a
            name; missing files; and as `finish`.
    """
    file = require_root(root) / TASK_FILE
    if not file.is_file():
        raise DataError(
            f"{file.parent} holds no {TASK_FILE}. Pass the folder of one task, TaskNN_Name say, with --root."
        )
    data = read_json(file)
    if not is_decathlon(data):
        raise DataError(f"{file} has no list of images (training, validation, test). Take the file from the release.")
    return manifest_of_task(
        file,
        data,
        foreground=foreground,
        val_share=val_share,
        test_share=test_share,
        allow_partial=allow_partial,
    )


def manifest_of_task(
    file: Path,
    data: dict[str, Any],
    *,
    foreground: Sequence[int] = (),
    val_share: float | None = None,
    test_share: float | None = None,
    allow_partial: bool = False,
) -> Manifest:
    """Return the manifest of a dataset.json whose content is `data`, as `index_decathlon` does."""
    file = file.expanduser().absolute()
    whole = task_of(data, file)
    task = replace(whole, items=_items_there(whole.items, file, allow_partial=allow_partial))
    _require_lists_undone(task, file, val_share, test_share)
    chosen = _foreground(task, file, foreground)
    labels = [item.label for item in task.items if item.label is not None]
    written = write_foreground(labels, file.parent, values=chosen, names=task.labels) if chosen else {}
    drafts = [_draft(item, task, written, set_aside=bool(test_share)) for item in task.items]
    manifest = finish(drafts, file.parent, SetFacts(task.name, task.release, task.licence))
    if val_share is None and task.count("train") and not task.count("val"):
        val_share = VAL_SHARE
    divided = _divided(manifest, val_share or 0.0, test_share or 0.0)
    return replace(divided, division=_said(task, val_share, test_share, missing=len(whole.items) - len(task.items)))


def _items_there(items: tuple[Item, ...], file: Path, *, allow_partial: bool) -> tuple[Item, ...]:
    missing = {
        item.id: path for item in items for path in (item.label, item.image) if path is not None and not path.is_file()
    }
    if missing and not allow_partial:
        raise DataError(
            f"{len(missing)} of {len(items)} cases of {file} lack a file, first {next(iter(missing.values()))}. "
            "Unpack the task again, or index what is there with --allow-partial."
        )
    return tuple(item for item in items if item.id not in missing)


def _require_lists_undone(task: Task, file: Path, val_share: float | None, test_share: float | None) -> None:
    if val_share and task.count("val"):
        raise ConfigError(f"{file} has a validation list; val_share would undo it. Leave it out.")
    if test_share and any(item.label for item in task.items if item.split == "test"):
        raise ConfigError(f"{file} has a test list with labels; test_share would undo it. Leave it out.")


def _foreground(task: Task, file: Path, asked: Sequence[int]) -> tuple[int, ...]:
    """Return the values to make masks of; none where the labels are masks as they are."""
    structures = {value: name for value, name in sorted(task.labels.items()) if value}
    listed = ", ".join(f"{value} {name}" for value, name in structures.items()) or "none"
    unknown = [value for value in asked if value not in structures]
    if unknown:
        raise DataError(f"{file} names no label {unknown[0]} to be the lesion; it has {listed}. Choose among those.")
    if len(structures) <= 1:
        return ()
    if not asked:
        raise DataError(
            f"{file} has {len(structures)} labels: {listed}. Say which are the lesion and take the manifest in place "
            f"of it: `dermaseg data index decathlon --root {file.parent} --out MANIFEST --foreground "
            f"{','.join(map(str, structures))}`, or fewer of them."
        )
    return tuple(sorted(set(asked)))


def _draft(item: Item, task: Task, written: dict[Path, Path], *, set_aside: bool) -> Draft:
    mask = item.label and written.get(item.label, item.label)
    split = "excluded" if set_aside and item.split == "test" else item.split
    group = {} if item.group is None else {"group": item.group}
    return Draft(item.id, item.image, mask, split, item.lesion_id, item.patient_id, group, attribution=task.reference)


def _divided(manifest: Manifest, val_share: float, test_share: float) -> Manifest:
    if not val_share and not test_share:
        return manifest
    # only the training list is drawn, but what the others tie stays together
    rest: dict[str, Split] = {case.id: case.split for case in manifest.cases if case.split != "train"}
    aside = placed(manifest, dict.fromkeys(rest, "excluded"))
    return placed(split_by_group(aside, val_share=val_share, test_share=test_share), rest)


def _said(task: Task, val_share: float | None, test_share: float | None, *, missing: int) -> str:
    drawn = "of the training list, in the order of the sha256 of the ids"
    bare = sum(item.label is None for item in task.items)
    said = [f"{name} is {share:g} {drawn}" for name, share in (("val", val_share), ("test", test_share)) if share]
    said += ["the rest is as the task lists it"]
    if bare:
        said += [f"{bare} test images have no label" + (" and are excluded" if test_share else "")]
    if task.junk:
        said += [f"{task.junk} files of macOS (._*) were left out"]
    if missing:
        said += [f"{missing} cases without their files were left out"]
    return "; ".join(said)
