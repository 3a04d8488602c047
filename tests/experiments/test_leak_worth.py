from dataclasses import replace

import pytest

from dermaseg_monai.errors import DataError
from dermaseg_monai.experiments.leak_worth import LeakWorth, Side, leak_worth, side_of
from dermaseg_monai.manifest import Case, Manifest
from dermaseg_monai.metrics import CaseScore
from tests.experiments.small_ablation import case as score
from tests.experiments.small_matrix import make_case


def sides() -> tuple[Side, Side]:
    """s1 to s3 are sisters of trained lesions in the first split; f1 to f3 are of lesions that neither trains on."""
    shared = [make_case(f"s{n}", "val", lesion_id=f"S{n}") for n in (1, 2, 3)]
    fresh = [make_case(f"f{n}", "val", lesion_id=f"F{n}") for n in (1, 2, 3)]
    sisters = [make_case(f"t{n}", "train", lesion_id=f"S{n}") for n in (1, 2, 3)]
    others = [make_case(f"u{n}", "train", lesion_id=f"U{n}") for n in (1, 2, 3)]
    first = Manifest("set", "1", None, (*shared, *fresh, *sisters))
    second = Manifest("set", "1", None, (*shared, *fresh, *others))
    high = [score(f"s{n}", 0.9) for n in (1, 2, 3)] + [score(f"f{n}", 0.7) for n in (1, 2, 3)]
    low = [score(f"s{n}", 0.8) for n in (1, 2, 3)] + [score(f"f{n}", 0.68) for n in (1, 2, 3)]
    return side_of("one", first, high, "val"), side_of("two", second, low, "val")


def value(found: LeakWorth, name: str, measure: str = "jaccard") -> float:
    (row,) = [row for row in (*found.means, *found.differences) if row.name == name]
    return row.values[measure][0]


def test_cases_that_share_a_lesion_with_the_training_part_are_seen() -> None:
    one, two = sides()
    assert one.seen == {"s1", "s2", "s3"}
    assert two.seen == frozenset()


def test_the_leak_is_what_sisters_gain_beyond_what_strangers_do() -> None:
    found = leak_worth(*sides(), seed=0)
    assert value(found, "one: all") == pytest.approx(0.8)
    assert value(found, "one: lesion trained on") == pytest.approx(0.9)
    assert value(found, "one: lesion not trained on") == pytest.approx(0.7)
    assert value(found, "two: all") == pytest.approx(0.74)
    assert value(found, "one - two") == pytest.approx(0.06)
    assert value(found, "one: trained on - not trained on") == pytest.approx(0.2)
    assert value(found, "same images: lesion trained on in the first") == pytest.approx(0.1)
    assert value(found, "same images: lesion trained on in neither") == pytest.approx(0.02)
    assert found.worth is not None
    mean, low, high = found.worth.values["jaccard"]
    assert mean == pytest.approx(0.08)
    assert low == pytest.approx(0.08)  # all lesions gain alike, so no draw differs
    assert high == pytest.approx(0.08)


def test_photographs_of_one_lesion_are_drawn_together() -> None:
    one, two = sides()
    names = dict.fromkeys(one.groups, "f1") | {"s1": "s1", "s2": "s1", "s3": "s1"}
    found = leak_worth(replace(one, groups=names), two, seed=0)
    assert found.worth is None  # one lesion of either kind is left
    assert value(found, "one: all") == pytest.approx(0.8)


def test_images_that_only_one_side_scored_are_in_no_pair() -> None:
    one, two = sides()
    fewer = replace(two, scores=[one_score for one_score in two.scores if one_score.case_id not in ("s1", "f1")])
    found = leak_worth(one, fewer, seed=0)
    assert [row.n for row in found.differences[2:]] == [2, 2, 4]


def test_sides_in_the_wrong_order_are_refused() -> None:
    one, two = sides()
    with pytest.raises(DataError, match=r"3 of 6 cases of one share .* first s1"):
        leak_worth(two, one, seed=0)
    with pytest.raises(DataError, match="no leak to price"):
        leak_worth(two, two, seed=0)


@pytest.mark.parametrize(("scores", "words"), [(["a"], "b \\(not scored\\)"), (["a", "b", "c"], "c \\(scored, but")])
def test_scores_of_other_cases_are_refused(scores: list[str], words: str) -> None:
    cases: list[Case] = [make_case("a", "val"), make_case("b", "val"), make_case("c", "test")]
    found: list[CaseScore] = [score(name, 0.5) for name in scores]
    with pytest.raises(DataError, match=words):
        side_of("one", Manifest("set", "1", None, tuple(cases)), found, "val")
