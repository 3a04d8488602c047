"""Names that others choose are written so that a spreadsheet executes nothing, and come back as they were."""

import csv
from pathlib import Path

import pandas as pd
import pytest

from dermaseg_monai.cells import plain_cell
from dermaseg_monai.files import write_rows
from dermaseg_monai.metrics.spreadsheet import read_cells, write_table

HOSTILE = ["=HYPERLINK(1)", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tx", "'=quoted", "''@twice"]
HARMLESS = ["plain", "-5", "+1.5e3", "'quoted'", "a=b", "NA", "1-2", "", "-inf"]


def written(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as stream:
        return [row[0] for row in csv.reader(stream)]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_formula_is_quoted_and_comes_back(tmp_path: Path, text: str) -> None:
    write_table(tmp_path / "t.csv", pd.DataFrame({"who": [text], "dice": [0.5]}))
    assert written(tmp_path / "t.csv")[1] == f"'{text}"
    again = read_cells(pd.read_csv(tmp_path / "t.csv", dtype={"who": str}, keep_default_na=False))
    assert again.loc[0, "who"] == text
    assert plain_cell(f"'{text}") == text


def test_numbers_and_other_texts_stay_what_they_are(tmp_path: Path) -> None:
    values = [-1.5, *range(len(HARMLESS) - 1)]
    write_table(tmp_path / "t.csv", pd.DataFrame({"who": HARMLESS, "n": values}))
    assert written(tmp_path / "t.csv")[1:] == HARMLESS
    again = read_cells(pd.read_csv(tmp_path / "t.csv", dtype={"who": str}, keep_default_na=False))
    assert again["who"].to_list() == HARMLESS
    assert again["n"].to_list() == values


def test_rows_are_quoted_and_their_whole_numbers_stay_whole(tmp_path: Path) -> None:
    rows = [{"who": "=1+1", "n": 3}, {"who": "b", "-x y": -0.5}]
    write_rows(tmp_path / "t.csv", rows, ["n"])
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as stream:
        assert list(csv.reader(stream)) == [["n", "who", "'-x y"], ["3", "'=1+1", ""], ["", "b", "-0.5"]]


def test_a_column_that_is_a_formula_is_quoted_too(tmp_path: Path) -> None:
    write_table(tmp_path / "t.csv", pd.DataFrame({"=x": [1], "y": [None]}))
    assert (tmp_path / "t.csv").read_text() == "'=x,y\n1,\n"
    assert list(read_cells(pd.read_csv(tmp_path / "t.csv"))) == ["=x", "y"]
