"""Plain folders: images, masks, and any number of tables."""

import os
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest.case import SPLITS, Attribute, Split
from dermaseg_monai.manifest.draft import Draft, SetFacts, finish
from dermaseg_monai.manifest.left_outlines import require_endings
from dermaseg_monai.manifest.listing import (
    MASK_SUFFIXES,
    files_below,
    images_by_id,
    masks_by_id,
    names_without,
    require_root,
)
from dermaseg_monai.manifest.manifest import Manifest
from dermaseg_monai.manifest.reader_masks import ReaderMask, reader_masks
from dermaseg_monai.manifest.table import Table, image_id, join_tables

_EXAMPLES: Final = 3
_NO_OUTLINES: Final = "Where they are no outlines, move them, or index what fits with --allow-partial."


@dataclass(frozen=True)
class Columns:
    """Which column of the tables says what; None: nobody says it."""

    split: str | None = None
    lesion: str | None = None
    patient: str | None = None
    group: str | None = None
    licence: str | None = None
    attribution: str | None = None
    attributes: tuple[str, ...] = ()

    @property
    def named(self) -> list[str]:
        """Every column that must be there."""
        single = (self.split, self.lesion, self.patient, self.group, self.licence, self.attribution)
        return [column for column in (*single, *self.attributes) if column is not None]


def index_folder(  # noqa: PLR0913 (one option of the command each)
    root: str | Path,
    *,
    name: str | None = None,
    version: str = "1",
    licence: str | None = None,
    images: str = "images",
    masks: str | None = "masks",
    mask_suffixes: Sequence[str] = MASK_SUFFIXES,
    readers: str | None = None,
    tables: str | Path | Sequence[str | Path] = (),
    id_column: str = "id",
    split_column: str | None = None,
    split: Split = "train",
    lesion_column: str | None = None,
    patient_column: str | None = None,
    group_column: str | None = None,
    licence_column: str | None = None,
    attribution_column: str | None = None,
    attributes: Sequence[str] = (),
    allow_partial: bool = False,
) -> Manifest:
    """Index the images below `root`/`images` with their masks below `root`/`masks` (None: pictures without outlines).

    The id of a case is the stem of its image. Every image needs a row when there are tables, which are joined on
    `id_column`; without `split_column` all cases go into `split`. `group_column` may be any column that joins pictures
    which must stay together; it is kept as the attribute `group`. `licence` names the set's own licence, `name` (by
    default the folder's) the set; `allow_partial` leaves out table rows and masks without an image. `mask_suffixes` is
    what the names of masks add to the ids.

    `readers` is a pattern below `root` (`reader_masks`) of the outlines that several people drew, for example
    `readers/{annotator}/{case}.png` or `masks/{case}_ann-{annotator}.png`; they become annotations of role `reader`.
    The other files of `masks` are the references, which then need not be there.

    Raises:
        ConfigError: a pattern without {case} or {annotator}.
        DataError: outlines that the ending of the pattern leaves out; what does not fit, how much of it, and the first
            file or row.
    """
    folder = require_root(root)
    columns = Columns(
        split_column,
        lesion_column,
        patient_column,
        group_column,
        licence_column,
        attribution_column,
        tuple(attributes),
    )
    table = _table(tables, id_column, columns)
    drawn, others = ([], []) if readers is None else _drawn(folder, readers, images, masks)
    taken = {one.path for one in drawn}
    pairs = _pairs(folder, images, masks, mask_suffixes, taken, allow_partial=allow_partial)
    if not allow_partial:
        _require_owners(drawn, others, pairs, (folder, readers or ""))
    if table is not None:
        _require_rows(table, list(pairs), allow_partial=allow_partial)
    facts = SetFacts(name or folder.name or "folder", version, licence)
    by_case: dict[str, list[ReaderMask]] = defaultdict(list)
    for one in drawn:
        by_case[one.case_id].append(one)
    drafts = _drafts(pairs, table, columns, split)
    return finish([replace(draft, readers=tuple(by_case.get(draft.id, ()))) for draft in drafts], folder, facts)


def _table(tables: str | Path | Sequence[str | Path], id_column: str, columns: Columns) -> Table | None:
    paths = [tables] if isinstance(tables, str | Path) else list(tables)
    if not paths:
        if columns.named:
            raise DataError(f"Columns are named ({', '.join(columns.named)}) but no table is given. Add --table CSV.")
        return None
    table = join_tables(paths, id_column=id_column)
    table.require(columns.named)
    return table


def _drawn(folder: Path, pattern: str, images: str, masks: str | None) -> tuple[list[ReaderMask], list[Path]]:
    """Return what readers drew, and the other files where the pattern looks.

    It does not look among the images and the references, unless it leads there.
    """
    place = folder / pattern.partition("{")[0].rpartition("/")[0]
    parts = [_place(folder, images, "--images"), *([] if masks is None else [_place(folder, masks, "--masks")])]
    apart = [part for part in parts if not place.is_relative_to(part)]
    if not place.is_dir():
        raise DataError(f"There is no folder {place}, where --readers {pattern!r} leads. Correct the pattern.")
    below = files_below(place) if place.is_relative_to(folder) and ".." not in Path(pattern).parts else []
    files = [path for path in below if not any(path.is_relative_to(part) for part in apart)]
    found, others = reader_masks(folder, files, pattern, option="--readers")
    if not found:
        require_endings(folder, others, pattern, found, option="--readers", otherwise=_NO_OUTLINES)
        names = ", ".join(path.relative_to(folder).as_posix() for path in files[:_EXAMPLES]) or "no mask at all"
        raise DataError(f"No mask below {folder} fits --readers {pattern!r}; found: {names}. Change the pattern.")
    return found, others


def _require_owners(
    drawn: Sequence[ReaderMask],
    others: Sequence[Path],
    pairs: Mapping[str, tuple[Path, Path | None]],
    sought: tuple[Path, str],
) -> None:
    """`sought` is the folder and the pattern below it that told `drawn` from `others`."""
    used = {file for pair in pairs.values() for file in pair}
    strange = [path for path in others if path not in used]
    require_endings(sought[0], strange, sought[1], drawn, option="--readers", otherwise=_NO_OUTLINES)
    strange += [one.path for one in drawn if one.case_id not in pairs]
    if strange:
        raise DataError(
            f"{len(strange)} masks belong to no image and reader, first {strange[0]}. "
            "Change --readers, copy the missing images, or index what is there with --allow-partial."
        )


def _pairs(
    folder: Path,
    images: str,
    masks: str | None,
    suffixes: Sequence[str],
    taken: Collection[Path],
    *,
    allow_partial: bool,
) -> dict[str, tuple[Path, Path | None]]:
    image_files = [path for path in _files(folder, images, "--images") if path not in taken]
    mask_files = _references(folder, masks, taken)
    if masks is not None:
        places = (_place(folder, images, "--images"), _place(folder, masks, "--masks"))
        image_files = _without_masks(image_files, mask_files, suffixes, places)
    found = images_by_id(image_files)
    if not found:
        raise DataError(f"There is no image in {folder / images}. Name the sub folder that holds them with --images.")
    pictures = set(image_files)
    others = [path for path in mask_files if path not in pictures]
    if masks is None or (taken and not others):
        return {name: (path, None) for name, path in found.items()}
    chosen = masks_by_id(
        others,
        found,
        place=folder / masks,
        suffixes=suffixes,
        option="--mask-suffixes",
        allow_partial=allow_partial,
    )
    return {name: (path, chosen[name]) for name, path in found.items()}


def _references(folder: Path, masks: str | None, taken: Collection[Path]) -> list[Path]:
    if masks is None or (taken and not (folder / masks).is_dir()):
        return []
    return [path for path in _files(folder, masks, "--masks") if path not in taken]


def _place(folder: Path, part: str, option: str) -> Path:
    """Return the folder `part` below `folder`, which a manifest's paths start from."""
    place, root = Path(os.path.normpath(folder / part)), Path(os.path.normpath(folder))
    if not place.is_relative_to(root):
        raise DataError(
            f"{option} {part} does not lie below {folder}. Put a link to it there, or pass a folder above both with "
            "--root."
        )
    return folder / place.relative_to(root)


def _files(folder: Path, part: str, option: str) -> list[Path]:
    place = _place(folder, part, option)
    if not place.is_dir():
        held = ", ".join(sorted(item.name for item in folder.iterdir() if item.is_dir())) or "no sub folder"
        raise DataError(f"There is no folder {place}; {folder} holds {held}. Name the right one with {option}.")
    return files_below(place)


def _without_masks(
    image_files: list[Path], mask_files: list[Path], suffixes: Sequence[str], places: tuple[Path, Path]
) -> list[Path]:
    """Return the images among the files of the image folder; `places` are this folder and that of the masks.

    Where both hold the same files, a mask is a file whose name is that of another file plus a suffix. A mask folder
    around the image folder holds the images too.
    """
    image_dir, mask_dir = places
    shared = set(mask_files)
    if shared == set(image_files):
        marked, stems = tuple(suffix for suffix in suffixes if suffix), {image_id(path.name) for path in image_files}
        return [path for path in image_files if not _is_marked(image_id(path.name), marked, stems)]
    if image_dir.is_relative_to(mask_dir):
        return image_files
    return [path for path in image_files if path not in shared]


def _is_marked(stem: str, marked: Sequence[str], stems: set[str]) -> bool:
    return not stems.isdisjoint(names_without(marked, stem))


def _require_rows(table: Table, ids: list[str], *, allow_partial: bool) -> None:
    without_row = [name for name in ids if name not in table.rows]
    if without_row:
        raise DataError(
            f"{len(without_row)} of {len(ids)} images have no row in {table.source}, first {without_row[0]}."
        )
    without_image = sorted(set(table.rows) - set(ids))
    if without_image and not allow_partial:
        raise DataError(
            f"{len(without_image)} of {len(table.rows)} rows of {table.source} have no image, "
            f"first {without_image[0]}. Copy the missing images, or index what is there with --allow-partial."
        )


def _drafts(
    pairs: dict[str, tuple[Path, Path | None]], table: Table | None, columns: Columns, split: Split
) -> list[Draft]:
    if table is None:
        return [Draft(name, image, mask, split) for name, (image, mask) in pairs.items()]
    kept = {column: table.typed(column) for column in columns.attributes}
    if columns.group is not None:
        kept["group"] = _groups(table, columns.group)
    return [
        Draft(
            id=name,
            image=image,
            mask=mask,
            split=split if columns.split is None else _split(table, name, columns.split),
            lesion_id=table.identity(name, columns.lesion),
            patient_id=table.identity(name, columns.patient),
            attributes=_attributes(kept, name),
            licence=table.cell(name, columns.licence),
            attribution=table.cell(name, columns.attribution),
        )
        for name, (image, mask) in pairs.items()
    ]


def _groups(table: Table, column: str) -> dict[str, Attribute]:
    """Return the groups, numbers as numbers and names in their one spelling."""
    names = {name: table.identity(name, column) for name in table.rows}
    return {
        name: names[name] if isinstance(cell, str) else cell if names[name] else None
        for name, cell in table.typed(column).items()
    }


def _attributes(kept: dict[str, dict[str, Attribute]], name: str) -> dict[str, Attribute]:
    return {column: cells.get(name) for column, cells in kept.items()}


def _split(table: Table, name: str, column: str) -> Split:
    value = table.cell(name, column)
    if value not in SPLITS:
        said = "is empty" if value is None else f"is {value!r}"
        raise DataError(f"{table.source}: {column} of {name} {said}; it must be one of {', '.join(SPLITS)}.")
    return value
