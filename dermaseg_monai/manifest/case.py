"""One case: a picture, who outlined what on it, and what is known about the lesion."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, get_args

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest.moment import moment_of

Split: TypeAlias = Literal["train", "val", "test", "excluded"]
"""The side of the study a case stands on; `excluded` takes no part in anything."""

Role: TypeAlias = Literal["reference", "reader", "consensus", "adjudicated"]
"""What an annotation is for: the label, one reader's opinion, a fusion of several, the senior's decision."""

Attribute: TypeAlias = str | float | int | None
"""What a table cell can hold; None is an empty cell."""

ID: Final = re.compile(r"[^./\\\x00-\x1f][^/\\\x00-\x1f]*")
"""What an id may be, as the schema has it: it names output files."""

SPLITS: tuple[Split, ...] = get_args(Split)


def require_split(name: str) -> None:
    """Return when `name` is one of SPLITS.

    Raises:
        DataError: it is none.
    """
    if name not in SPLITS:
        raise DataError(f"{name!r} is no split; choose one of {', '.join(SPLITS)}.")


@dataclass(frozen=True)
class FileRecord:
    """A file as it was indexed: its path below the data folder (with `/`), its sha256 and its size.

    A photograph or mask has `size_px` (height, width) after EXIF orientation; a volume has `shape_vox` (x, y, z).
    `original_size_px` is that of the photograph from which `dermaseg data prepare` made this one.
    """

    path: str
    sha256: str
    size_px: tuple[int, int] | None = None
    shape_vox: tuple[int, int, int] | None = None
    spacing_mm: tuple[float, ...] | None = None
    original_size_px: tuple[int, int] | None = None

    @property
    def grid(self) -> tuple[int, ...] | None:
        """Size in pixels or voxels, whichever the file has."""
        return self.size_px or self.shape_vox


@dataclass(frozen=True)
class Annotation:
    """One outline of the lesion, stored as a mask.

    `created_at` is an ISO 8601 date or time; `replaces` is the path of the mask that this one corrects.
    """

    mask: FileRecord
    annotator: str | None = None
    tool: str | None = None
    skill: str | None = None
    created_at: str | None = None
    role: Role = "reference"
    replaces: str | None = None


@dataclass(frozen=True)
class Case:
    """One picture of one lesion; `lesion_id` and `patient_id` join pictures that must stay on one side of a split.

    `attributes` holds the columns somebody chose to keep. The attribute `group` is a further key that joins pictures.
    """

    id: str
    image: FileRecord
    annotations: tuple[Annotation, ...]
    split: Split
    lesion_id: str | None = None
    patient_id: str | None = None
    attributes: Mapping[str, Attribute] = field(default_factory=dict[str, Attribute])
    licence: str | None = None
    attribution: str | None = None

    @property
    def reference(self) -> Annotation | None:
        """The label: the newest `adjudicated` annotation, else the newest `reference`, else None.

        Dates are compared as moments, with their time zones; without them the later one in the list counts as newer.
        """
        for role in ("adjudicated", "reference"):
            chosen = [annotation for annotation in self.annotations if annotation.role == role]
            if chosen:
                return max(enumerate(chosen), key=lambda item: (moment_of(item[1].created_at), item[0]))[1]
        return None

    @property
    def readings(self) -> tuple[Annotation, ...]:
        """The outlines that people drew for themselves: those of role `reader`, in their order.

        Where there are fewer than two, the `reference` counts as one too. Consensus and adjudicated masks never do.
        """
        readers = tuple(one for one in self.annotations if one.role == "reader")
        if len(readers) > 1:
            return readers
        return tuple(one for one in self.annotations if one.role in ("reader", "reference"))

    @property
    def reader_masks(self) -> tuple[FileRecord, ...]:
        """One mask of each person, or the label where a senior decided: what a training on several readers learns from.

        Who drew the case twice is one reader; outlines without a name are of different people, as far as anybody knows.
        """
        decided = self.reference is not None and self.reference.role == "adjudicated"
        chosen = (self.reference,) if decided else self.readings
        people: dict[str | int, FileRecord] = {}
        for index, one in enumerate(filter(None, chosen)):
            people.setdefault(one.annotator or index, one.mask)
        return tuple(people.values())

    @property
    def files(self) -> tuple[FileRecord, ...]:
        """The image and every mask."""
        return (self.image, *(annotation.mask for annotation in self.annotations))
