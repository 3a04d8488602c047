"""What the dataset.json of a task of the Medical Segmentation Decathlon says."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeGuard, cast

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest.canonical_name import canonical_name
from dermaseg_monai.manifest.case import ID, Split
from dermaseg_monai.manifest.data_path import is_inside, is_plain
from dermaseg_monai.manifest.table import image_id

TASK_FILE: Final = "dataset.json"

LIST_KEYS: Final[dict[str, Split]] = {"training": "train", "validation": "val", "test": "test"}
"""The lists of a data list, and the splits they stand for."""

# newer data lists of MONAI call the images without a label so
_LISTS: Final[dict[str, Split]] = {**LIST_KEYS, "testing": "test"}
_MOST_DIGITS: Final = 10  # no type that NIfTI has for whole voxels counts further in practice
_JUNK: Final = "._"  # what macOS leaves beside the files it packs


@dataclass(frozen=True)
class Item:
    """One line of a list: an image with its label, both below the task's folder; a test image may have none."""

    id: str
    image: Path
    label: Path | None
    split: Split
    lesion_id: str | None = None
    patient_id: str | None = None
    group: str | None = None


@dataclass(frozen=True)
class Task:
    """A task: its name, release, licence and source, what the values of its labels mean, and its lists.

    `junk` counts the files of macOS (`._*`) that the lists name; they are no images.
    """

    name: str
    release: str
    licence: str | None
    reference: str | None
    labels: Mapping[int, str]
    items: tuple[Item, ...]
    junk: int

    def count(self, split: Split) -> int:
        """Return how many items the lists have for a split."""
        return sum(item.split == split for item in self.items)


def is_decathlon(data: object) -> TypeGuard[dict[str, Any]]:
    """Say whether the content of a JSON file is a data list of the Decathlon, and not a manifest."""
    return "schema" not in _table(data) and any(isinstance(_table(data).get(key), list) for key in _LISTS)


def task_of(data: Mapping[str, Any], file: Path) -> Task:
    """Return what a dataset.json says, checked; the licence may be spelt either way, and so may the release.

    Raises:
        DataError: several modalities, labels of another form, a line that is no file, a path that leaves the folder, or
            values nested too deeply to be shown.
    """
    try:
        return _task(data, file)
    except RecursionError:
        raise DataError(f"{file} is nested too deeply to be a data list. Take the file from the release.") from None


def _task(data: Mapping[str, Any], file: Path) -> Task:
    _require_one_modality(data, file)
    lines: list[tuple[object, Split]] = [
        (line, split) for key, split in _LISTS.items() for line in _list(data, key, file)
    ]
    junk = [line for line, _ in lines if Path(_image_of(line, file)).name.startswith(_JUNK)]
    items = tuple(_item(line, split, file) for line, split in lines if line not in junk)
    if not items:
        raise DataError(f"{file} lists no image in {', '.join(LIST_KEYS)}. Take the file from the release.")
    return Task(
        name=str(data.get("name") or file.parent.name or "task"),
        # released tasks spell it so too
        release=str(data.get("release") or data.get("relase") or "1"),
        licence=_text(data.get("licence") or data.get("license")),
        reference=_text(data.get("reference")),
        labels=_labels(data.get("labels"), file),
        items=items,
        junk=len(junk),
    )


def _table(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _list(data: Mapping[str, Any], key: str, file: Path) -> list[object]:
    found = data.get(key)
    if found is not None and not isinstance(found, list):
        raise DataError(f"{file}: {key} is {str(found)[:80]!r}, and no list of images. Take the file from the release.")
    return cast("list[object]", found or [])


def _require_one_modality(data: Mapping[str, Any], file: Path) -> None:
    names = [str(name) for name in _table(data.get("modality")).values()]
    if len(names) > 1:
        raise DataError(
            f"{file} has {len(names)} modalities ({', '.join(names)}) in one 4D image; one value per voxel is read. "
            "Save one of them as volumes of their own, and list those under one modality."
        )


def _labels(labels: object, file: Path) -> dict[int, str]:
    found = _table(labels)
    if (labels is not None and not found) or not all(map(_is_label, found)):
        raise DataError(f'{file}: labels is not of the form {{"0": "background", "1": "lesion"}}. Write it so.')
    return {int(value): str(name) for value, name in found.items()}


def _is_label(value: str) -> bool:
    return value.isdecimal() and len(value) <= _MOST_DIGITS


def _image_of(line: object, file: Path) -> str:
    image, label = _table(line).get("image", line), _table(line).get("label")
    if not isinstance(image, str) or not (label is None or isinstance(label, str)):
        raise DataError(
            f'{file}: the line {str(line)[:80]} is neither a path nor {{"image": path, "label": path}}. '
            "One volume per image is read."
        )
    return image


def _item(line: object, split: Split, file: Path) -> Item:
    about, image = _table(line), _image_of(line, file)
    name, label = str(about.get("case_id") or image_id(image)), about.get("label")
    if not ID.fullmatch(name):
        raise DataError(f"{file}: {name!r} names output files, so it holds no slash and begins with no dot. Rename it.")
    if label is None and split != "test":
        raise DataError(f"{file}: {image} has no label, and only test images may lack one. Add it or list it in test.")
    return Item(
        name,
        _below(image, file),
        None if label is None else _below(label, file),
        split,
        _name(about.get("lesion_id")),
        _name(about.get("patient_id")),
        _name(about.get("group")),
    )


def _below(path: str, file: Path) -> Path:
    # an absolute path below the folder is what `dermaseg data datalist` writes
    relative = path.removeprefix(f"{file.parent.as_posix()}/")
    if not is_inside(relative):
        raise DataError(f"{file} names the file {path!r}, which leaves {file.parent}. Move it there, make it relative.")
    if not is_plain(relative):
        raise DataError(f"{file} names the file {path!r}, which is no plain text. Rename the file.")
    return file.parent / relative


def _name(value: object) -> str | None:
    return canonical_name(_text(value) or "") or None


def _text(value: object) -> str | None:
    # the export writes "unknown" where a manifest says nothing
    return str(value).strip() if value not in (None, "", "unknown") else None
