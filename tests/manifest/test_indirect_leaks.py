from collections.abc import Callable

import pytest

from dermaseg_monai.errors import LeakError
from dermaseg_monai.manifest import (
    Case,
    Leak,
    Manifest,
    Split,
    divided,
    find_indirect_leaks,
    find_leaks,
    fold_manifests,
    require_no_leaks,
    split_by_group,
    split_by_size,
)

CaseMaker = Callable[..., Case]


def study(*cases: Case, name: str = "study") -> Manifest:
    return Manifest(name, "1", None, cases)


def chain(make_case: CaseMaker, one: Split, between: Split, other: Split) -> tuple[Case, Case, Case]:
    """Return a and b of one patient; only x, with the lesion of a and the patient of b, says so."""
    return (
        make_case("a", one, lesion_id="L1"),
        make_case("x", between, lesion_id="L1", patient_id="P1"),
        make_case("b", other, patient_id="P1"),
    )


def test_an_excluded_case_ties_two_sides(make_case: CaseMaker) -> None:
    leaky = study(*chain(make_case, "train", "excluded", "test"))
    assert find_leaks(leaky) == []
    (leak,) = find_indirect_leaks(leaky)
    assert (leak.key, leak.value, leak.crosses_splits) == ("indirect", "through x (excluded)", True)
    assert (leak.case_ids, leak.splits, leak.sets) == (("a", "b"), ("train", "test"), ("study", "study"))
    with pytest.raises(LeakError, match=r"1 leaks .*indirect through x \(excluded\) in a \(train\), b \(test\)"):
        require_no_leaks(leaky, allow_leaks=False)
    require_no_leaks(leaky, allow_leaks=True)


def test_beside_a_direct_leak_the_cases_further_on_are_told_of(make_case: CaseMaker) -> None:
    (leak,) = find_indirect_leaks(study(*chain(make_case, "train", "train", "test"), make_case("c", lesion_id="L1")))
    assert (leak.value, leak.case_ids) == ("through x (train)", ("a", "c", "b"))


@pytest.mark.parametrize("sides", [("train", "excluded", "train"), ("train", "test", "excluded")])
def test_one_side_or_a_direct_leak_alone_is_no_indirect_one(
    make_case: CaseMaker, sides: tuple[Split, Split, Split]
) -> None:
    assert find_indirect_leaks(study(*chain(make_case, *sides))) == []


def test_a_case_of_another_set_ties_too_but_not_by_a_group_of_its_own(make_case: CaseMaker) -> None:
    a, x, b = chain(make_case, "train", "excluded", "test")
    (leak,) = find_indirect_leaks(study(a, name="one"), study(x, name="two"), study(b, name="three"))
    assert (leak.case_ids, leak.sets) == (("a", "b"), ("one", "three"))
    seven: dict[str, object] = {"attributes": {"group": 7}}
    one = study(make_case("a", "train", lesion_id="L1"), make_case("x", "excluded", lesion_id="L1", **seven))
    assert find_indirect_leaks(one, study(make_case("b", "test", **seven), name="other")) == []


def test_nearly_the_same_picture_ties_as_a_lesion_does(make_case: CaseMaker) -> None:
    leaky = study(make_case("a", lesion_id="L1"), make_case("c", lesion_id="L1"), make_case("b", "test"))
    pair = Leak("picture", "3 bits", ("c", "b"), ("train", "test"), ("study", "study"))
    (leak,) = find_indirect_leaks(leaky, pictures=[pair])
    assert (leak.value, leak.case_ids) == ("through c (train)", ("a", "b"))


@pytest.fixture
def tied(make_case: CaseMaker) -> Manifest:
    """Twelve pairs of cases of one patient each, which an excluded third case ties."""
    cases = [
        case
        for n in range(12)
        for case in (
            make_case(f"{n:02}a", lesion_id=f"L{n}"),
            make_case(f"{n:02}b", patient_id=f"P{n}"),
            make_case(f"{n:02}x", "excluded", lesion_id=f"L{n}", patient_id=f"P{n}"),
        )
    ]
    return study(*cases)


def test_no_draw_parts_what_an_excluded_case_ties(tied: Manifest) -> None:
    made = [
        split_by_group(tied, val_share=0.25, test_share=0.25),
        split_by_size(tied, {"train": 12, "val": 6, "test": 6}, seed=0),
        *fold_manifests(tied, 3, seed=0),
    ]
    for manifest in made:
        assert find_indirect_leaks(manifest) == []
        assert divided(manifest) is None


def test_what_is_divided_counts_groups_through_excluded_cases(make_case: CaseMaker) -> None:
    found = divided(study(*chain(make_case, "train", "excluded", "test")))
    assert found is not None
    assert (found.groups, found.images, found.first, found.first_other) == (1, 2, ("a", "train"), ("b", "test"))
