"""Outlines that come back from people become annotations of a new manifest; what was there stays."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from jaxtyping import Bool

from dermaseg_monai.agreement.case_digest import case_digest
from dermaseg_monai.errors import DataError
from dermaseg_monai.files import sha256_of
from dermaseg_monai.images import read_mask, write_mask
from dermaseg_monai.manifest import Annotation, Case, FileRecord, Manifest

NewRole: TypeAlias = Literal["reader", "adjudicated"]


@dataclass(frozen=True, eq=False)
class NewOutline:
    """One outline that somebody has drawn of a case.

    Attributes:
        case_id: as in the manifest.
        annotator: who.
        created_at: ISO 8601.
        mask: height x width.
        empty_stated: whether somebody said that there is no lesion; an empty mask alone may be an oversight.
        digest: of the case when the question was asked (`case_digest`).
    """

    case_id: str
    annotator: str
    created_at: str
    mask: Bool[np.ndarray, "h w"]
    empty_stated: bool
    digest: str


def require_answers(
    outlines: Sequence[NewOutline],
    manifest: Manifest,
    dataset_dir: str | Path,
    *,
    asked: Mapping[str, str],
    one_per_case: bool,
) -> None:
    """Return when every outline answers a question that was asked and is still the same.

    Args:
        outlines: what came back.
        manifest: of the cases.
        dataset_dir: where its paths start.
        asked: case id to digest, of all that was asked.
        one_per_case: whether a second outline of a case is too many; else a second one by the same person is.

    Raises:
        DataError: nothing came back; a case that was not asked, has changed meanwhile or comes twice; a mask of
            another size than the picture; an empty mask that nobody called empty, or the reverse.
        IntegrityError: a file of a case is not what the manifest says.
    """
    require_asked(outlines, asked, one_per_case=one_per_case)
    cases = {case.id: case for case in manifest.cases}
    for one in outlines:
        if one.case_id not in cases:
            raise DataError(f"Case {one.case_id!r} is not in manifest {manifest.name}. Give the manifest of the queue.")
        _require_unchanged(cases[one.case_id], dataset_dir, asked[one.case_id])
        _require_size(one, cases[one.case_id])


def require_asked(outlines: Sequence[NewOutline], asked: Mapping[str, str], *, one_per_case: bool) -> None:
    """Return when every outline answers a question of the queue, and says of an empty mask that it is meant.

    Args:
        outlines: what came back.
        asked: case id to digest, of all that was asked.
        one_per_case: as `require_answers`.

    Raises:
        DataError: nothing came back; a case that was not asked, was asked in another queue or comes twice; an empty
            mask that nobody called empty, or the reverse.
    """
    if not outlines:
        raise DataError("The export holds no submitted annotation. Export the project after the answers are submitted.")
    for one in outlines:
        if one.case_id not in asked:
            raise DataError(
                f"Case {one.case_id!r} was not asked: it is not in the queue. Give the queue of this export."
            )
        if one.digest != asked[one.case_id]:
            raise DataError(
                f"Case {one.case_id!r}: the task is of another queue than the one given. Give its own (--queue)."
            )
        _require_statement(one)
    keys = [(one.case_id, "" if one_per_case else one.annotator) for one in outlines]
    (first, who), count = Counter(keys).most_common(1)[0]
    if count > 1:
        found = f"Case {first!r} has {count} outlines" + (f" by {who}" if who else "")
        raise DataError(f"{found} in the export; one is needed. Delete the others in the label tool and export again.")


def with_outlines(
    manifest: Manifest, dataset_dir: str | Path, outlines: Sequence[NewOutline], *, role: NewRole
) -> Manifest:
    """Write the masks below `dataset_dir` and return the manifest with them as further annotations.

    An adjudicated mask `replaces` the reference that the case had. No file and no annotation is changed or removed; the
    version of the manifest tells how many outlines were added.

    Raises:
        DataError: a mask cannot be written, or another one lies in its place.
    """
    by_case: dict[str, list[NewOutline]] = {}
    for one in outlines:
        by_case.setdefault(one.case_id, []).append(one)
    cases = tuple(_with(case, by_case.get(case.id, []), Path(dataset_dir), role) for case in manifest.cases)
    return replace(manifest, version=f"{manifest.version}+{len(outlines)}-{role}", cases=cases)


def _with(case: Case, outlines: Sequence[NewOutline], root: Path, role: NewRole) -> Case:
    added = tuple(
        Annotation(
            mask=_file(one, root, role),
            annotator=one.annotator,
            tool="label studio brush",
            created_at=one.created_at,
            role=role,
            replaces=case.reference.mask.path if role == "adjudicated" and case.reference else None,
        )
        for one in outlines
    )
    return replace(case, annotations=(*case.annotations, *added)) if added else case


def _file(one: NewOutline, root: Path, role: NewRole) -> FileRecord:
    moment = "".join(letter for letter in one.created_at if letter.isalnum())
    who = "".join(letter if letter.isalnum() else "_" for letter in one.annotator)
    name = f"annotations/{role}/{one.case_id}_{who}_{moment}.png"
    path = root / name
    if not path.exists():
        write_mask(path, one.mask)
    elif not np.array_equal(read_mask(path), one.mask):
        raise DataError(f"{path} holds another mask; nothing is written over it. Move it away, or check the export.")
    return FileRecord(name, sha256_of(path), size_px=(one.mask.shape[0], one.mask.shape[1]))


def _require_unchanged(case: Case, dataset_dir: str | Path, asked: str) -> None:
    if case_digest(case, dataset_dir) != asked:
        raise DataError(
            f"Case {case.id!r} has changed since it was asked: its picture, its masks or who drew them. "
            "Make a new queue and ask again."
        )


def _require_size(one: NewOutline, case: Case) -> None:
    size = case.image.size_px
    if size is not None and one.mask.shape != size:
        found = f"the mask is {one.mask.shape[0]} x {one.mask.shape[1]} px, the picture {size[0]} x {size[1]}"
        raise DataError(f"Case {case.id!r}: {found} (height x width). Draw it again on the picture of the task.")


def _require_statement(one: NewOutline) -> None:
    if one.mask.any() == one.empty_stated:
        found = "has a lesion and says that there is none" if one.empty_stated else "is empty and does not say so"
        raise DataError(
            f"Case {one.case_id!r}: the outline of {one.annotator} {found}. "
            "Tick `no lesion` in the label tool or draw one."
        )
