from collections.abc import Callable
from pathlib import Path

import pytest

from dermaseg_monai.manifest import (
    Case,
    Leak,
    Manifest,
    Split,
    find_indirect_leaks,
    find_leaks,
    find_overlaps,
    leak_free,
    write_exclusions,
)

CaseMaker = Callable[..., Case]


def study(*cases: Case, name: str = "study") -> Manifest:
    return Manifest(name, "1", None, cases)


def splits(manifest: Manifest) -> dict[str, Split]:
    return {case.id: case.split for case in manifest.cases}


@pytest.fixture
def leaky(make_case: CaseMaker) -> Manifest:
    """Lesion 1 in training and test, lesion 2 in validation and test, lesion 3 in training and validation."""
    return study(
        make_case("a", "train", lesion_id="1"),
        make_case("b", "test", lesion_id="1"),
        make_case("c", "val", lesion_id="2"),
        make_case("d", "test", lesion_id="2"),
        make_case("e", "train", lesion_id="3"),
        make_case("f", "val", lesion_id="3"),
        make_case("g", "train", lesion_id="4"),
    )


def test_training_gives_way_to_validation_and_both_to_test(leaky: Manifest) -> None:
    (clean,), gone = leak_free([leaky], find_leaks(leaky), gives_way="train")
    assert {name for name, split in splits(clean).items() if split == "excluded"} == {"a", "c", "e"}
    assert [(one.case_id, one.split, one.key, one.kept_id, one.kept_split) for one in gone] == [
        ("a", "train", "lesion_id", "b", "test"),
        ("c", "val", "lesion_id", "d", "test"),
        ("e", "train", "lesion_id", "f", "val"),
    ]
    assert find_leaks(clean) == []
    assert clean.version == "1, leak-free"
    assert clean.digest != leaky.digest


def test_the_test_side_gives_way_when_asked(leaky: Manifest) -> None:
    (clean,), _ = leak_free([leaky], find_leaks(leaky), gives_way="test")
    assert {name for name, split in splits(clean).items() if split == "excluded"} == {"b", "d", "f"}
    assert clean.counts["train"] == leaky.counts["train"]


def test_all_of_a_group_give_way_however_they_are_tied_to_the_other_side(make_case: CaseMaker) -> None:
    manifest = study(
        make_case("a", "train", lesion_id="L1"),
        make_case("x", "train", lesion_id="L1", patient_id="P1"),
        make_case("b", "test", patient_id="P1"),
        make_case("c", "train"),
    )
    (clean,), gone = leak_free([manifest], find_leaks(manifest), gives_way="train")
    assert splits(clean) == {"a": "excluded", "x": "excluded", "b": "test", "c": "train"}
    assert (gone[0].case_id, gone[0].key, gone[0].value, gone[0].kept_id) == ("a", "indirect", "through x (train)", "b")
    assert find_indirect_leaks(clean) == []


def test_what_an_earlier_cleaning_excluded_still_ties(make_case: CaseMaker) -> None:
    manifest = study(
        make_case("a", "train", lesion_id="L1"),
        make_case("x", "excluded", lesion_id="L1", patient_id="P1"),
        make_case("b", "test", patient_id="P1"),
    )
    (clean,), _ = leak_free([manifest], [], gives_way="test")
    assert splits(clean) == {"a": "train", "x": "excluded", "b": "excluded"}


def test_three_copies_on_three_sides_leave_one(make_case: CaseMaker) -> None:
    manifest = study(make_case("a", "train"), make_case("b", "val"), make_case("c", "test"))
    pairs = [("a", "b"), ("a", "c")]  # b and c are then of one lesion, too
    leaks = [
        Leak("picture", "", pair, tuple(splits(manifest)[name] for name in pair), ("study", "study")) for pair in pairs
    ]
    (clean,), gone = leak_free([manifest], leaks, gives_way="train")
    assert [(one.case_id, one.key, one.value) for one in gone] == [
        ("a", "picture", ""),
        ("b", "indirect", "through a (train)"),
    ]
    assert splits(clean)["c"] == "test"


def test_a_manifest_without_leaks_stays_as_it_is(make_case: CaseMaker) -> None:
    manifest = study(make_case("a", "train"), make_case("b", "test"), make_case("x", "excluded"))
    (clean,), gone = leak_free([manifest], [], gives_way="train")
    assert clean == manifest
    assert gone == []


def test_across_sets_training_gives_way_and_training_sides_may_overlap(make_case: CaseMaker) -> None:
    newer = study(make_case("a", "train"), make_case("b", "train"), name="newer")
    older = study(make_case("a", "test"), make_case("b", "train"), name="older")
    clean, gone = leak_free([newer, older], find_overlaps(newer, older), gives_way="train")
    assert [splits(one) for one in clean] == [{"a": "excluded", "b": "train"}, {"a": "test", "b": "train"}]
    assert {(one.name, one.kept_name) for one in gone} == {("newer", "older")}


def test_why_a_case_went_is_written(leaky: Manifest, tmp_path: Path) -> None:
    _, gone = leak_free([leaky], find_leaks(leaky), gives_way="train")
    write_exclusions(tmp_path / "why.csv", gone)
    assert (tmp_path / "why.csv").read_text().splitlines()[:2] == [
        "set,case_id,split,shares,value,with_set,with_case,with_split",
        "study,a,train,lesion_id,1,study,b,test",
    ]


def test_no_cell_of_the_reasons_is_a_formula(make_case: CaseMaker, tmp_path: Path) -> None:
    leaky = study(make_case("=1", "train", lesion_id="@L"), make_case("+2b", "test", lesion_id="@L"), name="-x")
    _, gone = leak_free([leaky], find_leaks(leaky), gives_way="train")
    write_exclusions(tmp_path / "why.csv", gone)
    assert (tmp_path / "why.csv").read_text().splitlines()[1] == "'-x,'=1,train,lesion_id,'@L,'-x,'+2b,test"
