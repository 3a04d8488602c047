import hashlib
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest import (
    Case,
    Manifest,
    Split,
    divided,
    find_leaks,
    split_by_image,
    split_by_size,
    stratum_fits,
)

CaseMaker = Callable[..., Case]
SIZES: Mapping[Split, int] = {"train": 140, "val": 20, "test": 40}


def manifest_of(cases: list[Case]) -> Manifest:
    return Manifest(name="many", version="1", licence=None, cases=tuple(cases))


@pytest.fixture
def many(make_case: CaseMaker) -> Manifest:
    """Two hundred cases: 30 lesions of three images, 110 of one; 20 melanomas; sex is often empty; age a number."""
    cases: list[Case] = []
    for number in range(200):
        lesion = f"L{number // 3}" if number < 90 else f"L{number}"
        known = {"dx": "mel" if number % 10 == 0 else "nv", "sex": (None, "f", "m")[number % 3], "age": number % 50}
        cases.append(make_case(f"c{number:03}", lesion_id=lesion, attributes=known))
    return manifest_of(cases)


def test_sizes_are_exact_and_lesions_whole(many: Manifest) -> None:
    made = split_by_size(many, SIZES, seed=0)
    assert made.counts == {"train": 140, "val": 20, "test": 40, "excluded": 0}
    assert find_leaks(made) == []
    assert divided(made) is None


def test_every_class_has_its_share_in_every_split(many: Manifest) -> None:
    made = split_by_size(many, SIZES, seed=0, stratify=["dx", "sex"])
    fits = {(fit.attribute, fit.value): fit for fit in stratum_fits(made, ["dx", "sex"])}
    assert fits["dx", "mel"].counts == {"train": 14, "val": 2, "test": 4}
    assert fits["dx", "mel"].shares["val"] == pytest.approx(0.1)
    assert fits["sex", "(empty)"].count == 67
    assert max(fit.error for fit in fits.values()) < 0.05  # less than one case of 20
    plain = stratum_fits(split_by_size(many, SIZES, seed=0), ["dx"])
    assert max(fit.error for fit in plain) > 0.01  # the draw alone does not do it


def test_the_order_of_cases_attributes_and_present_splits_change_nothing(many: Manifest) -> None:
    made = split_by_size(many, SIZES, seed=3, stratify=["dx", "sex"])
    shuffled = list(many.cases)
    random.Random(1).shuffle(shuffled)  # noqa: S311
    other = manifest_of([replace(case, attributes=dict(reversed(list(case.attributes.items())))) for case in shuffled])
    assert split_by_size(other, SIZES, seed=3, stratify=["dx", "sex"]) == made
    assert split_by_size(made, SIZES, seed=3, stratify=["dx", "sex"]) == made
    assert split_by_size(many, SIZES, seed=4, stratify=["dx", "sex"]) != made


def test_a_group_of_mixed_values_counts_with_each(make_case: CaseMaker) -> None:
    """Two lesions a and b of one melanoma and one nevus each; two single melanomas, two single nevi."""
    mixed = [
        make_case(f"{lesion}{dx}", lesion_id=lesion, attributes={"dx": dx}) for lesion in "ab" for dx in ("m", "n")
    ]
    single = [make_case(f"s{index}{dx}", attributes={"dx": dx}) for index in (1, 2) for dx in ("m", "n")]
    made = split_by_size(manifest_of(mixed + single), {"train": 4, "test": 4}, seed=0, stratify=["dx"])
    for split in ("train", "test"):
        assert Counter(case.attributes["dx"] for case in made.in_split(split)) == {"m": 2, "n": 2}
        assert len({case.lesion_id for case in made.in_split(split)} - {None}) == 1


def test_numbers_of_many_values_are_cut_at_their_quartiles(many: Manifest) -> None:
    made = split_by_size(many, SIZES, seed=0, stratify=["age"])
    values = {fit.value: fit.count for fit in stratum_fits(made, ["age"])}
    assert values == {"below 12": 48, "12 to below 25": 52, "25 to below 37": 48, "37 and above": 52}


def test_a_large_patient_goes_where_it_fits_and_sizes_give_way_where_nothing_does(make_case: CaseMaker) -> None:
    cases = [make_case(f"c{number}", patient_id="P" if number < 6 else None) for number in range(10)]
    made = split_by_size(manifest_of(cases), {"train": 7, "test": 3}, seed=0)
    assert (made.counts["train"], made.counts["test"]) == (7, 3)
    made = split_by_size(manifest_of(cases), {"train": 5, "test": 5}, seed=0)
    assert sorted((made.counts["train"], made.counts["test"])) == [4, 6]


def test_excluded_cases_take_no_part(many: Manifest) -> None:
    cases = [replace(case, split="excluded") if case.id < "c050" else case for case in many.cases]
    made = split_by_size(manifest_of(cases), {"train": 100, "test": 50}, seed=0)
    assert made.counts == {"train": 100, "val": 0, "test": 50, "excluded": 50}
    assert {case.id for case in made.in_split("excluded")} == {f"c{number:03}" for number in range(50)}


def test_one_patient_cannot_be_split(make_case: CaseMaker) -> None:
    one = manifest_of([make_case(name, patient_id="P") for name in "abcd"])
    with pytest.raises(DataError, match=r"has 1 groups.*part 2 of 2 is left empty"):
        split_by_size(one, {"train": 2, "test": 2}, seed=0)


def test_an_unknown_attribute_offers_the_nearest(many: Manifest) -> None:
    with pytest.raises(DataError, match=r"attribute 'agee'. Did you mean age\? Choose one of age, dx, sex"):
        split_by_size(many, SIZES, seed=0, stratify=["agee"])


@pytest.mark.parametrize(("train", "test"), [(140, 20), (201, -1)])
def test_sizes_that_are_not_the_cases_are_refused(many: Manifest, train: int, test: int) -> None:
    for draw in (split_by_size, split_by_image):
        with pytest.raises(DataError, match=f"{train}/{test} are not the 200 cases"):
            draw(many, {"train": train, "test": test}, seed=0)


def test_a_draw_by_image_follows_the_hash_of_seed_and_id_and_says_what_it_divides(many: Manifest) -> None:
    made = split_by_image(many, {"train": 150, "test": 50}, seed=7)
    order = sorted((case.id for case in many.cases), key=lambda name: hashlib.sha256(f"7:{name}".encode()).hexdigest())
    assert {case.id for case in made.in_split("train")} == set(order[:150])
    found = divided(made)
    assert found is not None
    sides = {
        lesion: {case.split for case in made.cases if case.lesion_id == lesion}
        for lesion in map("L{}".format, range(30))
    }
    torn = [lesion for lesion, held in sides.items() if len(held) == 2]
    assert (found.groups, found.images) == (len(torn), 3 * len(torn))
    assert found.held_out == sum(case.lesion_id in torn for case in made.in_split("test"))
    assert str(found).startswith(f"{len(torn)} lesions (or patients, or groups) with {3 * len(torn)} images stand on")
