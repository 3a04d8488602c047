"""One row of the `quality.csv` of a prediction folder: what the predicted Dice of a photograph is worth."""

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final

from dermaseg_monai.cells import plain_row
from dermaseg_monai.errors import DataError
from dermaseg_monai.files import write_rows

QUALITY_TABLE: Final = "quality.csv"


@dataclass(frozen=True)
class QualityRow:
    """A predicted photograph.

    Attributes:
        case_id: as in `cases.csv`.
        predicted_dice: what the network itself expects.
        dice_expected: a bound that every other photograph keeps.
        dice_at_least: a bound that photographs keep with the confidence that `quality.json` says.
    """

    case_id: str
    predicted_dice: float
    dice_expected: float
    dice_at_least: float


def write_quality_rows(folder: Path, rows: Sequence[QualityRow]) -> None:
    """Write the table. Raises: DataError."""
    write_rows(folder / QUALITY_TABLE, [asdict(row) for row in rows], [one.name for one in fields(QualityRow)])


def read_quality_rows(folder: Path) -> dict[str, QualityRow]:
    """Return case id to row, nothing where the folder has no such table.

    Raises:
        DataError: it is there and no such table.
    """
    path = folder / QUALITY_TABLE
    if not path.is_file():
        return {}
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = [_row(plain_row(cells)) for cells in csv.DictReader(stream)]
    except (OSError, KeyError, TypeError, ValueError, csv.Error) as error:
        raise DataError(f"{path} cannot be read ({error!r}). Make it again: dermaseg quality {folder}.") from error
    return {row.case_id: row for row in rows}


def _row(cells: dict[str, str | None]) -> QualityRow:
    numbers = [float(cells[one.name] or "") for one in fields(QualityRow)[1:]]
    return QualityRow(str(cells["case_id"]), *numbers)
