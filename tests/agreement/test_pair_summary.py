import pandas as pd
import pytest

from dermaseg_monai.agreement import by_annotators, by_factor, by_image, summarise_pairs


def table(*rows: tuple[str, str | None, str, str, float], tools: str = "") -> pd.DataFrame:
    found = pd.DataFrame(rows, columns=["case_id", "group", "annotator_a", "annotator_b", "dice"])
    found["jaccard"] = found["dice"] / (2 - found["dice"])
    found["threshold_jaccard"] = found["jaccard"].where(found["jaccard"] >= 0.65, 0.0)
    for side, letters in zip("ab", (tools[: len(rows)], tools[len(rows) :]), strict=True):
        found[f"tool_{side}"] = list(letters) if tools else None
    return found


PAIRS = table(
    ("1", None, "a", "b", 0.9), ("1", None, "a", "c", 0.6), ("1", None, "b", "c", 0.6), ("2", None, "a", "b", 0.3)
)


def test_means_over_pairs_and_over_images_are_two_numbers() -> None:
    found = summarise_pairs(PAIRS, below_dice=0.7, seed=0)
    assert (found.n_pairs, found.n_images, found.n_groups) == (4, 2, 2)
    assert found.scores["dice"].mean == pytest.approx((0.9 + 0.6 + 0.6 + 0.3) / 4)
    assert found.scores["dice"].image_mean == pytest.approx((0.7 + 0.3) / 2)
    assert found.scores["dice"].median == pytest.approx(0.6)
    assert found.scores["flagged"].mean == pytest.approx(3 / 4)
    low, high = found.scores["dice"].low, found.scores["dice"].high
    assert low is not None
    assert high is not None
    assert low < found.scores["dice"].mean < high


def test_a_bootstrap_over_patients_is_wider_than_one_that_takes_their_images_for_independent() -> None:
    rows = [(f"{n}", f"P{n // 10}", "a", "b", 0.9 if (n // 10) % 2 else 0.5) for n in range(100)]
    alone = [(case, None, a, b, dice) for case, _, a, b, dice in rows]
    grouped, single = (summarise_pairs(table(*some), below_dice=0.7, seed=0).scores["dice"] for some in (rows, alone))

    def width(score) -> float:  # noqa: ANN001
        return score.high - score.low

    assert width(grouped) > 2 * width(single)


def test_one_group_has_no_interval() -> None:
    found = summarise_pairs(table(("1", "P", "a", "b", 0.9), ("2", "P", "a", "b", 0.8)), below_dice=0.7, seed=0)
    assert found.scores["dice"].low is None


def test_a_pair_without_a_score_is_never_dropped() -> None:
    with pytest.raises(ValueError, match="1 of 4 pairs have no jaccard"):
        summarise_pairs(PAIRS.assign(jaccard=[0.8, None, 0.4, 0.2]), below_dice=0.7, seed=0)


def test_rows_by_image_and_by_annotators() -> None:
    images = by_image(PAIRS)
    assert list(images["pairs"]) == [3, 1]
    assert list(images["least_dice"]) == [0.6, 0.3]
    people = by_annotators(PAIRS, below_dice=0.7, seed=0).set_index("annotators")
    assert people.loc["a – b", "pairs"] == 2
    assert people.loc["a – b", "dice"] == pytest.approx(0.6)
    assert set(people.index) == {"a – b", "a – c", "b – c"}


def test_a_pair_of_tools_is_the_same_both_ways_and_an_unknown_tool_is_kept() -> None:
    pairs = table(("1", None, "a", "b", 0.9), ("2", None, "a", "b", 0.7), ("3", None, "a", "b", 0.5), tools="PBPBPB")
    pairs.loc[2, "tool_b"] = None
    found = by_factor(pairs, "tool", below_dice=0.7, seed=0).set_index("tool")
    assert found["pairs"].to_dict() == {"B – P": 2, "P – not known": 1}


def test_a_row_says_how_many_groups_its_interval_has() -> None:
    rows = [(f"{n}", f"P{n // 2}", "a", "b", 0.9) for n in range(6)]
    found = by_factor(table(*rows).assign(site=["arm"] * 4 + ["leg"] * 2), "site", below_dice=0.7, seed=0)
    assert found[["site", "images", "groups"]].to_numpy().tolist() == [["arm", 4, 2], ["leg", 2, 1]]
