from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from dermaseg_monai.agreement import ReadCase, Reading, measure, reader_tables
from dermaseg_monai.agreement.drift import chart_drift
from dermaseg_monai.agreement.measurement import Measured, no_masks
from dermaseg_monai.images import write_mask
from tests.agreement.readers import disc

RADII = (20, 22, 24, 26, 28, 30)


@pytest.fixture
def measured(tmp_path: Path) -> Measured:
    cases = []
    for at, radius in enumerate(RADII):
        drawn = {
            "one": disc(radius),
            "two": disc(radius, (51, 60)),
            "three": disc(radius, (50, 61)),
            "loose": disc(radius + 5),
        }
        if at == 3:
            drawn["two"] = drawn["one"]
        for name, mask in drawn.items():
            write_mask(tmp_path / f"{at}_{name}.png", mask)
        readings = tuple(
            Reading(name, tmp_path / f"{at}_{name}.png", created_at=f"2026-01-0{1 + at}" if at else None)
            for name in drawn
        )
        cases.append(ReadCase(f"c{at}", readings, group=f"P{at}"))
    return measure(cases, tolerance_px=2.0, both_empty=1.0)


def test_four_files_and_two_sections(measured: Measured, tmp_path: Path) -> None:
    tables = reader_tables(measured, seed=0)
    tables.write(tmp_path / "out")
    bias = pd.read_csv(tmp_path / "out" / "bias.csv").set_index("annotator")
    assert bias["verdict"].to_dict() == {"loose": "loose", "one": "neutral", "two": "neutral", "three": "neutral"}
    assert bias["groups"].tolist() == [6, 6, 6, 6]
    assert len(pd.read_csv(tmp_path / "out" / "copies.csv")) == 2
    errors = pd.read_csv(tmp_path / "out" / "errors.csv")
    assert errors.iloc[-1][["type", "annotator", "finding"]].tolist() == ["inconsistent scope", "loose", "loose"]
    assert set(errors["type"]) == {"boundary placement", "inconsistent scope"}
    sizes = [abs(size) for size in errors["measure"]][:-1]
    assert sizes == sorted(sizes, reverse=True)
    assert pd.read_csv(tmp_path / "out" / "drift.csv").empty
    people, found = tables.sections()
    assert "| loose | loose | 6 | +" in people
    assert "Copied masks: 2 equal another annotator's of the case, 0 that of another case." in people
    assert "Drift: 4 outlines have no date." in people
    assert "too few dated outlines, or one date only, of loose, one, three, two" in people
    assert "who of the two is right" not in people
    assert "loose, one, three, two: fewer than 10 lesions or patients (images, where neither is known)" in people
    assert "| boundary placement: too loose | 6 | 0 | 0 | 0 |" in found
    assert "| missing region: none found | 0 | 0 | 0 | 0 |" in found


def test_the_note_on_drift_says_where_the_limits_come_from(measured: Measured) -> None:
    charts = chart_drift(pd.concat([measured.masks] * 2))  # ten dated outlines each, fewer than 60
    people, _ = replace(reader_tables(measured, seed=0), drift=charts).sections()
    assert "limits from the first 30 outlines, from all of who drew fewer than 60), beyond a limit" in people


def test_the_worst_of_each_kind_comes_once(measured: Measured) -> None:
    worst = reader_tables(measured, seed=0).worst()
    assert worst[["type", "finding"]].to_numpy().tolist() == [
        ["boundary placement", "too loose"],
        ["inconsistent scope", "loose"],
    ]
    assert worst.iloc[0]["case_id"] == "c0"


def test_two_readers_are_told_that_nobody_knows_who_is_right(measured: Measured) -> None:
    rows = [row for row in measured.masks.to_dict("records") if row["annotator"] in {"one", "loose"}]
    kept = [
        ReadCase(
            case_id, tuple(Reading(row["annotator"], Path(row["path"])) for row in rows if row["case_id"] == case_id)
        )
        for case_id in sorted({row["case_id"] for row in rows})
    ]
    tables = reader_tables(measure(kept, tolerance_px=2.0, both_empty=1.0), seed=0)
    assert tables.bias["verdict"].tolist() == ["loose", "tight"]
    assert "loose, one drew no image together with two others" in tables.sections()[0]


def test_only_some_cases(measured: Measured) -> None:
    some = measured.only({"c1", "c2"})
    assert (
        set(some.masks["case_id"])
        == set(some.pairs["case_id"])
        == {one.case_id for one in some.patterns}
        == {"c1", "c2"}
    )
    assert set(some.errors["case_id"]) <= {"c1", "c2"}


def test_pairs_without_masks_say_nothing_of_who_draws_how() -> None:
    pairs = pd.DataFrame({"case_id": ["x"], "group": [None], "annotator_a": ["a"], "annotator_b": ["b"], "dice": [0.5]})
    tables = reader_tables(no_masks(pairs), seed=0)
    assert tables.bias.empty
    assert tables.sections() == []
