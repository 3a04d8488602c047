from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from dermaseg_monai.errors import LeakError
from dermaseg_monai.manifest import Case, Manifest, find_leaks, require_no_leaks


def study(*cases: Case, name: str = "study") -> Manifest:
    return Manifest(name=name, version="1", licence=None, cases=cases)


@pytest.mark.parametrize(
    ("known", "key", "value"),
    [
        ({"lesion_id": "L1"}, "lesion_id", "L1"),
        ({"patient_id": "P1"}, "patient_id", "P1"),
        ({"attributes": {"group": 0}}, "group", "0"),
    ],
)
def test_what_two_splits_share_is_a_leak(
    make_case: Callable[..., Case], known: dict[str, Any], key: str, value: str
) -> None:
    (leak,) = find_leaks(study(make_case("a", **known), make_case("b", "test", **known), make_case("c", "val")))
    assert (leak.key, leak.value, leak.case_ids, leak.splits) == (key, value, ("a", "b"), ("train", "test"))


def test_the_same_picture_under_two_names_is_a_leak(make_case: Callable[..., Case]) -> None:
    a = make_case("a")
    copy = replace(make_case("b", "val"), image=replace(a.image, path="images/b.png"))
    (leak,) = find_leaks(study(a, copy))
    assert (leak.key, leak.case_ids) == ("image", ("a", "b"))


@pytest.mark.parametrize("known", [{"lesion_id": None}, {"lesion_id": ""}, {"attributes": {"group": None}}])
def test_what_nobody_knows_ties_nothing(make_case: Callable[..., Case], known: dict[str, Any]) -> None:
    assert find_leaks(study(make_case("a", **known), make_case("b", "test", **known))) == []


def test_one_split_may_hold_a_lesion_twice_and_excluded_does_not_count(make_case: Callable[..., Case]) -> None:
    cases = [
        make_case(name, split, lesion_id="L") for name, split in (("a", "train"), ("b", "train"), ("c", "excluded"))
    ]
    assert find_leaks(study(*cases)) == []


def test_the_training_case_of_one_set_is_found_in_the_test_of_another(make_case: Callable[..., Case]) -> None:
    newer, older = study(make_case("a"), name="isic2018"), study(make_case("a", "test"), name="isic2017")
    assert {leak.key for leak in find_leaks(newer, older)} == {"id", "image"}
    with pytest.raises(LeakError, match=r"2 leaks between the splits of isic2018, isic2017, first id a"):
        require_no_leaks(newer, older, allow_leaks=False)


def test_two_training_sides_may_overlap_and_a_group_is_one_of_its_own_set(make_case: Callable[..., Case]) -> None:
    seven: dict[str, Any] = {"attributes": {"group": 7}}
    one = study(make_case("a"), make_case("b", **seven), name="one")
    other = study(make_case("a"), make_case("c", "test", **seven), name="other")
    assert find_leaks(one, other) == []


def test_leaks_are_refused_unless_allowed(make_case: Callable[..., Case]) -> None:
    leaky = study(make_case("a", lesion_id="L1"), make_case("b", "test", lesion_id="L1"))
    with pytest.raises(LeakError, match=r"1 leaks .*lesion_id L1 in a \(train\), b \(test\).*--allow_leaks True"):
        require_no_leaks(leaky, allow_leaks=False)
    require_no_leaks(leaky, allow_leaks=True)
