import numpy as np
import pytest

from dermaseg_monai.errors import DataError
from dermaseg_monai.report import ContactSheet
from dermaseg_monai.report.contact_sheet import _Layout
from tests.report.study import Study

HEAD, GROUP, ROW, FOOT = 110, 62, 124, 44  # 850 px take two rows of legend
COLUMNS_LEFT = 12 + 190


def sheet(study: Study, cases: int = 1) -> np.ndarray:
    return ContactSheet(study.manifest, study.root, cases=cases, column_px=150)(study.predictions)


def areas(picture: np.ndarray, row: int) -> tuple[int, int]:
    """Pixels of the colours of missed and extra in the errors of a row; 150 * 40 / 60 px high."""
    top, left = HEAD + GROUP + row * (GROUP + ROW), COLUMNS_LEFT + 2 * (150 + 12)
    body = picture[top : top + 100, left : left + 150].astype(int)
    return int((body[..., 2] > body[..., 0] + 40).sum()), int((body[..., 0] > body[..., 2] + 40).sum())


def test_best_median_and_worst_are_drawn_from_top_to_bottom(study: Study) -> None:
    # pictures 2.5 times as large: case b misses and adds 80 px, case c 200 px each
    picture = sheet(study)
    # image, prediction, errors, boundary
    assert picture.shape == (HEAD + 3 * (GROUP + ROW) + FOOT, COLUMNS_LEFT + 4 * (150 + 12), 3)
    assert areas(picture, 0) == (0, 0)
    assert areas(picture, 1) == pytest.approx((80 * 6.25, 80 * 6.25), rel=0.25)
    assert areas(picture, 2) == pytest.approx((200 * 6.25, 200 * 6.25), rel=0.25)


def test_a_case_that_cannot_be_read_keeps_its_row_and_says_why(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    lost_row = _Layout.lost_row
    monkeypatch.setattr(
        _Layout, "lost_row", lambda self, ranked, reason: said.append(reason) or lost_row(self, ranked, reason)
    )
    (study.root / "images" / "c.jpg").write_bytes(b"no picture")
    picture = sheet(study)
    assert len(picture) == HEAD + 3 * (GROUP + ROW) + FOOT
    assert len(said) == 1
    assert "c.jpg" in said[0]


def test_cases_that_were_not_predicted_are_named_below(study: Study) -> None:
    rows = study.rows()
    rows[0] |= {"status": "failed", "reason": "a.jpg is cut short", "file": "", "jaccard": ""}
    study.write_rows(rows)
    # two groups of one case are left; two lines more in the foot
    assert len(sheet(study)) == HEAD + 2 * (GROUP + ROW) + FOOT + 2 * 17


def test_many_failures_are_counted(study: Study) -> None:
    rows = study.rows()
    lost = [rows[0] | {"case_id": f"x{at}", "status": "failed", "reason": "broken"} for at in range(50)]
    study.write_rows([*rows, *lost])
    assert len(sheet(study)) == HEAD + 3 * (GROUP + ROW) + FOOT + (1 + 20 + 1) * 17


def test_a_folder_without_scores_has_no_best_and_no_worst(study: Study) -> None:
    study.write_rows([{**row, "jaccard": ""} for row in study.rows()])
    with pytest.raises(DataError, match=r"No case of .* was scored.*--case ID"):
        sheet(study)


def test_a_hostile_id_is_drawn_as_it_is(study: Study) -> None:
    rows = study.rows()
    rows[2] |= {"case_id": "$\\frac{\n\x1b]0;" + "x" * 300}
    study.write_rows(rows)
    assert sheet(study).dtype == np.uint8  # not in the manifest: its row says so
