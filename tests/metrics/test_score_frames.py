from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dermaseg_monai.errors import DataError
from dermaseg_monai.metrics import CaseScore, frame_to_scores, read_scores, score_case, scores_to_frame, write_scores

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


@pytest.mark.parametrize(
    ("column", "cell", "message"),
    [
        ("hd95_px", "", r"1 of 2 cases have no hd95_px, first b\. Evaluate again"),
        ("dice", "", r"1 of 2 cases have no dice, first b\. Evaluate again"),
        ("dice", "nan", r"dice of case b is 'nan', but a score is a finite number\. Evaluate again"),
        ("hd95_px", "inf", r"hd95_px of case b is 'inf', but a score is a finite number"),
        ("pred_px", "inf", r"pred_px of case b is 'inf', but a score is a finite number"),
        ("pred_px", "1.5", r"pred_px of case b is '1\.5', but it counts pixels"),
        ("case_id", "a", r"case a stands there 2 times\. Evaluate again"),
    ],
)
def test_a_damaged_file_is_named_with_its_fault(row: Row, tmp_path: Path, column: str, cell: str, message: str) -> None:
    frame = scores_to_frame([row("a", hd95_px=3.0), row("b", hd95_px=4.0)]).astype(object)
    frame.loc[1, column] = cell
    frame.to_csv(tmp_path / "cases.csv", index=False)
    with pytest.raises(DataError, match=rf"cases\.csv: {message}"):
        read_scores(tmp_path / "cases.csv")


def test_a_file_without_rows_is_named(tmp_path: Path) -> None:
    write_scores(tmp_path / "cases.csv", [])
    with pytest.raises(DataError, match=r"cases\.csv: there is no row\. Evaluate again"):
        read_scores(tmp_path / "cases.csv")


def test_a_prediction_that_was_not_scored_is_named(tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text("case_id,image,status,file,pred_px\na,a.jpg,ok,a.png,4\n")
    words = r"cases\.csv lacks the columns dice, .*label_px: its cases were predicted, but not scored\. Evaluate them: "
    with pytest.raises(DataError, match=words):
        read_scores(tmp_path / "cases.csv")


def test_a_missed_lesion_and_masks_without_lesion_come_back(tmp_path: Path) -> None:
    lesion, nothing = np.eye(4) > 0, np.zeros((4, 4), dtype=bool)
    pairs = {"missed": (nothing, lesion), "alarm": (lesion, nothing), "empty": (nothing, nothing)}
    rules = {"both_empty": 1.0, "tolerance_px": 2.0, "boundary_px": 1}
    scores = [score_case(pred, label, case_id=name, **rules) for name, (pred, label) in pairs.items()]
    write_scores(tmp_path / "cases.csv", scores)
    assert read_scores(tmp_path / "cases.csv") == scores


def test_a_spreadsheet_may_have_touched_the_counts(scores: list[CaseScore]) -> None:
    frame = scores_to_frame(scores).astype({"pred_px": float})  # 10 became 10.0
    assert frame_to_scores(pd.DataFrame(frame)) == scores
