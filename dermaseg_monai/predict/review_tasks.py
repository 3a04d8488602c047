"""Tasks for people who correct the outlines of a network, those first of which it expects least."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dermaseg_monai.arrays import BoolMask
from dermaseg_monai.errors import DataError
from dermaseg_monai.exchange import embedded_picture, task
from dermaseg_monai.images import is_volume, read_image, read_mask
from dermaseg_monai.metrics.case_row import CaseRow
from dermaseg_monai.predict.review_question import ReviewQuestion, shown_digest

_NETWORK = "network"


@dataclass(frozen=True)
class ReviewTasks:
    """What people are asked.

    Attributes:
        tasks: JSON objects for Label Studio.
        questions: what each of them asks, in the same order.
        left_out: case id to reason of those that cannot be asked about.
        later: so many more could be asked.
    """

    tasks: list[dict[str, Any]]
    questions: list[ReviewQuestion]
    left_out: dict[str, str]
    later: int


def make_review_tasks(
    folder: Path, rows: Sequence[CaseRow], photographs: Mapping[str, Path], *, worst: int | None
) -> ReviewTasks:
    """Return a task per photograph: without an outline first, then empty masks, then the lowest predicted Dice first.

    A photograph that was not predicted and can be read is a task without an outline, for a person to draw one.

    Args:
        folder: of the predictions.
        rows: of its `cases.csv`.
        photographs: case id to file.
        worst: so many tasks at most; None makes all.

    Raises:
        DataError: nothing can be asked.
    """
    made: list[tuple[ReviewQuestion, dict[str, Any]]] = []
    left_out: dict[str, str] = {}
    for row in sorted(rows, key=_order):
        if len(made) == worst:
            break
        try:
            made.append(_ask(row, folder, photographs.get(row.case_id)))
        except DataError as error:
            left_out[row.case_id] = str(error)
    if not made:
        first, reason = next(iter(left_out.items()))
        raise DataError(f"None of the {len(rows)} cases of {folder} can be asked about. First: {first}: {reason}")
    later = len(rows) - len(made) - len(left_out)
    return ReviewTasks([one for _, one in made], [one for one, _ in made], left_out, later)


def mask_path(folder: Path, row: CaseRow) -> Path | None:
    """Return the file of the predicted mask, None where the case was not predicted."""
    return None if row.file is None else folder / "masks" / row.file


def require_paintable(folder: Path, rows: Sequence[CaseRow]) -> None:
    """Return when the predictions are of photographs; a volume that failed among them is one case.

    Raises:
        DataError: they are of volumes.
    """
    predicted = any(row.file is not None and is_volume(row.file) for row in rows)
    if predicted or all(is_volume(row.image) for row in rows):
        raise DataError(
            f"{folder} is of volumes, and Label Studio paints on photographs. Correct {folder / 'masks'} in an editor "
            "of NIfTI."
        )


def _order(row: CaseRow) -> tuple[bool, tuple[bool, float, str]]:
    return row.file is not None, row.doubt


def _ask(row: CaseRow, folder: Path, photograph: Path | None) -> tuple[ReviewQuestion, dict[str, Any]]:
    if photograph is None or is_volume(photograph):
        raise DataError(row.reason or "its photograph was not found; give the folder that was predicted (--images)")
    place = mask_path(folder, row)
    pixels = read_image(photograph).pixels
    size = (pixels.shape[0], pixels.shape[1])
    mask = None if place is None else _mask(place, size, photograph)
    expected = None if place is None else row.scores.get("predicted_dice")
    digest = shown_digest(row.case_id, size, photograph, place)
    question = ReviewQuestion(row.case_id, expected, size, photograph.absolute(), digest)
    shown = {"facts": _facts(mask, expected)}
    masks = {} if mask is None else {_NETWORK: mask}
    return question, task(row.case_id, digest, embedded_picture(pixels), shown=shown, masks=masks)


def _mask(place: Path, size: tuple[int, int], photograph: Path) -> BoolMask:
    mask = read_mask(place)
    if mask.shape != size:
        raise DataError(f"{place} has {mask.shape} px, {photograph} {size}. Give the photographs that were predicted")
    return mask


def _facts(mask: BoolMask | None, expected: float | None) -> str:
    if mask is None:
        return "here it gave no outline: please draw the lesion"
    if not mask.any():
        return "here it says `no lesion`: untick that before you draw one"
    return "it does not say how sure it is" if expected is None else f"the Dice that it expects is {expected:.2f}"
