"""Scores as a table: one row per image, in pandas and in `cases.csv`."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import MISSING, fields
from math import isfinite
from pathlib import Path
from typing import Any

import pandas as pd

from dermaseg_monai.errors import DataError
from dermaseg_monai.metrics.case_score import CaseScore
from dermaseg_monai.metrics.spreadsheet import read_cells, write_table

_COUNTS = ("pred_px", "label_px")
_EVALUATE = "python -m monai.bundle run evaluating, with the train.json and evaluate.json of the bundle"
_NEEDED = tuple(field.name for field in fields(CaseScore) if field.default is MISSING)
COLUMNS = tuple(field.name for field in fields(CaseScore))
"""The columns of `cases.csv`, in order; those that hold nothing (mm or contour scores) are left out."""


def scores_to_frame(scores: Sequence[CaseScore]) -> pd.DataFrame:
    """Return one row per case; a column that no case fills is left out."""
    filled = [name for name in COLUMNS if name in _NEEDED or any(getattr(score, name) is not None for score in scores)]
    return pd.DataFrame([[getattr(score, name) for name in filled] for score in scores], columns=filled)


def frame_to_scores(frame: pd.DataFrame) -> list[CaseScore]:
    """Return the rows of a table as scores; columns that are no score (diagnosis, age, ...) are passed over.

    Raises:
        DataError: a column is missing or holds something that is no score; names the column and the case.
    """
    if missing := _missing(frame):
        raise DataError(f"The table of scores lacks the columns {', '.join(missing)}. Write it with `scores_to_frame`.")
    present = [name for name in COLUMNS if name in frame.columns]
    rows = frame.loc[:, present].to_dict("records")
    return [CaseScore(**{str(name): _value(str(name), row) for name in row}) for row in rows]


def write_scores(path: str | Path, scores: Sequence[CaseScore]) -> None:
    """Write `cases.csv`, whole or not at all; every number comes back exactly."""
    write_table(path, scores_to_frame(scores))


def read_scores(path: str | Path) -> list[CaseScore]:
    """Read `cases.csv`; ids stay text, so that 0042 keeps its zeros.

    Raises:
        DataError: the file is not there, is no table, has no scores or no rows, an id twice, a score of some cases
            only, or a cell that is no score; names the file.
    """
    try:
        # as text: Python makes the numbers, exact to the last digit, which pandas before 3 is not
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, na_values={name: [""] for name in COLUMNS})
    except (OSError, ValueError) as error:
        raise DataError(f"Cannot read the scores {path}: {error}. Give a cases.csv that `evaluate` wrote.") from error
    cells = read_cells(frame)
    if missing := _missing(cells):
        found = f"{path} lacks the columns {', '.join(missing)}: its cases were predicted, but not scored"
        raise DataError(f"{found}. Evaluate them: {_EVALUATE}.")
    if fault := _fault(cells):
        raise DataError(f"{path}: {fault}. Evaluate again.")
    try:
        return frame_to_scores(cells)
    except DataError as error:
        raise DataError(f"{path}: {error} Evaluate again.") from error


def _missing(frame: pd.DataFrame) -> list[str]:
    return [name for name in _NEEDED if name not in frame.columns]


def _fault(frame: pd.DataFrame) -> str | None:
    """Say why the rows are not those of an evaluation, which scores every case once and all alike."""
    if frame.empty:
        return "there is no row"
    case_id, times = Counter(frame["case_id"]).most_common(1)[0]
    if times > 1:
        return f"case {case_id} stands there {times} times"
    for name in (name for name in COLUMNS if name in frame.columns):
        blank = frame.loc[frame[name].isna(), "case_id"]
        if 0 < len(blank) < len(frame):
            return f"{len(blank)} of {len(frame)} cases have no {name}, first {blank.iloc[0]}"
    return None


def _value(name: str, row: dict[Hashable, Any]) -> Any:  # noqa: ANN401 (text, whole number, number or None, by name)
    value = row[name]
    where = f"{name} of case {row['case_id']}"
    if pd.isna(value):
        if name in _NEEDED:
            raise DataError(f"{where} is empty in the table of scores.")
        return None
    if name == "case_id":
        return str(value)
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise DataError(f"{where} is {value!r}, but a number is needed.") from None
    if not isfinite(number):
        raise DataError(f"{where} is {value!r}, but a score is a finite number.")
    if name not in _COUNTS:
        return number
    if number < 0 or not number.is_integer():
        raise DataError(f"{where} is {value!r}, but it counts pixels.")
    return int(number)
