"""The table of who was asked what, `queue.csv`, which comes back beside the answers."""

import csv
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from dermaseg_monai.cells import plain_row
from dermaseg_monai.errors import DataError
from dermaseg_monai.files import printable, write_rows
from dermaseg_monai.predict.review_question import ReviewQuestion

_COLUMNS: Final = ("rank", "case_id", "predicted_dice", "size_px", "photograph", "digest")
_SIZE: Final = re.compile(r"(\d{1,9})x(\d{1,9})")


def write_review_queue(path: Path, questions: Sequence[ReviewQuestion]) -> None:
    """Write a row per question, in their order.

    Raises:
        DataError: the file cannot be written.
    """
    write_rows(path, [_cells(rank, one) for rank, one in enumerate(questions, start=1)], _COLUMNS)


def read_review_queue(path: Path) -> dict[str, ReviewQuestion]:
    """Return case id to question of a queue that was written.

    Raises:
        DataError: it is no such table, or a case is in it twice.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = [plain_row(cells) for cells in csv.DictReader(stream)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"{path} cannot be read as a table ({error}). Give the queue.csv that the tasks came with."
        ) from error
    found: dict[str, ReviewQuestion] = {}
    for number, cells in enumerate(rows, start=1):
        one = _question(cells, f"Row {number} of {path}")
        if found.setdefault(one.case_id, one) is not one:
            raise DataError(f"{path} has case {one.case_id!r} twice. Give the queue.csv that the tasks came with.")
    if not found:
        raise DataError(f"{path} has no rows. Give the queue.csv that the tasks came with.")
    return found


def _cells(rank: int, one: ReviewQuestion) -> dict[str, object]:
    height, width = one.size_px
    return {
        "rank": rank,
        "case_id": one.case_id,
        "predicted_dice": one.predicted_dice,
        "size_px": f"{height}x{width}",
        "photograph": printable(str(one.photograph)),
        "digest": one.digest,
    }


def _question(cells: Mapping[str, object], place: str) -> ReviewQuestion:
    case_id, size, photograph, digest, dice = (
        text if isinstance(text := cells.get(name), str) else ""
        for name in ("case_id", "size_px", "photograph", "digest", "predicted_dice")
    )
    sides = _SIZE.fullmatch(size)
    if not (case_id and sides and photograph and digest):
        raise DataError(f"{place} is no question of a review. Give the queue.csv that the tasks came with.")
    return ReviewQuestion(case_id, _figure(dice), (int(sides[1]), int(sides[2])), Path(photograph), digest)


def _figure(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
