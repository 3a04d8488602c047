"""Evaluations of the same volumes side by side, on masks whose scores can be counted."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from dermaseg_monai.errors import DataError
from dermaseg_monai.experiments.evaluation_files import write_comparison
from dermaseg_monai.experiments.evaluations import EvaluationComparison, compare_evaluations
from dermaseg_monai.experiments.tolerance import Tolerance
from dermaseg_monai.metrics import CaseScore, score_case

LABEL_VOX = 4


def scored(case_id: str, *, found_vox: int, label_vox: int = LABEL_VOX) -> CaseScore:
    """A row of 4 lesion voxels of 1 x 1 x 2 mm, of which the first `found_vox` are found (5: and one too many)."""
    pred, label = np.zeros((8, 3, 3), dtype=bool), np.zeros((8, 3, 3), dtype=bool)
    pred[1 : 1 + found_vox, 1, 1], label[1 : 1 + label_vox, 1, 1] = True, True
    return score_case(
        pred, label, case_id=case_id, both_empty=1.0, tolerance_mm=0.5, boundary_px=1, spacing=(1.0, 1.0, 2.0)
    )


def table(found_vox: Sequence[int]) -> list[CaseScore]:
    return [scored(f"v{at}", found_vox=count) for at, count in enumerate(found_vox)]


def comparison(**tables: Sequence[int]) -> EvaluationComparison:
    rows = {name: table(found) for name, found in tables.items()}
    return compare_evaluations(rows, groups=None, volumes=True, confidence=0.95, draws=200, seed=0)


def test_means_and_differences_are_those_counted_by_hand() -> None:
    found = comparison(volume=[4, 4, 4, 4], slices=[2, 5, 2, 5])
    means = {(one.setting, one.score): one.mean for one in found.figures}
    # 2 of 4: Dice 4/6, Jaccard 1/2, 4 mm³ too small; 5 of 4: Dice 8/9, Jaccard 4/5, 2 mm³ too large
    assert means["volume", "dice"] == 1
    assert means["slices", "dice"] == pytest.approx((4 / 6 + 8 / 9) / 2)
    assert means["slices", "jaccard"] == pytest.approx((1 / 2 + 4 / 5) / 2)
    assert means["slices", "volume_error_mm3"] == pytest.approx((-4 + 2) / 2)
    assert means["slices", "volume_off_mm3"] == pytest.approx((4 + 2) / 2)
    contrasts = {one.score: one for one in found.contrasts}
    assert contrasts["dice"].difference == pytest.approx((4 / 6 + 8 / 9) / 2 - 1)
    assert contrasts["dice"].low < contrasts["dice"].difference < contrasts["dice"].high < 0
    assert contrasts["dice"].p == pytest.approx(2 * (1 / 2) ** 4)  # four differences of one sign, two-sided
    assert contrasts["dice"].p_holm == pytest.approx(min(1.0, len(contrasts) * contrasts["dice"].p))
    assert "volume_error_mm3" not in contrasts  # of a signed error less is not better


def photographs(found_px: Sequence[int]) -> list[CaseScore]:
    """Rows of 4 lesion pixels, of which the first are found."""
    pixels = np.arange(16).reshape(4, 4)
    return [
        score_case(pixels < count, pixels < LABEL_VOX, case_id=f"p{at}", both_empty=1.0, surface=False)
        for at, count in enumerate(found_px)
    ]


def test_threshold_jaccard_is_compared_on_photographs_and_not_on_volumes() -> None:
    tables = {"first": photographs([4, 3, 2]), "second": photographs([4, 2, 2])}
    found = compare_evaluations(tables, groups=None, volumes=False, confidence=0.95, draws=200, seed=0)
    means = {(one.setting, one.score): one.mean for one in found.figures}
    assert means["first", "threshold_jaccard"] == pytest.approx((1 + 3 / 4 + 0) / 3)
    differences = {one.score: one.difference for one in found.contrasts}
    assert differences["threshold_jaccard"] == pytest.approx(-(3 / 4) / 3)
    assert differences["jaccard"] == pytest.approx(-(1 / 4) / 3)
    assert "threshold_jaccard" not in {one.score for one in comparison(volume=[4, 4], slices=[2, 5]).figures}


def test_intervals_draw_groups_and_not_cases() -> None:
    rows = {"a": table([4, 4, 2, 2]), "b": table([4, 4, 4, 4])}
    two = {"v0": "x", "v1": "x", "v2": "y", "v3": "y"}
    found = compare_evaluations(rows, groups=two, volumes=True, confidence=0.95, draws=200, seed=0)
    assert (found.n_cases, found.n_groups) == (4, 2)
    dice = next(one for one in found.figures if (one.setting, one.score) == ("a", "dice"))
    assert (dice.low, dice.high) == (pytest.approx(4 / 6), pytest.approx(1))  # whole groups: the worse or the better
    with pytest.raises(DataError, match="All 4 cases belong together"):
        compare_evaluations(rows, groups=dict.fromkeys(two, "x"), volumes=True, confidence=0.95, draws=200, seed=0)


def test_other_cases_masks_and_scores_are_refused() -> None:
    def compare(other: list[CaseScore]) -> None:
        tables = {"3D": table([4, 4]), "slices": other}
        compare_evaluations(tables, groups=None, volumes=True, confidence=0.95, draws=10, seed=0)

    with pytest.raises(DataError, match=r"3D and slices were scored on different images: 1 stand on one side only"):
        compare(table([4, 4, 4]))
    with pytest.raises(DataError, match="against different masks: 1 differ in size, first v1"):
        compare([scored("v0", found_vox=4), scored("v1", found_vox=4, label_vox=3)])
    four = np.arange(9) < LABEL_VOX
    without = [score_case(four, four, case_id=f"v{at}", both_empty=1.0, surface=False) for at in range(2)]
    with pytest.raises(DataError, match="3D and slices differ in having assd_mm, hd95_mm, surface_dice, volume_error"):
        compare(without)
    with pytest.raises(DataError, match="There is one evaluation"):
        compare_evaluations({"3D": table([4, 4])}, groups=None, volumes=True, confidence=0.95, draws=10, seed=0)


def test_the_page_has_a_column_per_evaluation_and_the_tables_every_number(tmp_path: Path) -> None:
    found = comparison(volume=[4, 4, 4, 4], slices=[2, 5, 2, 5], beside=[4, 5, 4, 5])
    folders = {name: tmp_path / "runs" / name for name in found.names}
    files = write_comparison(
        tmp_path / "out", found, folders, tolerances={**dict.fromkeys(folders), "volume": Tolerance(0.5, "mm")}
    )
    assert [file.name for file in files] == ["comparison.md", "scores.csv", "differences.csv", "scores.png"]
    assert all(file.stat().st_size for file in files)
    page = files[0].read_text()
    assert "| score | volume | slices | beside |" in page
    assert "| volume error (mm³), 0 is best | 0.000 [0.000, 0.000] | -1.000" in page
    assert page.count("Fewer than 10 groups (4): the interval is too narrow.") == 2
    assert "In p every group counts once, in the mean and its interval by its images" in page
    assert "With 4 groups no p can be below 0.12 before and 1 after the correction." in page
    assert "Surface Dice: contours within 0.5 mm (not stated by slices, beside)." in page
    assert "`runs/slices`" in page
    assert str(tmp_path) not in page
    with files[2].open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {(row["evaluation"], row["compared_with"]) for row in rows} == {("slices", "volume"), ("beside", "volume")}
    assert {float(row["difference"]) for row in rows if row["score"] == "volume_off_mm3"} == {3.0, 1.0}
