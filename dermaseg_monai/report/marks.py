"""What a network was told of a case: the box and the points of a prompt, from `prompts.csv` beside its folder."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dermaseg_monai.cells import plain_row
from dermaseg_monai.errors import DataError


@dataclass(frozen=True)
class Marks:
    """A prompt in pixels of the original picture; x is the column.

    Attributes:
        box_px: x0, y0, x1, y1, or None.
        points_px: x and y of each point on the lesion.
    """

    box_px: tuple[float, float, float, float] | None = None
    points_px: tuple[tuple[float, float], ...] = ()


def read_marks(folder: Path) -> Mapping[str, Marks]:
    """Return the prompts of a folder of `prompting` by case, or nothing where a network was not prompted.

    Raises:
        DataError: `prompts.csv` is there and no such table.
    """
    path = folder.parent / "prompts.csv"
    if not path.is_file():
        return {}
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = [plain_row(row) for row in csv.DictReader(stream) if row["prompt"] == folder.name]
        return {row["case_id"]: _marks(row) for row in rows}
    except (OSError, KeyError, ValueError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as prompts ({error!r}). Evaluate again.") from error


def _marks(row: Mapping[str, str]) -> Marks:
    corners = [row[name] for name in ("x0_px", "y0_px", "x1_px", "y1_px")]
    points = [point.split() for point in row["points_px"].split(";") if point.strip()]
    x0, y0, x1, y1 = (float(corner) for corner in corners) if all(corners) else (0.0,) * 4
    return Marks((x0, y0, x1, y1) if all(corners) else None, tuple((float(x), float(y)) for x, y in points))
