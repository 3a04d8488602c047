"""What a reader found, before the files are hashed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from dermaseg_monai.errors import DataError, ImageError
from dermaseg_monai.files import is_utf8, printable, sha256_of
from dermaseg_monai.images import is_volume, measure, spacing_of
from dermaseg_monai.manifest.case import ID, Annotation, Attribute, Case, FileRecord, Split
from dermaseg_monai.manifest.manifest import Manifest
from dermaseg_monai.manifest.memory import FileMemory
from dermaseg_monai.manifest.reader_masks import ReaderMask
from dermaseg_monai.manifest.threads import in_threads


@dataclass(frozen=True)
class Draft:
    """A case whose files are still plain paths; `mask` is the reference, None for a picture without one."""

    id: str
    image: Path
    mask: Path | None
    split: Split
    lesion_id: str | None = None
    patient_id: str | None = None
    attributes: Mapping[str, Attribute] = field(default_factory=dict[str, Attribute])
    licence: str | None = None
    attribution: str | None = None
    readers: tuple[ReaderMask, ...] = ()

    @property
    def masks(self) -> list[Path]:
        """The reference, where there is one, and what readers drew."""
        return [*([] if self.mask is None else [self.mask]), *(one.path for one in self.readers)]


@dataclass(frozen=True)
class SetFacts:
    """Name, version and licence of the whole set."""

    name: str
    version: str
    licence: str | None


def finish(drafts: Sequence[Draft], root: Path, facts: SetFacts) -> Manifest:
    """Hash and measure every file of the drafts and return the manifest.

    Raises:
        DataError: a file that cannot be read, a mask of another size than its image, an id twice or one that cannot
            name a file, no case at all.
    """
    _require_names(drafts)
    _require_unique(drafts)
    paths = [path for draft in drafts for path in (draft.image, *draft.masks)]
    memory = FileMemory(root)
    found = in_threads(partial(_record, root=root, memory=memory), paths, title=f"Indexing {facts.name}")
    memory.save()
    faults = [item for item in found if isinstance(item, ImageError)]
    if faults:
        raise DataError(f"{len(faults)} of {len(paths)} files cannot be used, first: {faults[0]}")
    records = {path: item for path, item in zip(paths, found, strict=True) if isinstance(item, FileRecord)}
    _require_same_size(drafts, records)
    cases = tuple(_case(draft, records) for draft in drafts)
    return Manifest(name=facts.name, version=facts.version, licence=facts.licence, cases=cases)


def _require_names(drafts: Sequence[Draft]) -> None:
    wrong = [draft.image for draft in drafts if not ID.fullmatch(draft.id)]
    wrong += [path for draft in drafts for path in (draft.image, *draft.masks) if not is_utf8(str(path))]
    if wrong:
        raise DataError(
            f"{len(wrong)} files have names that no id can have, first {printable(str(wrong[0]))}: no line break or "
            "other control character, UTF-8, no dot in front. Rename them, or the folder that they lie in."
        )


def _require_unique(drafts: Sequence[Draft]) -> None:
    repeated = [name for name, count in Counter(draft.id for draft in drafts).items() if count > 1]
    if repeated:
        first = ", ".join(str(draft.image) for draft in drafts if draft.id == repeated[0])
        raise DataError(f"{len(repeated)} ids belong to several images, first {repeated[0]!r}: {first}. Rename them.")


def _record(path: Path, *, root: Path, memory: FileMemory) -> FileRecord | ImageError:
    name = path.relative_to(root).as_posix()
    try:
        stat, seen = path.stat(), memory.recall(name)
        grid, sha256 = measure(path), seen.sha256 if seen else sha256_of(path)
        spacing_mm = spacing_of(path) if is_volume(path) else None
    except ImageError as error:
        return error
    except OSError as error:
        return ImageError(f"{path} cannot be read: {error.strerror}.")
    memory.keep(name, sha256=sha256, stat=stat, sound_as=None)
    if is_volume(path):
        x, y, z = grid
        return FileRecord(name, sha256, shape_vox=(x, y, z), spacing_mm=spacing_mm)
    height, width = grid
    return FileRecord(name, sha256, size_px=(height, width))


def _require_same_size(drafts: Sequence[Draft], records: Mapping[Path, FileRecord]) -> None:
    pairs = [(draft.image, mask) for draft in drafts for mask in draft.masks]
    unequal = [(image, mask) for image, mask in pairs if records[image].grid != records[mask].grid]
    if unequal:
        image, mask = unequal[0]
        axes = "x, y, z" if is_volume(image) else "height, width"
        raise DataError(
            f"{len(unequal)} masks have another size than their image, first {mask} {records[mask].grid} for {image} "
            f"{records[image].grid} ({axes}). Save each mask at the size of its image."
        )


def _case(draft: Draft, records: Mapping[Path, FileRecord]) -> Case:
    return Case(
        id=draft.id,
        image=records[draft.image],
        annotations=_annotations(draft, records),
        split=draft.split,
        lesion_id=draft.lesion_id,
        patient_id=draft.patient_id,
        attributes=draft.attributes,
        licence=draft.licence,
        attribution=draft.attribution,
    )


def _annotations(draft: Draft, records: Mapping[Path, FileRecord]) -> tuple[Annotation, ...]:
    reference = () if draft.mask is None else (Annotation(records[draft.mask]),)
    drawn = (Annotation(records[one.path], one.annotator, one.tool, one.skill, role="reader") for one in draft.readers)
    return (*reference, *drawn)
