from collections import defaultdict
from itertools import pairwise

import pytest

from dermaseg_monai.data.demo.plan import Shot, plan_set
from dermaseg_monai.data.demo.skin import skin_colour
from dermaseg_monai.images import tone_band


@pytest.fixture(scope="module")
def shots() -> tuple[Shot, ...]:
    return plan_set(240, seed=0)


@pytest.mark.parametrize(("n", "held_out"), [(240, 36), (20, 3), (3, 1)])
def test_splits_are_70_15_15(n: int, held_out: int) -> None:
    found = [shot.split for shot in plan_set(n, seed=1)]
    assert (found.count("train"), found.count("val"), found.count("test")) == (n - 2 * held_out, held_out, held_out)


def test_no_lesion_and_no_patient_stands_in_two_splits(shots: tuple[Shot, ...]) -> None:
    sides: dict[object, set[str]] = defaultdict(set)
    for shot in shots:
        sides[shot.person.patient_id].add(shot.split)
        sides[shot.lesion_number].add(shot.split)
    assert all(len(splits) == 1 for splits in sides.values())


def test_some_lesions_have_two_photographs_and_some_patients_two_lesions(shots: tuple[Shot, ...]) -> None:
    takes, lesions = defaultdict(set), defaultdict(set)
    for shot in shots:
        takes[shot.lesion_number].add(shot.take)
        lesions[shot.person.patient_id].add(shot.lesion_number)
    assert sum(found == {0, 1} for found in takes.values()) > 10
    assert sum(len(found) > 1 for found in lesions.values()) > 10


@pytest.mark.parametrize("split", ["val", "test"])
def test_what_must_be_tried_is_in_every_held_out_split(split: str, shots: tuple[Shot, ...]) -> None:
    held_out = [shot for shot in shots if shot.split == split]
    assert sum(shot.at_border for shot in held_out) >= 5
    for name in ("hair", "ruler", "bubbles", "dark_corners"):
        assert sum(name in shot.artefacts for shot in held_out) >= 5
    assert len({tone_band(shot.person.ita_deg) for shot in held_out}) == 6
    assert {shot.diagnosis for shot in held_out} >= {"nevus", "melanoma", "basal cell carcinoma"}


def test_numbers_are_unique_and_the_plan_depends_on_the_seed(shots: tuple[Shot, ...]) -> None:
    assert [shot.number for shot in shots] == list(range(240))
    assert plan_set(240, seed=0) == shots
    assert plan_set(240, seed=1) != shots


@pytest.mark.parametrize(("n", "seed", "text"), [(2, 0, "n is 2; .* at least 3 images"), (9, -1, "seed is -1")])
def test_impossible_wishes_are_refused(n: int, seed: int, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        plan_set(n, seed)


def test_skin_darkens_with_the_angle_and_is_never_blue() -> None:
    colours = [skin_colour(ita_deg, 0.0) for ita_deg in (68.0, 45.0, 20.0, -10.0, -50.0)]
    assert all(light[1] > dark[1] for light, dark in pairwise(colours))
    assert all(red > green > blue for red, green, blue in colours)
