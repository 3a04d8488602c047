from pathlib import Path

import pytest

from dermaseg_monai.manifest import Case, FileRecord, Manifest, Split
from dermaseg_monai.manifest.description import (
    Comparison,
    Described,
    Row,
    compare_sets,
    compare_sources,
    compare_splits,
    summarise,
)
from dermaseg_monai.manifest.description.features import FEATURES


def made(
    name: str,
    ages: list[float],
    *,
    sex: str = "female",
    split: Split = "train",
    source: str | None = None,
    patient: str | None = None,
) -> Described:
    cases = tuple(
        Case(
            f"{name}{at:03d}",
            FileRecord(f"{name}{at}.png", f"{name}{at}".encode().hex().rjust(64, "0")),
            (),
            split,
            patient_id=patient,
        )
        for at in range(len(ages))
    )
    empty = dict.fromkeys(feature.name for feature in FEATURES)
    rows = tuple(
        Row(case.id, split, "measured", "", "", {**empty, "age": age, "sex": sex, "source": source})
        for case, age in zip(cases, ages, strict=True)
    )
    return Described(name, Manifest(name, "1", None, cases), Path(), rows)


def joined(first: Described, second: Described) -> Described:
    manifest = Manifest("both", "1", None, first.manifest.cases + second.manifest.cases)
    return Described("both", manifest, Path(), first.rows + second.rows)


def distance(comparison: Comparison, name: str) -> tuple[float, bool]:
    found = next(one for one in comparison.distances if one.feature.name == name)
    return found.value, found.beyond_chance


AGES = [float(20 + at % 40) for at in range(80)]


def test_a_shift_is_found_with_its_size_and_the_new_range_with_examples() -> None:
    comparison = compare_sets(made("a", AGES), made("b", [age + 30 for age in AGES]))
    assert distance(comparison, "age") == (pytest.approx(30), True)
    assert distance(comparison, "sex") == (0, False)
    novelty = next(one for one in comparison.novelties if one.feature.name == "age")
    assert novelty.what.startswith("above 59")
    assert novelty.share_b == pytest.approx(0.75, abs=0.02)
    assert novelty.examples[0] == "b039"


def test_like_sets_hold_nothing_new_and_unknown_features_are_named() -> None:
    comparison = compare_sets(made("a", AGES), made("b", AGES))
    assert comparison.novelties == ()
    assert distance(comparison, "age") == (0, False)
    assert "Hair" in comparison.not_compared


def test_a_category_that_was_never_trained_on_is_new() -> None:
    b = joined(made("b", AGES), made("c", AGES[:20], sex="other"))
    novelty = next(one for one in compare_sets(made("a", AGES), b).novelties if one.feature.name == "sex")
    assert (novelty.what, novelty.count_a, novelty.count_b, novelty.share_b) == ("other", 0, 20, 0.2)


def test_nothing_is_new_where_the_first_set_records_nothing() -> None:
    assert compare_sets(made("a", AGES), made("b", AGES, source="clinic")).novelties == ()


def test_splits_are_compared_with_training_when_they_are_large_enough() -> None:
    both = joined(made("a", AGES), made("b", AGES[:40], split="test"))
    assert [(one.a, one.b, one.counts) for one in compare_splits(both)] == [("train", "test", (80, 40))]
    assert compare_splits(joined(made("a", AGES), made("b", AGES[:19], split="test"))) == []


def test_sources_are_compared_with_the_rest_and_not_by_their_own_names() -> None:
    both = joined(made("a", AGES, source="Vienna"), made("b", [age + 20 for age in AGES], source="Sydney"))
    found = compare_sources(both)
    assert [(one.a, one.b) for one in found] == [("all but Sydney", "Sydney"), ("all but Vienna", "Vienna")]
    assert {one.feature.name for one in found[0].distances} == {"age", "sex"}
    assert compare_sources(made("a", AGES, source="Vienna")) == []


def test_features_of_one_patient_are_not_compared_because_chance_cannot_divide_them() -> None:
    ages = [age + 20 for age in AGES]
    both = joined(made("a", AGES, source="Vienna", patient="P"), made("b", ages, source="Sydney", patient="P"))
    found = compare_sources(both)[0]
    assert found.distances == ()
    assert found.of_one_group == ("Age", "Sex")
    assert "Age" not in found.not_compared
    assert found.to_json()["of_one_group"] == ["Age", "Sex"]


def test_excluded_cases_take_no_part() -> None:
    b = joined(made("b", AGES), made("c", [99.0] * 30, split="excluded"))
    assert compare_sets(made("a", AGES), b).counts == (80, 80)


def test_the_summary_counts_known_and_missing() -> None:
    found = summarise(joined(made("a", AGES), made("b", [50.0, 60.0], split="val")))
    assert found["cases"] == 82
    assert found["splits"]["val"]["age"]["quantiles"]["0.5"] == 55
    assert found["all"]["hair"] == {"known": 0, "missing": 82}
    assert found["all"]["sex"]["counts"] == {"female": 82}
