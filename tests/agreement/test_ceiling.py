from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dermaseg_monai.agreement import ReadCase, Reading, ceiling_table, summarise_ceiling
from dermaseg_monai.agreement.ceiling_files import ceilings_by, write_ceiling
from dermaseg_monai.errors import DataError
from dermaseg_monai.images import write_mask
from tests.agreement.conftest import Write

BIG, LEFT = (slice(10, 30), slice(10, 50)), (slice(10, 30), slice(10, 30))  # 800 and 400 px, 400 shared: Dice 2/3


def table(cases: list[ReadCase], folder: Path, missing: str = "refuse"):  # noqa: ANN201
    return ceiling_table(cases, folder, tolerance_px=2.0, both_empty=1.0, missing=missing)  # type: ignore[arg-type]


def read(write: Write, name: str, *drawn: tuple[slice, slice], group: str | None = None) -> ReadCase:
    readings = tuple(Reading(who, write(f"{name}_{who}.png", *box)) for who, box in zip("abc", drawn, strict=False))
    return ReadCase(name, readings, group)


def predict(folder: Path, name: str, box: tuple[slice, slice] | None, shape: tuple[int, int] = (40, 60)) -> None:
    mask = np.zeros(shape, dtype=bool)
    if box is not None:
        mask[box] = True
    folder.mkdir(exist_ok=True)
    write_mask(folder / f"{name}.png", mask)


def rows(model: list[float], human: list[float], groups: list[str] | None = None) -> pd.DataFrame:
    """Images whose every score is the Dice that is given."""
    scores = ("dice", "jaccard", "threshold_jaccard", "hd95_px", "assd_px", "surface_dice")
    content: dict[str, object] = {f"model_{name}": model for name in scores}
    content |= {f"human_{name}": human for name in scores}
    content |= {"case_id": [f"c{at}" for at in range(len(model))], "group": groups or [None] * len(model)}
    return pd.DataFrame({**content, "least_reader_dice": human, "prediction": "ok"})


def test_a_model_that_is_one_of_the_readers_agrees_fully_with_one_and_as_people_do_with_the_other(
    write: Write, tmp_path: Path
) -> None:
    predict(tmp_path / "pred", "x", BIG)
    row = table([read(write, "x", BIG, LEFT)], tmp_path / "pred").images.iloc[0]
    assert row["human_dice"] == pytest.approx(2 / 3)
    assert row["model_dice"] == pytest.approx((1 + 2 / 3) / 2)
    assert row["least_reader_dice"] == pytest.approx(2 / 3)


def test_three_readers_are_averaged_within_the_image_first(write: Write, tmp_path: Path) -> None:
    predict(tmp_path / "pred", "x", LEFT)
    row = table([read(write, "x", BIG, BIG, LEFT)], tmp_path / "pred").images.iloc[0]
    assert row["readers"] == 3
    assert row["human_dice"] == pytest.approx((1 + 2 / 3 + 2 / 3) / 3)
    assert row["model_dice"] == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert row["least_reader_dice"] == pytest.approx(2 / 3)  # c, with a and with b


def test_a_person_who_draws_twice_is_no_second_person(write: Write, tmp_path: Path) -> None:
    one = read(write, "x", BIG, LEFT)
    again = ReadCase("x", (*one.readings, Reading("a", write("x_again.png", *BIG))))
    alone = ReadCase("y", (one.readings[0], Reading("a", write("y_again.png", *LEFT))))
    predict(tmp_path / "pred", "x", LEFT)
    found = table([again, alone], tmp_path / "pred").images
    assert list(found["case_id"]) == ["x"]
    assert found.loc[0, "human_dice"] == pytest.approx(2 / 3)  # a – a is left out


def test_a_reader_may_be_called_the_model(write: Write, tmp_path: Path) -> None:
    one = read(write, "x", BIG, LEFT)
    named = ReadCase("x", (Reading("the model", one.readings[0].mask), one.readings[1]))
    predict(tmp_path / "pred", "x", LEFT)
    assert table([named], tmp_path / "pred").images.loc[0, "human_dice"] == pytest.approx(2 / 3)


@pytest.mark.parametrize("case_id", ["absent", "other size", "broken"])
def test_an_unusable_prediction_stops_or_counts_as_a_missed_lesion_as_asked(
    write: Write, tmp_path: Path, case_id: str
) -> None:
    cases = [read(write, "fine", BIG, BIG), read(write, case_id, BIG, LEFT)]
    predict(tmp_path / "pred", "fine", BIG)
    if case_id == "other size":
        predict(tmp_path / "pred", case_id, BIG, (40, 59))
    if case_id == "broken":
        (tmp_path / "pred" / "broken.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=rf"1 of 2 images .*first {case_id}.*--missing zero"):
        table(cases, tmp_path / "pred")
    found = table(cases, tmp_path / "pred", "zero")
    row = found.images.set_index("case_id").loc[case_id]
    assert row["model_dice"] == row["model_surface_dice"] == 0
    assert row["model_hd95_px"] == pytest.approx(np.hypot(40, 60))
    assert [line for line in found.failures if line.startswith(case_id)]
    assert summarise_ceiling(found.images, margin_dice=0.05, seed=0).n_without_prediction == 1


def test_a_case_that_has_lost_its_second_person_is_named(write: Write, tmp_path: Path) -> None:
    lost = read(write, "lost", BIG, LEFT)
    lost.readings[1].mask.write_bytes(b"no picture")
    for name in ("fine", "lost"):
        predict(tmp_path / "pred", name, BIG)
    found = table([read(write, "fine", BIG, LEFT), lost], tmp_path / "pred")
    assert list(found.images["case_id"]) == ["fine"]
    assert any("lost: fewer than two people" in line for line in found.failures)


def test_a_folder_of_other_cases_is_refused(write: Write, tmp_path: Path) -> None:
    predict(tmp_path / "pred", "somebody", BIG)
    with pytest.raises(DataError, match=r"no prediction of the 1 cases.*'x'.*found: somebody\.png"):
        table([read(write, "x", BIG, LEFT)], tmp_path / "pred")


def test_the_same_agreement_is_equivalent_and_its_figures_are_the_means() -> None:
    human = [0.7, 0.8, 0.9] * 4
    found = summarise_ceiling(rows([value + 0.01 for value in human], human), margin_dice=0.05, seed=0)
    assert found.scores["dice"].human == pytest.approx(0.8)
    assert found.scores["dice"].difference == pytest.approx(0.01)
    assert (found.test_low, found.test_high) == (pytest.approx(0.01), pytest.approx(0.01))
    assert found.verdict == "equivalent"
    assert "Within human range: equivalent within 0.05 Dice" in found.sentence
    assert found.like_a_reader == 1


def test_a_model_far_below_people_is_not_in_their_range_and_the_words_say_so() -> None:
    found = summarise_ceiling(rows([0.5] * 12, [0.8] * 12), margin_dice=0.05, seed=0)
    assert found.verdict == "not shown"
    assert found.sentence.endswith("worse by more than the margin).")
    assert "Within human range: not shown" in found.sentence
    assert found.like_a_reader == 0


def test_equal_means_that_scatter_widely_show_nothing() -> None:
    found = summarise_ceiling(rows([0.3, 1.0] * 6, [1.0, 0.3] * 6), margin_dice=0.05, seed=0)
    assert found.scores["dice"].difference == pytest.approx(0)
    assert found.verdict == "not shown"
    assert "worse" not in found.verdict_words


def test_a_model_above_people_is_not_worse_but_not_equivalent() -> None:
    assert summarise_ceiling(rows([0.9] * 12, [0.8] * 12), margin_dice=0.05, seed=0).verdict == "not worse"


def test_a_difference_of_the_whole_margin_is_not_within_it() -> None:
    assert summarise_ceiling(rows([0.5] * 12, [0.75] * 12), margin_dice=0.25, seed=0).verdict == "not shown"


def test_nothing_is_shown_by_a_few_patients_however_many_images_they_have() -> None:
    same = [0.8] * 40
    few = summarise_ceiling(rows(same, same, [f"P{at % 9}" for at in range(40)]), margin_dice=0.05, seed=0)
    enough = summarise_ceiling(rows(same, same, [f"P{at % 10}" for at in range(40)]), margin_dice=0.05, seed=0)
    assert (few.verdict, enough.verdict) == ("not shown", "equivalent")
    assert "(9 images or patients; the test needs 10)" in few.verdict_words
    one = summarise_ceiling(rows(same, same, ["P"] * 40), margin_dice=0.05, seed=0)
    assert (one.verdict, one.test_low, one.scores["dice"].low) == ("not shown", None, None)


@pytest.mark.parametrize("margin", [0.0, 1.0, -0.1])
def test_a_margin_that_is_none_is_refused(margin: float) -> None:
    with pytest.raises(ValueError, match="margin_dice"):
        summarise_ceiling(rows([0.5], [0.5]), margin_dice=margin, seed=0)


def test_groups_have_their_own_numbers_and_no_case_is_left_out(tmp_path: Path) -> None:
    images = rows([0.8] * 12 + [0.2] * 3, [0.8] * 15).assign(dx=["nevus"] * 12 + ["melanoma"] * 2 + [None])
    found = ceilings_by(images, "dx", margin_dice=0.05, seed=0)
    assert {name: one.n_images for name, one in found.items()} == {"nevus": 12, "melanoma": 2, "not known": 1}
    whole = summarise_ceiling(images, margin_dice=0.05, seed=0)
    write_ceiling(tmp_path, images, whole, groups={"dx": found}, notes=("n",), failures=("x: why",))
    by_dx = pd.read_csv(tmp_path / "ceiling_by_dx.csv").set_index("dx")
    assert by_dx.loc["melanoma", "difference"] == pytest.approx(-0.6)
    assert by_dx.loc["nevus", "within_human_range"] == "equivalent"
    assert "- x: why" in (tmp_path / "ceiling.md").read_text()
