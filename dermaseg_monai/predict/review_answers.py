"""Corrected outlines come back from Label Studio, are checked, and become a folder to train on."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from dermaseg_monai.agreement.new_outlines import NewOutline, require_asked
from dermaseg_monai.arrays import BoolMask
from dermaseg_monai.engines.stems import file_stem
from dermaseg_monai.errors import DataError
from dermaseg_monai.exchange import read_export
from dermaseg_monai.files import write_link, write_rows
from dermaseg_monai.images import read_mask, write_mask
from dermaseg_monai.metrics.case_row import CaseRow
from dermaseg_monai.predict.correction import Correction
from dermaseg_monai.predict.review_question import ReviewQuestion
from dermaseg_monai.predict.review_tasks import mask_path

REVIEW_COLUMNS: Final = (
    "case_id", "reviewer", "created_at", "file", "dice", "changed_px", "before_px", "after_px", "accepted",
)  # fmt: skip


def read_corrections(
    export: Path,
    asked: Mapping[str, ReviewQuestion],
    folder: Path,
    rows: Sequence[CaseRow],
    *,
    people: Mapping[str, str],
) -> tuple[list[Correction], list[str]]:
    """Return the answers of an export, in the order of the queue, and the case of each task that was skipped.

    Args:
        export: JSON of Label Studio.
        asked: case id to question (`read_review_queue`).
        folder: of the predictions.
        rows: of its `cases.csv`.
        people: account to the name of its owner.

    Raises:
        DataError: what `read_export` and `require_asked` refuse; a photograph or prediction that changed meanwhile.
    """
    answers, skipped = read_export(export, people=people, sizes={name: one.size_px for name, one in asked.items()})
    outlines = [
        NewOutline(one.case_id, one.annotator, one.created_at, one.mask, one.says_no_lesion, one.digest)
        for one in answers
    ]
    require_asked(outlines, {name: one.digest for name, one in asked.items()}, one_per_case=False)
    by_id = {row.case_id: row for row in rows}
    answered = {one.case_id for one in outlines}
    predicted = {
        name: _predicted(question, by_id.get(name), folder) for name, question in asked.items() if name in answered
    }
    place = {name: at for at, name in enumerate(asked)}
    ordered = sorted(outlines, key=lambda one: (place[one.case_id], one.annotator))
    corrections = [
        Correction(one.case_id, one.annotator, one.created_at, one.mask, predicted[one.case_id]) for one in ordered
    ]
    return corrections, [name for name in asked if name in skipped]


def write_corrections(out: Path, corrections: Sequence[Correction], asked: Mapping[str, ReviewQuestion]) -> None:
    """Write masks (0 and 255, size of the photograph), links to their photographs, and then `reviews.csv`.

    Masks are `masks/{stem}.png`; where a case has several reviewers, all are `masks/{reviewer}/{stem}.png`. The stem is
    that of the prediction folder, and the link `images/{stem}` has it too, so that `dermaseg data index folder` takes
    the folder as it is.

    Raises:
        DataError: a file cannot be written.
    """
    times = Counter(one.case_id for one in corrections)
    several = max(times.values(), default=0) > 1
    for name in times:
        photograph = asked[name].photograph
        write_link(out / "images" / f"{file_stem(name)}{photograph.suffix.lower()}", photograph)
    rows: list[dict[str, object]] = []
    for one in corrections:
        file = f"masks/{file_stem(one.reviewer)}/" if several else "masks/"
        file += f"{file_stem(one.case_id)}.png"
        write_mask(out / file, one.mask)
        rows.append(one.row(file))
    write_rows(out / "reviews.csv", rows, REVIEW_COLUMNS)


def _predicted(question: ReviewQuestion, row: CaseRow | None, folder: Path) -> BoolMask | None:
    if row is None:
        raise DataError(f"{folder} has no case {question.case_id!r}. Give the predictions that the tasks are of.")
    place = mask_path(folder, row)
    question.require_same(place)
    mask = None if place is None else read_mask(place)
    assert mask is None or mask.shape == question.size_px, "the digest holds for both"  # noqa: S101
    return mask
