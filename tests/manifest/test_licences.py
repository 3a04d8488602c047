from collections.abc import Callable

import pytest

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest import Case, Manifest, licence_counts, select_licences

CaseMaker = Callable[..., Case]


@pytest.fixture
def mixed(make_case: CaseMaker) -> Manifest:
    licences = {"a": "CC-0", "b": "CC-BY-NC", "c": None, "d": "cc0-1.0"}
    cases = [make_case(name, licence=licence) for name, licence in licences.items()]
    return Manifest("mixed", "1", None, (*cases, make_case("e", "excluded", licence="CC-0")))


@pytest.mark.parametrize("wanted", [["CC-0"], ["cc0"], ["CC0-1.0"]])
def test_spelling_and_version_do_not_matter_and_an_unknown_licence_is_out(mixed: Manifest, wanted: list[str]) -> None:
    assert [case.id for case in select_licences(mixed, wanted).in_split("train")] == ["a", "d"]


def test_several_licences_may_be_kept(mixed: Manifest) -> None:
    made = select_licences(mixed, ["CC-0", "CC-BY-NC-4.0"])
    assert [case.split for case in made.cases] == ["train", "train", "excluded", "train", "excluded"]


def test_the_licence_of_the_set_stands_for_cases_without(make_case: CaseMaker) -> None:
    manifest = Manifest("set", "1", "CC0-1.0", (make_case("a"), make_case("b", licence="CC-BY")))
    assert [case.split for case in select_licences(manifest, ["CC-0"]).cases] == ["train", "excluded"]


def test_a_licence_nobody_has_names_those_there_are(mixed: Manifest) -> None:
    assert licence_counts(mixed) == {"(none stated)": 1, "CC-0": 1, "CC-BY-NC": 1, "cc0-1.0": 1}
    with pytest.raises(DataError, match=r"No case of mixed has the licence CC-BY; there is .*CC-BY-NC \(1\)"):
        select_licences(mixed, ["CC-BY"])
