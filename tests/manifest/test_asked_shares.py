from collections.abc import Callable

import pytest

from dermaseg_monai.manifest import Case, Manifest, MissedShare, Split, missed_shares, split_by_group


def parts(make_case: Callable[..., Case], **sizes: int) -> Manifest:
    splits: dict[str, Split] = {"train": "train", "val": "val", "test": "test", "excluded": "excluded"}
    cases = [make_case(f"{name}{n:03}", splits[name]) for name, size in sizes.items() for n in range(size)]
    return Manifest("set", "1", None, tuple(cases))


def test_a_part_that_is_far_from_its_share_is_told_of_with_both_numbers(make_case: Callable[..., Case]) -> None:
    manifest = parts(make_case, train=35, val=5, test=60, excluded=20)
    found = missed_shares(manifest, {"val": 0.1, "test": 0.1})
    assert found == [MissedShare("val", 5, 10.0, 100), MissedShare("test", 60, 10.0, 100)]
    assert str(found[1]).startswith("test has 60 of 100 cases, 10 were asked for: lesions and patients with many")


@pytest.mark.parametrize(("train", "val"), [(80, 20), (75, 25), (85, 15), (9, 5)])
def test_a_quarter_or_three_cases_are_near_enough(make_case: Callable[..., Case], train: int, val: int) -> None:
    assert missed_shares(parts(make_case, train=train, val=val), {"val": 0.2, "test": 0.0}) == []


def test_only_what_was_drawn_counts(make_case: Callable[..., Case]) -> None:
    # a task's own test list stays what it is
    assert missed_shares(parts(make_case, train=80, val=20, test=300), {"val": 0.2, "test": 0.0}) == []


def test_a_patient_with_many_pictures_is_what_makes_it(make_case: Callable[..., Case]) -> None:
    cases = [make_case(f"c{n:03}", patient_id="big" if n < 60 else f"p{n}") for n in range(100)]
    drawn = split_by_group(Manifest("set", "1", None, tuple(cases)), val_share=0.3, test_share=0.3)
    assert max(drawn.counts.values()) >= 60
    assert missed_shares(drawn, {"val": 0.3, "test": 0.3})
