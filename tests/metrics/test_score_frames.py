from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from dermaseg_monai.errors import DataError
from dermaseg_monai.metrics import CaseScore, frame_to_scores, read_scores, scores_to_frame, write_scores

Row = Callable[..., CaseScore]


@pytest.fixture
def scores(row: Row) -> list[CaseScore]:
    return [row("0042", dice=1 / 3, hd95_px=0.1 + 0.2, pred_px=10**9), row("NA", dice=0.1, hd95_px=7.0, pred_px=0)]


def test_every_number_and_id_comes_back_from_the_file(scores: list[CaseScore], tmp_path: Path) -> None:
    write_scores(tmp_path / "cases.csv", scores)
    assert read_scores(tmp_path / "cases.csv") == scores


def test_ids_of_digits_keep_their_zeros(row: Row, tmp_path: Path) -> None:
    write_scores(tmp_path / "cases.csv", [row("0042"), row("0007")])
    assert [score.case_id for score in read_scores(tmp_path / "cases.csv")] == ["0042", "0007"]


def test_an_id_that_a_spreadsheet_would_execute_comes_back_too(row: Row, tmp_path: Path) -> None:
    scores = [row("=1+1"), row("'=x"), row("-7")]
    write_scores(tmp_path / "cases.csv", scores)
    assert "\n'=1+1," in (tmp_path / "cases.csv").read_text()
    assert read_scores(tmp_path / "cases.csv") == scores


def test_every_number_comes_back_from_the_frame(scores: list[CaseScore]) -> None:
    frame = scores_to_frame(scores)
    assert frame.columns.tolist()[:2] == ["case_id", "dice"]
    assert "hd95_mm" not in frame.columns
    assert frame_to_scores(frame) == scores


def test_an_empty_list_gives_an_empty_table_with_its_columns() -> None:
    frame = scores_to_frame([])
    assert "dice" in frame.columns
    assert frame_to_scores(frame) == []


def test_a_score_that_one_case_lacks_is_none_not_nan(row: Row) -> None:
    scores = [row("a", hd95_px=3.0), row("b")]
    assert frame_to_scores(scores_to_frame(scores)) == scores


def test_other_columns_are_passed_over(scores: list[CaseScore]) -> None:
    frame = scores_to_frame(scores).assign(diagnosis=["nevus", "melanoma"])
    assert frame_to_scores(frame) == scores


def test_a_missing_column_is_named(scores: list[CaseScore]) -> None:
    with pytest.raises(DataError, match=r"lacks the columns dice, label_px"):
        frame_to_scores(scores_to_frame(scores).drop(columns=["dice", "label_px"]))


@pytest.mark.parametrize(
    ("value", "message"), [(None, "dice of case 0042 is empty"), ("good", "dice of case 0042 is 'good', but a number")]
)
def test_a_cell_that_is_no_score_is_named(scores: list[CaseScore], value: str | None, message: str) -> None:
    frame = scores_to_frame(scores).astype({"dice": object})
    frame.loc[0, "dice"] = value
    with pytest.raises(DataError, match=message):
        frame_to_scores(frame)


@pytest.mark.parametrize("text", [None, ""])
def test_a_file_that_is_no_table_is_named(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "cases.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(DataError, match=r"Cannot read the scores .*cases\.csv"):
        read_scores(path)


def test_a_spreadsheet_may_have_touched_the_counts(scores: list[CaseScore]) -> None:
    frame = scores_to_frame(scores).astype({"pred_px": float})  # 10 became 10.0
    assert frame_to_scores(pd.DataFrame(frame)) == scores
