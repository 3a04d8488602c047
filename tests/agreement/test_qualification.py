from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dermaseg_monai.agreement.qualification import Limits, qualify
from dermaseg_monai.agreement.trainee_score import TRAINEE_COLUMNS, drawn_by, score_against_reference
from dermaseg_monai.manifest import Annotation, Case, FileRecord, Manifest, Role

LIMITS = Limits(min_cases=4, min_dice=0.8, low_dice=0.7, max_low_share=0.25, max_offset_percent=5.0)


def scores(*rows: Mapping[str, object]) -> pd.DataFrame:
    sound = {"dice": 0.9, "jaccard": 0.8, "offset_percent": 1.0, "missed": False}
    return pd.DataFrame(
        [{"case_id": str(at), **sound, **row} for at, row in enumerate(rows)], columns=[*TRAINEE_COLUMNS]
    )


def failed(table: pd.DataFrame) -> dict[str, str]:
    return {one.name: one.reason for one in qualify(table, LIMITS).criteria if not one.passed}


def test_a_trainee_at_the_limits_passes() -> None:
    table = scores({"dice": 0.6, "offset_percent": -5.0}, {"offset_percent": 5.0}, {"dice": 0.8}, {"dice": 0.9})
    verdict = qualify(table, LIMITS)
    assert (verdict.passed, verdict.reasons) == (True, ())
    found = {one.name: one.found for one in verdict.criteria}
    assert found["mean Dice"] == "0.8000"
    assert found["cases with Dice below 0.70"] == "25.0%"
    assert found["boundary offset (mean, unsigned)"] == "3.00% (signed +0.50%)"


def test_each_criterion_fails_for_its_own_reason() -> None:
    assert failed(scores({}, {}, {})) == {"cases": "3 cases are scored; 4 are needed."}
    assert failed(scores(*[{"dice": 0.75}] * 4)) == {"mean Dice": "Mean Dice 0.7500 is below 0.800."}
    low = scores({"dice": 0.6}, {"dice": 0.5}, *[{"dice": 1.0}] * 3)
    assert failed(low) == {"cases with Dice below 0.70": "2 of 5 cases (40.0%) have Dice below 0.70, worst 1."}
    tight = scores({"offset_percent": -9.0}, {"offset_percent": -7.0}, *[{}] * 2, {"offset_percent": -9.0})
    assert failed(tight) == {
        "boundary offset (mean, unsigned)": "Outlines lie 5.40% of the diameter off, on the whole too tight (-4.60%)."
    }
    missed = scores({"dice": 0.0, "offset_percent": None, "missed": True}, *[{"dice": 1.0}] * 4)
    assert failed(missed) == {"missed lesions": "1 lesions are missed, first that of 0."}
    lost = scores({"dice": None, "jaccard": None, "missed": None, "unusable": "x.png is cut short."}, *[{}] * 4)
    assert failed(lost) == {"usable masks": "1 masks cannot be scored, first x.png is cut short."}


def test_without_a_usable_mask_nothing_is_met_but_no_lesion_was_missed() -> None:
    table = scores({"dice": None, "missed": None, "offset_percent": None, "unusable": "x"})
    assert len(failed(table)) == 5


def test_the_offset_of_a_square_that_grew_by_two_pixels() -> None:
    reference, wide = np.zeros((60, 60), dtype=bool), np.zeros((60, 60), dtype=bool)
    reference[10:50, 10:50] = True
    wide[8:52, 8:52] = True
    out, inwards = (score_against_reference(*pair, both_empty=1.0) for pair in ((wide, reference), (reference, wide)))
    assert out["dice"] == pytest.approx(2 * 1600 / (1600 + 1936))
    assert out["offset_px"] == pytest.approx(2.0, abs=0.05)  # a little more at the corners of the outer one
    assert inwards["offset_px"] == pytest.approx(-out["offset_px"])
    assert out["offset_percent"] == pytest.approx(100 * out["offset_px"] / (2 * np.sqrt(1600 / np.pi)))


def test_missed_lesions_and_two_empty_masks() -> None:
    empty, lesion, elsewhere = (np.zeros((9, 9), dtype=bool) for _ in range(3))
    lesion[1:3, 1:3] = True
    elsewhere[6:8, 6:8] = True
    found = [
        score_against_reference(mask, reference, both_empty=1.0)
        for mask, reference in ((empty, lesion), (elsewhere, lesion), (empty, empty), (lesion, empty))
    ]
    assert [row["missed"] for row in found] == [True, True, False, False]
    assert [row["dice"] for row in found] == [0, 0, 1, 0]
    assert [row["offset_px"] is None for row in found] == [True, False, True, True]


def test_a_case_that_the_trainee_drew_twice_counts_once_with_the_newest_outline(tmp_path: Path) -> None:
    def drawn(name: str, role: Role, created_at: str | None) -> Annotation:
        return Annotation(FileRecord(f"{name}.png", "0" * 64, size_px=(4, 4)), "ann", created_at=created_at, role=role)

    early, late = "2026-03-01T23:30:00-05:00", "2026-03-02T03:00:00+00:00"  # late is half past ten in the first zone
    annotations = (drawn("ref", "reference", None), drawn("new", "reader", early), drawn("old", "reader", late))
    case = Case("c", FileRecord("c.png", "0" * 64, size_px=(4, 4)), annotations, split="test")
    manifest = Manifest(name="m", version="1", licence="CC0-1.0", cases=(case,))
    assert [one.mask.name for one in drawn_by(manifest, "ann", tmp_path)] == ["new.png"]
    undated = replace(case, annotations=(annotations[0], *(drawn(name, "reader", None) for name in ("a", "b"))))
    assert [one.mask.name for one in drawn_by(replace(manifest, cases=(undated,)), "ann", tmp_path)] == ["b.png"]
