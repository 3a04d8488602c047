from collections.abc import Callable

import pytest

from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.manifest import Case, Manifest, find_leaks, fold_manifests

CaseMaker = Callable[..., Case]


@pytest.fixture
def many(make_case: CaseMaker) -> Manifest:
    """45 cases to train with, of lesions of two images; five to test with; ten melanomas among the former."""
    cases = [
        make_case(f"c{n:02}", lesion_id=f"L{n // 2}", attributes={"dx": "m" if n < 10 else "n"}) for n in range(45)
    ]
    cases += [make_case(f"t{n}", "test", attributes={"dx": "n"}) for n in range(5)]
    return Manifest(name="many", version="1", licence=None, cases=tuple(cases))


def test_every_case_is_held_out_once_and_test_stays(many: Manifest) -> None:
    made = fold_manifests(many, 4, seed=0, stratify=["dx"])
    held_out = [case.id for fold in made for case in fold.in_split("val")]
    assert sorted(held_out) == [case.id for case in many.in_split("train")]
    for fold in made:
        assert fold.in_split("test") == many.in_split("test")
        assert find_leaks(fold) == []
        assert fold.counts["val"] in (10, 11, 12)
        assert sum(case.attributes["dx"] == "m" for case in fold.in_split("val")) in (2, 3, 4)


def test_a_fold_says_how_it_was_made_and_folding_again_gives_the_same(many: Manifest) -> None:
    first, *_ = made = fold_manifests(many, 3, seed=5, stratify=["dx"])
    assert first.division == "fold 1 of 3 (val), seed 5, whole groups, stratified by dx"
    assert fold_manifests(made[2], 3, seed=5, stratify=["dx"]) == made


def test_too_few_folds_cases_or_groups_are_refused(many: Manifest, make_case: CaseMaker) -> None:
    with pytest.raises(ConfigError, match="--folds 1: cross-validation needs at least 2"):
        fold_manifests(many, 1, seed=0)
    with pytest.raises(DataError, match=r"has 23 groups.*part 24 of 24 is left empty"):
        fold_manifests(many, 24, seed=0)
    tests = Manifest(name="t", version="1", licence=None, cases=(make_case("a", "test"),))
    with pytest.raises(DataError, match="no case in train or val, and folds leave test alone"):
        fold_manifests(tests, 2, seed=0)
