from collections.abc import Callable

import pytest

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest import Case, Manifest, Split, find_leaks, split_by_group


@pytest.fixture
def many(make_case: Callable[..., Case]) -> Manifest:
    """A hundred cases of fifty lesions."""
    cases: list[Case] = [make_case(f"c{number:03}", lesion_id=f"L{number // 2}") for number in range(100)]
    return Manifest(name="many", version="1", licence=None, cases=tuple(cases))


def test_shares_are_kept_and_nothing_leaks(many: Manifest) -> None:
    manifest = split_by_group(many, val_share=0.1, test_share=0.2)
    assert manifest.counts == {"train": 70, "val": 10, "test": 20, "excluded": 0}
    assert find_leaks(manifest) == []


def test_the_split_depends_on_the_ids_alone(many: Manifest) -> None:
    first = split_by_group(many, val_share=0.1, test_share=0.2)
    assert split_by_group(first, val_share=0.1, test_share=0.2) == first
    assert [case.id for case in first.in_split("val")][:2] == ["c000", "c001"]


def test_cases_joined_through_others_stay_together(make_case: Callable[..., Case]) -> None:
    cases = (
        make_case("a", lesion_id="L1"),
        make_case("b", lesion_id="L1", patient_id="P1"),
        make_case("c", patient_id="P1", attributes={"group": 7}),
        make_case("d", attributes={"group": 7}),
        *(make_case(f"x{number}") for number in range(6)),
    )
    manifest = split_by_group(Manifest(name="x", version="1", licence=None, cases=cases), val_share=0.3, test_share=0.3)
    assert len({case.split for case in manifest.cases if case.id in "abcd"}) == 1


def test_excluded_cases_stay_excluded(make_case: Callable[..., Case]) -> None:
    cases = (make_case("a", "excluded"), make_case("b"), make_case("c"), make_case("d"))
    manifest = split_by_group(Manifest(name="x", version="1", licence=None, cases=cases), val_share=0.3, test_share=0.3)
    assert manifest.cases[0].split == "excluded"


@pytest.mark.parametrize(("val_share", "test_share"), [(-0.1, 0.2), (0.5, 0.5), (1.0, 1.0), (1.0, -0.1)])
def test_impossible_shares_are_refused(many: Manifest, val_share: float, test_share: float) -> None:
    with pytest.raises(DataError, match="must be 0 or more, and below 1 together"):
        split_by_group(many, val_share=val_share, test_share=test_share)


@pytest.mark.parametrize(("val_share", "test_share", "split"), [(1.0, 0.0, "val"), (0.0, 1.0, "test")])
def test_a_share_of_one_takes_every_case(many: Manifest, val_share: float, test_share: float, split: Split) -> None:
    assert {case.split for case in split_by_group(many, val_share=val_share, test_share=test_share).cases} == {split}


@pytest.mark.parametrize(("val_share", "test_share"), [(0.2, 0.2), (0.0, 0.2), (0.2, 0.0)])
def test_one_patient_cannot_be_split(make_case: Callable[..., Case], val_share: float, test_share: float) -> None:
    cases = tuple(make_case(name, patient_id="P") for name in "abcd")
    one = Manifest(name="x", version="1", licence=None, cases=cases)
    with pytest.raises(DataError, match="has 1 groups, too few"):
        split_by_group(one, val_share=val_share, test_share=test_share)
