from pathlib import Path

import numpy as np
import pytest

from dermaseg_monai.errors import DataError
from dermaseg_monai.images import write_mask, write_rgb
from dermaseg_monai.metrics.case_row import CaseRow
from dermaseg_monai.predict import make_review_tasks, require_paintable


def predicted(folder: Path, case_id: str, *, expected: float | None = None) -> CaseRow:
    write_mask(folder / "masks" / f"{case_id}.png", np.array([[True, False]]))
    write_rgb(folder / f"{case_id}.jpg", np.full((1, 2, 3), 90, dtype=np.uint8))
    scores = {} if expected is None else {"predicted_dice": expected}
    return CaseRow(case_id, f"{case_id}.jpg", f"{case_id}.png", "", scores)


def test_equal_ones_follow_their_ids_and_what_is_unknown_comes_before_what_is_known(tmp_path: Path) -> None:
    known = {"c": 0.5, "b": 0.5, "a": 0.6, "d": None}
    rows = [predicted(tmp_path, case_id, expected=value) for case_id, value in known.items()]
    photographs = {case_id: tmp_path / f"{case_id}.jpg" for case_id in known}
    made = make_review_tasks(tmp_path, rows, photographs, worst=3)
    assert [one.case_id for one in made.questions] == ["d", "b", "c"]
    assert (made.later, made.left_out) == (1, {})
    assert made.tasks[0]["data"]["facts"] == "it does not say how sure it is"


def test_a_case_that_cannot_be_asked_does_not_count_among_the_worst(tmp_path: Path) -> None:
    rows = [predicted(tmp_path, case_id, expected=0.1 * at) for at, case_id in enumerate("abc")]
    photographs = {case_id: tmp_path / f"{case_id}.jpg" for case_id in "bc"}
    made = make_review_tasks(tmp_path, rows, photographs, worst=1)
    assert [one.case_id for one in made.questions] == ["b"]
    assert (list(made.left_out), made.later) == (["a"], 1)


def test_where_nothing_can_be_asked_the_first_reason_is_told(tmp_path: Path) -> None:
    rows = [CaseRow("a", "a.heic", None, "a format that is not read", {}), predicted(tmp_path, "b")]
    with pytest.raises(DataError, match=r"None of the 2 cases of .* First: a: a format that is not read"):
        make_review_tasks(tmp_path, rows, {}, worst=None)


@pytest.mark.parametrize(
    ("first", "image"),
    [("scan.nii.gz", "a.jpg"), (None, "other.nii.gz")],
    ids=["one predicted, a photograph failed", "all failed"],
)
def test_predictions_of_volumes_are_not_painted_on(tmp_path: Path, first: str | None, image: str) -> None:
    rows = [CaseRow("scan", "scan.nii.gz", first, "", {}), CaseRow("a", image, None, "damaged", {})]
    with pytest.raises(DataError, match="is of volumes, and Label Studio paints on photographs"):
        require_paintable(tmp_path, rows)
