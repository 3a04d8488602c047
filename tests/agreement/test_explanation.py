import numpy as np
import pandas as pd
import pytest

from dermaseg_monai.agreement import explain_disagreement
from dermaseg_monai.agreement.explanation import MODEL_COLUMNS
from dermaseg_monai.agreement.factors import independent, pair_factors

SHARES = ("all factors", "image", "two annotators", "residual")


def pairs_of(n_images: int = 120, seed: int = 0) -> pd.DataFrame:
    """Three people outline every image; the tool lowers Dice, the skill does not, some images are hard."""
    rng = np.random.default_rng(seed)
    rows = []
    for image in range(n_images):
        hard = rng.normal() * 0.1
        for one, other in (("a", "b"), ("a", "c"), ("b", "c")):
            tools, skills = rng.choice(["brush", "fill"], 2), rng.choice(["expert", "novice"], 2)
            angle = 0.35 + 0.2 * (tools[0] != tools[1]) + hard + rng.normal() * 0.05
            rows.append(
                {"case_id": f"c{image}", "group": None, "annotator_a": one, "annotator_b": other}
                | {"tool_a": tools[0], "tool_b": tools[1], "skill_a": skills[0], "skill_b": skills[1]}
                | {"dice": np.cos(np.clip(angle, 0, np.pi / 2)) ** 2, "area_a_px": 900, "area_b_px": 1100}
            )
    return pd.DataFrame(rows)


def value(table: pd.DataFrame, name: str, what: str, column: str = "value") -> float:
    (found,) = table[(table["name"] == name) & (table["what"] == what)][column]
    return float(found)


def left_out(table: pd.DataFrame) -> list[str]:
    return list(table[table["name"] == "left out"]["what"])


def test_the_model_finds_what_made_the_disagreement_and_clears_what_did_not() -> None:
    found = explain_disagreement(pairs_of(), [])
    assert tuple(found.columns) == MODEL_COLUMNS
    assert value(found, "Wald test", "tool", "p") < 1e-6
    assert value(found, "Wald test", "skill", "p") > 0.01
    assert value(found, "explains alone", "tool") > 0.3
    assert abs(value(found, "explains beyond the others", "skill")) < 0.02
    assert value(found, "effect", "tool: brush – brush (against brush – fill)") == pytest.approx(-0.2, abs=0.03)
    shares = {what: value(found, "share of variance", what) for what in SHARES}
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["image"] == pytest.approx(4 * shares["residual"], rel=0.4)  # 0.1² against 0.05²
    assert value(found, "Dice at", "tool: brush – fill") == pytest.approx(np.cos(0.55) ** 2, abs=0.03)
    assert left_out(found) == ["size: the same for all pairs (1000 px)"]


def test_without_intercepts_the_dice_of_a_level_is_that_of_its_mean_angle() -> None:
    dice = [0.9, 0.8, 0.7, 0.6] * 5
    pairs = pd.DataFrame({"case_id": [str(n) for n in range(20)], "annotator_a": "x", "annotator_b": "y", "dice": dice})
    found = explain_disagreement(pairs.assign(source=["p", "p", "q", "q"] * 5), ["source"])
    angles = np.arcsin(np.sqrt(1 - np.array([0.9, 0.8])))
    assert value(found, "Dice at", "source: p") == pytest.approx(np.cos(angles.mean()) ** 2)
    assert list(found[found["name"] == "share of variance"]["what"]) == ["all factors", "residual"]
    assert left_out(found) == [
        "tool: not known of any pair",
        "skill: not known of any pair",
        "size: not known of any pair",
        "random intercept of image: one pair each, so it is part of the residual",
        "random intercept of two annotators: the same for all pairs (x – y)",
    ]


def test_equal_outlines_and_outlines_apart_are_taken_as_they_are() -> None:
    pairs = pairs_of(40)
    pairs.loc[0, "dice"], pairs.loc[1, "dice"] = 0.0, 1.0
    assert np.isfinite(value(explain_disagreement(pairs, []), "fit", "restricted log likelihood"))


def test_one_person_who_drew_twice_takes_no_part() -> None:
    pairs = pairs_of(40)
    twice = pairs[:10].assign(annotator_a="a", annotator_b="a", dice=0.01)
    pd.testing.assert_frame_equal(explain_disagreement(pd.concat([pairs, twice]), []), explain_disagreement(pairs, []))
    assert left_out(explain_disagreement(twice, [])) == ["everything: no pair of different people"]


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        (pairs_of(40).assign(dice=1.0), "everything: The 120 values do not vary"),
        (pairs_of(3), "everything: 9 pairs for"),
        (pairs_of(1), "everything: 3 pairs for"),
    ],
)
def test_a_model_that_cannot_be_fitted_says_why(pairs: pd.DataFrame, said: str) -> None:
    found = explain_disagreement(pairs, [])
    assert left_out(found)[0].startswith(said)
    assert set(found["name"]) <= {"left out", "caution"}


def test_a_tool_that_one_person_alone_has_is_a_caution() -> None:
    pairs = pairs_of(40).assign(tool_a="brush", tool_b="fill")
    pairs.loc[pairs["annotator_b"] == "b", "tool_b"] = "brush"  # c alone fills
    found = explain_disagreement(pairs, [])
    assert list(found[found["name"] == "caution"]["what"]) == [
        "tool fill is that of c alone, so its effect is that person's as well"
    ]


def test_an_attribute_that_the_images_of_one_patient_share_is_a_caution() -> None:
    pairs = pairs_of(40)  # 40 images; the first 20 are of 10 patients
    image = pairs["case_id"].str[1:].astype(int)
    pairs["group"] = [f"P{number // 2}" if number < 20 else None for number in image]
    pairs["diagnosis"] = np.where(image // 2 % 2 == 0, "nevus", "melanoma")
    pairs["side"] = np.where(image % 2 == 0, "left", "right")
    found = explain_disagreement(pairs, ["diagnosis", "side"])
    (caution,) = found[found["name"] == "caution"]["what"]
    assert caution == (
        "diagnosis is the same for all images of 10 of 10 patients or lesions with several images (20 of 40 images), "
        "and the model takes images as independent: its test and intervals are too sure"
    )
    alone = explain_disagreement(pairs.assign(group=pairs["case_id"]), ["diagnosis"])
    assert "caution" not in set(alone["name"])


def test_levels_that_are_empty_rare_constant_or_too_many() -> None:
    pairs = pairs_of(40)  # 120 pairs
    pairs["site"] = ["back"] * 80 + ["arm"] * 30 + [None] * 7 + ["toe"] * 2 + ["ear"]
    pairs["one"], pairs["many"] = "same", [f"level {n % 31}" for n in range(120)]
    (tool, skill, site, *_), out = pair_factors(pd.concat([pairs] * 2), ["site", "one", "many"])
    assert [tool.name, skill.name] == ["tool", "skill"]
    assert site.labels == ("arm (against back)", "not known (against back)", "rare (against back)")
    assert {label: count for label, _, count in site.points} == {
        "back": 160, "arm": 60, "not known": 14, "rare": 6,
    }  # fmt: skip
    assert out[0] == "one: the same for all pairs (same)"
    assert out[1] == "many: 31 levels, more than 30"


def test_a_number_is_a_slope_and_size_is_one_per_doubling() -> None:
    pairs = pairs_of(10)
    pairs["area_a_px"] = pairs["area_b_px"] = [1024.0 * 2 ** (n % 12) for n in range(30)]
    pairs.loc[0, ["area_a_px", "area_b_px"]] = 0
    pairs["age"] = np.arange(30.0)
    pairs["text"] = pairs["age"].astype(str).where(pairs.index > 0)  # as a table of others has it, one empty
    (*_, age, text, size), _ = pair_factors(pairs, ["age", "text"])
    assert text.labels == ("per 8.37 more (its standard deviation)",)
    assert text.columns[0, 0] == 0
    assert (age.columns.std(), age.columns.mean()) == (pytest.approx(1), pytest.approx(0))
    steps = np.diff(size.columns[1:12, 0])
    assert steps == pytest.approx(1)
    assert size.columns[0, 0] == 0  # two empty outlines have no size: the mean
    assert size.labels == ("per doubling of the mean area",)


def test_columns_that_follow_from_others_are_named_and_left_out() -> None:
    pairs = pairs_of(40)
    pairs["copy"] = np.where(pairs["tool_a"] != pairs["tool_b"], "mixed", "alike")
    factors, _ = pair_factors(pairs, ["copy"])
    kept, out = independent(factors)
    assert [factor.name for factor in kept] == ["tool", "skill"]
    assert len(out) == 1
    assert out[0].startswith("copy, ")
    assert out[0].endswith("follows from the factors before it")
    assert value(explain_disagreement(pairs, ["copy"]), "Wald test", "tool", "df") == 2
