import json
from dataclasses import replace

from dermaseg_monai.assurance import StressRow, choose_cases, summarise_stress, worst_cases
from dermaseg_monai.manifest import Manifest
from tests.assurance.bench import BRIGHTER, COVERED

DICES = {
    ("none", 0): (1.0, 0.9, 0.8),
    ("covered", 1): (0.5, 0.9, 0.7),
    ("covered", 2): (0.4, 0.1, 0.8),
    ("brighter", 1): (0.0, 0.0, 0.0),
    ("brighter", 2): (0.0, 0.0, 0.0),
}
ROWS = [
    StressRow(case_id, stressor, step, float(step) or None, dice, dice, dice, 1, 1)
    for (stressor, step), found in DICES.items()
    for case_id, dice in zip("abc", found, strict=True)
]


def test_the_worst_are_those_that_fell_most_each_at_its_worst_level() -> None:
    found = [(one.stressor, one.case_id, one.step, round(one.drop, 3)) for one in worst_cases(ROWS)]
    assert found == [
        ("covered", "b", 2, 0.8),
        ("covered", "a", 2, 0.6),
        ("brighter", "a", 1, 1.0),
        ("brighter", "b", 1, 0.9),
    ]


def test_who_loses_nothing_is_no_worst_case() -> None:
    clean = [row for row in ROWS if row.case_id == "c" and row.stressor in ("none", "covered") and row.step != 1]
    assert worst_cases(clean) == ()


def test_the_ranking_begins_with_what_hurts_most(three: Manifest) -> None:
    failed = StressRow("a", "covered", 1, 1.0, reason="cut short")
    rows = [failed if (row.case_id, row.stressor, row.step) == ("a", "covered", 1) else row for row in ROWS]
    found = summarise_stress(rows, stressors=[COVERED, BRIGHTER], cases=three.cases, seed=0)
    assert [curve.stressor for curve in found.curves] == ["covered", "brighter"]
    assert [curve.stressor for curve in found.ranking] == ["brighter", "covered"]
    assert [curve.n for curve in found.curves] == [2, 3]
    assert found.failed == {"a": "cut short"}
    data = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert data["ranking"] == ["brighter", "covered"]
    assert data["curves"][1]["points"][0]["drops"]["dice"]["mean"] == 0.9


def test_a_case_that_was_not_tested_ties_two_that_were(three: Manifest) -> None:
    a, b, c = (replace(case, lesion_id=None, patient_id=None) for case in three.cases)
    tied = (replace(a, lesion_id="L"), replace(b, patient_id="P"), replace(c, lesion_id="L", patient_id="P"))
    rows = [row for row in ROWS if row.case_id in "ab"]
    (alone,), (together,) = (
        summarise_stress(rows, stressors=[COVERED], cases=cases, seed=0).curves for cases in ((a, b, c), tied)
    )
    assert (alone.n_groups, together.n_groups) == (2, 1)


def test_the_same_seed_gives_the_same_intervals(three: Manifest) -> None:
    first, again = (summarise_stress(ROWS, stressors=[COVERED], cases=three.cases, seed=3) for _ in range(2))
    assert first == again


def test_cases_are_chosen_by_their_ids_alone_and_fewer_are_among_more(three: Manifest) -> None:
    cases = three.cases
    assert choose_cases(cases, None) == choose_cases(cases, 9) == cases
    two, one = choose_cases(cases[::-1], 2), choose_cases(cases, 1)
    # sha256: a ca97..., b 3e23..., c 2e7d...
    assert [case.id for case in two] == ["b", "c"]
    assert [case.id for case in one] == ["c"]
