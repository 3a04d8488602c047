from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dermaseg_monai.errors import DataError
from dermaseg_monai.experiments.leak_worth import LeakWorth, Side, WorthRow, leak_worth, side_of
from dermaseg_monai.experiments.leak_worth_files import write_leak_worth
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
    one_lesion = [replace(case, lesion_id="S1") if case.id.startswith("s") else case for case in one.cases]
    found = leak_worth(replace(one, cases=one_lesion), two, seed=0)
    assert found.worth is None  # one lesion of the kind that was trained on is left
    assert value(found, "one: all") == pytest.approx(0.8)
    assert next(row for row in found.means if row.name == "one: all").n_groups == 4


def test_images_of_both_sides_move_them_together_and_count_once() -> None:
    one, two = sides()
    spread = dict(zip(("s1", "s2", "s3", "f1", "f2", "f3"), np.linspace(0.2, 0.8, 6).tolist(), strict=True))
    better = replace(one, scores=[score(name, jaccard + 0.1) for name, jaccard in spread.items()])
    plain = replace(two, scores=[score(name, jaccard) for name, jaccard in spread.items()])
    row = leak_worth(better, plain, seed=0).differences[0]
    assert row.name == "one - two"
    assert (row.n, row.n_groups) == (6, 6)
    # every image gains .1, so whichever are drawn the two differ by it
    assert row.values["jaccard"] == pytest.approx((0.1, 0.1, 0.1))


def test_a_lesion_that_another_photograph_ties_to_the_training_part_is_seen() -> None:
    # a2 shares its patient with a1, whose lesion was trained on: drawn apart, one person stood on both sides
    cases = [make_case("t", "train", lesion_id="A"), make_case("a1", "val", lesion_id="A", patient_id="P")]
    cases += [make_case("a2", "val", patient_id="P"), make_case("b", "val")]
    side = side_of("one", Manifest("set", "1", None, tuple(cases)), [score(n, 0.5) for n in ("a1", "a2", "b")], "val")
    assert side.seen == {"a1", "a2"}


def test_an_excluded_photograph_ties_a_lesion_to_the_training_part() -> None:
    between = make_case("x", "excluded", lesion_id="L", patient_id="P")
    cases = (make_case("t", "train", lesion_id="L"), between, make_case("s", "val", patient_id="P"))
    side = side_of("one", Manifest("set", "1", None, cases), [score("s", 0.9)], "val")
    assert side.seen == {"s"}
    assert [case.id for case in side.cases] == ["s", "t", "x"]


def worth_of(n_sisters: int, *, gain: float, folder: Path) -> tuple[WorthRow, str]:
    """Price a leak of so many sisters and 12 strangers; the gains of the sisters lie around `gain`."""
    names = [f"s{n}" for n in range(n_sisters)], [f"f{n}" for n in range(12)]
    val = [make_case(name, "val", lesion_id=name) for part in names for name in part]
    taught = [make_case(f"t{n}", "train", lesion_id=f"s{n}") for n in range(n_sisters)]
    leaky = Manifest("set", "1", None, (*val, *taught))
    clean = Manifest("set", "1", None, (*val, make_case("u", "train")))
    base = {case.id: 0.5 for case in val}
    moved = base | {name: 0.5 + gain + 0.01 * (-1) ** at for at, name in enumerate(names[0])}
    one, two = (
        side_of(name, manifest, [score(*row) for row in found.items()], "val")
        for name, manifest, found in (("one", leaky, moved), ("two", clean, base))
    )
    found = leak_worth(one, two, seed=0)
    assert found.worth is not None
    write_leak_worth(folder, found, one, two, [])
    return found.worth, (folder / "leak_worth.md").read_text()


@pytest.mark.parametrize(
    ("n_sisters", "gain", "verdict"),
    [
        (2, 0.1, "too few lesions to say (2 on one side; it takes 10)."),
        (9, 0.1, "too few lesions to say (9 on one side; it takes 10)."),
        (10, 0.1, "images concerned: told apart from nothing."),
        (10, 0.0, "images concerned: not told apart from nothing."),
    ],
)
def test_few_lesions_give_no_verdict(n_sisters: int, gain: float, verdict: str, tmp_path: Path) -> None:
    worth, page = worth_of(n_sisters, gain=gain, folder=tmp_path)
    assert (worth.n, worth.n_groups) == (n_sisters + 12, n_sisters)
    assert verdict in page
    assert ("Fewer than 10 groups" in page) is (n_sisters < 10)
    assert f"| the last two: what the leak is worth | {n_sisters + 12} | {n_sisters} | " in page


def test_images_that_only_one_side_scored_are_in_no_pair() -> None:
    one, two = sides()
    fewer = replace(two, scores=[one_score for one_score in two.scores if one_score.case_id not in ("s1", "f1")])
    found = leak_worth(one, fewer, seed=0)
    assert [row.n for row in found.differences[2:]] == [2, 2, 4]


def test_sides_in_the_wrong_order_are_refused() -> None:
    one, two = sides()
    with pytest.raises(DataError, match=r"3 of 6 cases of the evaluation one share .* first s1"):
        leak_worth(two, one, seed=0)
    with pytest.raises(DataError, match="no leak to price"):
        leak_worth(two, two, seed=0)


@pytest.mark.parametrize(("scores", "words"), [(["a"], "b \\(not scored\\)"), (["a", "b", "c"], "c \\(scored, but")])
def test_scores_of_other_cases_are_refused(scores: list[str], words: str) -> None:
    cases: list[Case] = [make_case("a", "val"), make_case("b", "val"), make_case("c", "test")]
    found: list[CaseScore] = [score(name, 0.5) for name in scores]
    with pytest.raises(DataError, match=words):
        side_of("one", Manifest("set", "1", None, tuple(cases)), found, "val")
