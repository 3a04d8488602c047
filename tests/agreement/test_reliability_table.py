from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dermaseg_monai.agreement import ReadCase, Reading, Votes, cohen_kappa, measure, reliability
from dermaseg_monai.agreement.measurement import Measured
from dermaseg_monai.agreement.reliability_table import RELIABILITY_COLUMNS
from tests.agreement.conftest import Write

SEED = 0
Drawn = Mapping[str, Sequence[tuple[str, tuple[slice, slice] | None]]]
"""Per case who drew which rectangle; None is an empty outline."""


def square(size: int, left: int = 10) -> tuple[slice, slice]:
    return slice(10, 10 + size), slice(left, left + size)


def measured(write: Write, drawn: Drawn) -> Measured:
    cases = [
        ReadCase(
            case, tuple(Reading(who, write(f"{case}_{n}.png", *(at or ()))) for n, (who, at) in enumerate(outlines))
        )
        for case, outlines in drawn.items()
    ]
    return measure(cases, tolerance_px=2.0, both_empty=1.0, band_diameters=0.2)


def table_of(found: Measured) -> pd.DataFrame:
    return reliability(found.pairs, found.masks, found.votes, seed=SEED)


def row(table: pd.DataFrame, name: str, what: str, who: str = "all readers") -> dict[Any, Any]:
    chosen = table[table["name"].str.startswith(name) & table["what"].str.startswith(what) & (table["who"] == who)]
    (found,) = pd.DataFrame(chosen).to_dict("records")
    return found


def three_cases(write: Write) -> Measured:
    return measured(
        write,
        {
            "p": [("a", square(20)), ("b", square(20, 12))],
            "q": [("a", square(10)), ("c", square(10, 11)), ("b", square(12))],
            "r": [("b", square(16)), ("c", square(14))],
        },
    )


def test_every_statistic_stands_once_with_value_interval_and_definition(write: Write) -> None:
    table = table_of(three_cases(write))
    assert tuple(table.columns) == RELIABILITY_COLUMNS
    assert not table.duplicated(["name", "what", "who"]).any()
    assert table["definition"].str.len().gt(0).all()
    given = [one for one in table.to_dict("records") if pd.notna(one["low"])]
    assert given
    assert all(one["low"] <= one["value"] <= one["high"] for one in given)
    assert set(table["who"]) == {"all readers", "pairs of different people", "a – b", "a – c", "b – c"}
    assert row(table, "ICC", "area")["n"] == 3


def test_kappa_of_whole_images_is_higher_than_on_the_band(write: Write) -> None:
    table = table_of(three_cases(write))
    for name in ("Fleiss kappa", "Krippendorff alpha"):
        assert row(table, name, "whole image")["value"] > row(table, name, "band (0.2 diameters)")["value"]


def test_two_annotators_are_pooled_over_their_pixels(write: Write) -> None:
    found = three_cases(write)
    # p: 20 x 20, 18 columns shared; q: 10 x 10 inside 12 x 12
    expected = cohen_kappa(360.0 + 100.0, 400.0 + 100.0, 400.0 + 144.0, 2 * 2400.0)
    assert row(table_of(found), "Cohen", "whole image", "a – b")["value"] == pytest.approx(float(expected))


def test_one_person_twice_is_a_row_of_its_own_and_one_reader_to_all_others(write: Write) -> None:
    drawn = {"p": [("a", square(20)), ("a", square(18)), ("b", square(20))], "q": [("a", square(9)), ("b", square(8))]}
    found = measured(write, drawn)
    table = table_of(found)
    assert row(table, "Cohen", "whole image", "one person twice")["n"] == 1
    assert row(table, "ICC", "area")["value"] == pytest.approx(
        row(table_of(measured(write, {"p": [drawn["p"][0], drawn["p"][2]], "q": drawn["q"]})), "ICC", "area")["value"]
    )


def test_only_cases_and_groups_of_the_pairs_count(write: Write) -> None:
    found = three_cases(write)
    some = pd.DataFrame(found.pairs[found.pairs["case_id"] != "r"])
    table = reliability(some, found.masks, found.votes, seed=SEED)
    assert row(table, "Fleiss", "band")["n"] == 2
    one_patient = reliability(some.assign(group="P"), found.masks, found.votes, seed=SEED)
    assert pd.isna(row(one_patient, "Fleiss", "band")["low"])
    assert row(one_patient, "Fleiss", "band")["value"] == row(table, "Fleiss", "band")["value"]


def test_an_interval_of_few_groups_says_that_it_is_too_narrow(write: Write) -> None:
    found = three_cases(write)
    words = "fewer than 10 lesions or patients (images, where neither is known): the interval is too narrow"
    assert row(table_of(found), "Fleiss", "band")["note"] == words
    one_patient = reliability(found.pairs.assign(group="P"), found.masks, found.votes, seed=SEED)
    assert row(one_patient, "Fleiss", "band")["note"] == ""
    many = measured(write, {f"c{at}": [("a", square(20)), ("b", square(20 - at))] for at in range(10)})
    assert row(table_of(many), "Fleiss", "band")["note"] == ""


def test_empty_outlines_are_named_and_have_no_logarithm(write: Write) -> None:
    table = table_of(
        measured(
            write,
            {
                "p": [("a", square(20)), ("b", None)],
                "q": [("a", None), ("b", None)],
                "r": [("a", square(9)), ("b", square(8))],
            },
        )
    )
    assert row(table, "ICC", "log area")["note"].startswith("not available: 1 case was measured by two readers")
    assert row(table, "ICC", "log area")["note"].endswith("3 empty outlines left out")
    assert row(table, "ICC", "area")["value"] < 0.5
    assert row(table, "Cohen", "band", "pairs of different people")["note"].endswith(
        "the interval is too narrow; 1 pairs left out: chance alone agrees on every pixel"
    )


def test_one_case_and_equal_outlines_give_reasons_and_no_numbers(write: Write) -> None:
    table = table_of(measured(write, {"p": [("a", square(20)), ("b", square(20))]}))
    assert row(table, "Fleiss", "band")["value"] == 1
    assert row(table, "Krippendorff", "area")["note"] == "not available: all judgements are the same"
    assert row(table, "ICC", "area")["note"].startswith("not available: 1 case")
    nothing = table_of(measured(write, {"p": [("a", None), ("b", None)]}))
    assert set(nothing["value"].isna()) == {True}
    assert set(nothing["note"].str.startswith("not available")) == {True}


def test_pairs_without_masks_have_no_statistics_and_say_so() -> None:
    pairs = pd.DataFrame({"case_id": ["c"], "annotator_a": ["a"], "annotator_b": ["b"], "dice": [0.8]})
    table = reliability(pairs, pd.DataFrame(), None, seed=SEED)
    assert set(table["value"].isna()) == {True}
    assert set(table["note"]) == {"not available: the table of pairs comes without its masks"}
    assert len(table) == 4


def test_two_processes_count_what_one_counts(write: Write) -> None:
    rng = np.random.default_rng(0)
    cases = []
    for number in range(130):
        size = int(rng.integers(5, 15))
        paths = [write(f"{number}_{who}.png", *square(size + step)) for step, who in enumerate("ab")]
        cases.append(ReadCase(f"c{number:03d}", tuple(Reading(who, at) for who, at in zip("ab", paths, strict=True))))
    one, two = (
        measure(cases, tolerance_px=2.0, both_empty=1.0, surface=False, band_diameters=0.2, workers=workers).votes
        for workers in (1, 2)
    )
    assert isinstance(one, Votes)
    assert isinstance(two, Votes)
    pd.testing.assert_frame_equal(one.table, two.table)
