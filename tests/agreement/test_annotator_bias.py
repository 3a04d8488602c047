from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from dermaseg_monai.agreement.annotator_bias import bias_table, scope_errors
from dermaseg_monai.agreement.case_readers import ERROR_COLUMNS, compare_readers
from dermaseg_monai.agreement.mask_facts import mask_facts
from tests.agreement.readers import SHAPE, disc


def study(cases: Sequence[dict[str, np.ndarray]], groups: dict[str, str | None] | None = None) -> pd.DataFrame:
    rows, votes = [], []
    for at, case in enumerate(cases):
        found = compare_readers(f"c{at}", list(case), list(case.values()), both_empty=1.0)
        votes += [found.votes] if found.votes is not None else []
        rows += [
            {"case_id": f"c{at}", "annotator": name, "path": f"c{at}/{name}.png", "created_at": None}
            | mask_facts(mask)
            | bias
            for (name, mask), bias in zip(case.items(), found.bias, strict=True)
        ]
    masks = pd.DataFrame(rows)
    known = groups or {f"c{at}": None for at in range(len(cases))}
    study.masks = masks  # type: ignore[attr-defined]
    return bias_table(masks, votes, known, seed=0).set_index("annotator", drop=False)


RADII = (18, 20, 22, 24, 26, 28)
STYLES = [{"tight": disc(r - 3), "one": disc(r), "two": disc(r, (51, 60)), "loose": disc(r + 4)} for r in RADII]


def test_tight_loose_and_neutral_hands_are_told_apart() -> None:
    found = study(STYLES)
    assert found["verdict"].to_dict() == {"tight": "tight", "loose": "loose", "one": "neutral", "two": "neutral"}
    assert found.loc["loose", "offset_px"] == pytest.approx(4, abs=0.5)
    assert found.loc["tight", "offset_px"] == pytest.approx(-3, abs=0.5)
    assert found.loc["loose", "offset_percent_low"] > 2
    assert found.loc["tight", "log_area_ratio_high"] < 0
    assert found.loc["tight", "others"] == 3
    assert found["images_of_three"].tolist() == [6] * 4
    assert found.loc["tight", "sensitivity"] < found.loc["one", "sensitivity"]
    assert found.loc["loose", "specificity"] < found.loc["one", "specificity"]


def test_the_interval_is_drawn_over_patients() -> None:
    by_image = study(STYLES)
    one_patient = study(STYLES, {f"c{at}": "P" for at in range(6)})
    assert by_image.loc["loose", "groups"] == 6
    assert one_patient.loc["loose", "groups"] == 1
    assert pd.isna(one_patient.loc["loose", "offset_percent_low"])
    assert one_patient.loc["loose", "verdict"] == "few images"
    four_patients = study(STYLES, {f"c{at}": f"P{at % 4}" for at in range(6)})
    assert four_patients.loc["loose", "offset_percent_low"] > 2
    assert four_patients["verdict"].unique().tolist() == ["few images"]


def test_a_small_offset_and_few_images_are_no_verdict() -> None:
    small = study([{"a": disc(40.4), "b": disc(40), "c": disc(40)} for _ in range(6)])
    assert small.loc["a", "offset_percent"] > 0
    assert small.loc["a", "verdict"] == "neutral"
    assert study(STYLES[:4])["verdict"].unique().tolist() == ["few images"]


def test_incomplete_designs_empty_masks_and_a_reader_alone() -> None:
    empty = np.zeros(SHAPE, dtype=bool)
    found = study([{"a": disc(20), "b": disc(22)}, {"b": disc(20), "c": empty}, {"d": disc(20)}])
    assert sorted(found.index) == ["a", "b", "c"]
    assert found.loc["b", ["outlines", "images", "empty"]].tolist() == [2, 2, 0]
    assert found.loc["c", "empty"] == 1
    assert found.loc["c", "dice_consensus"] == 0
    assert pd.isna(found.loc["c", "offset_px"])
    assert found["images_of_three"].tolist() == [0, 0, 0]


def test_one_annotator_gives_no_row() -> None:
    assert study([{"a": disc(20)}, {"a": disc(22)}]).empty


def test_copies_count_for_both_who_have_them() -> None:
    found = study([{"a": disc(20), "b": disc(20)}, {"a": disc(20), "b": disc(22)}, {"a": disc(25), "b": disc(24)}])
    assert found.loc["a", "copied"] == pytest.approx(2 / 3)
    assert found.loc["b", "copied"] == pytest.approx(1 / 3)


def test_inconsistent_scope_is_a_row_per_annotator_with_the_worst_case() -> None:
    found = scope_errors(study(STYLES), study.masks).set_index("annotator")  # type: ignore[attr-defined]
    assert set(found.index) == {"tight", "loose"}
    assert found.loc["tight", "case_id"] == "c0"  # 3 px are most of the smallest
    assert found.loc["loose", "finding"] == "loose"
    assert "outside those of the others" in found.loc["loose", "explanation"]
    assert {"annotator", *found.columns} == set(ERROR_COLUMNS)
    neutral = study([{"a": disc(20), "b": disc(20, (51, 60))} for _ in range(6)])
    assert scope_errors(neutral, study.masks).empty  # type: ignore[attr-defined]
