import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from dermaseg_monai.manifest import Case, Manifest, case_groups, find_leaks, index_folder
from dermaseg_monai.manifest.canonical_name import canonical_name

SPELLINGS = [
    ("M\N{LATIN SMALL LETTER U WITH DIAERESIS}ller", unicodedata.normalize("NFD", "M\xfcller")),
    ("12", "12.0"),
    ("P 1", "P\N{NO-BREAK SPACE}1"),
    ("P 1", " P  1 "),
    ("P1", "P\N{ZERO WIDTH SPACE}1"),
    ("P1", "\N{ZERO WIDTH NO-BREAK SPACE}P1"),
    ("P1", "\N{FULLWIDTH LATIN CAPITAL LETTER P}1"),
    ("P-1", "P\N{NON-BREAKING HYPHEN}1"),
    ("P-1", "P\N{MINUS SIGN}1"),
    ("001", '="001"'),
    ("001", "'001"),
    ("001", "''001"),
    ("\N{LATIN SMALL LETTER E WITH ACUTE}", "e\N{ZERO WIDTH JOINER}\N{COMBINING ACUTE ACCENT}"),
]


@pytest.mark.parametrize(("name", "spelling"), SPELLINGS)
def test_one_name_has_one_spelling(name: str, spelling: str) -> None:
    assert canonical_name(spelling) == name
    assert canonical_name(name) == name


@pytest.mark.parametrize("name", ["HAM_0000118", "IL_0294092", "P01", "p01", "1.05", "v1.10", "a.0.1", "O'Neil", "-3"])
def test_names_that_may_differ_stay_as_they_are(name: str) -> None:
    assert canonical_name(name) == name


@pytest.mark.parametrize("name", ["", "\N{ZERO WIDTH SPACE}", '=""'])
def test_what_shows_nothing_names_nobody(name: str) -> None:
    assert canonical_name(name) == ""


@pytest.mark.parametrize(("name", "spelling"), SPELLINGS)
@pytest.mark.parametrize("key", ["lesion_id", "patient_id", "group"])
def test_two_spellings_in_a_manifest_of_others_are_one(
    make_case: Callable[..., Case], key: str, name: str, spelling: str
) -> None:
    def known(value: str) -> dict[str, object]:
        return {"attributes": {"group": value}} if key == "group" else {key: value}

    cases = (make_case("a", "train", **known(name)), make_case("b", "test", **known(spelling)))
    (leak,) = find_leaks(Manifest("set", "1", None, cases))
    assert (leak.key, leak.value) == (key, name)
    assert len(case_groups(cases)) == 1


def test_a_table_is_read_with_one_spelling_and_numbers_stay_numbers(plain: Path) -> None:
    (plain / "t.csv").write_text(
        "id,p,g,h\na,P\u200b1,B\u00a01,3\nb,P1,B 1,4\nc,\u200bunknown,unknown,\n", encoding="utf-8"
    )
    manifest = index_folder(plain, tables=plain / "t.csv", lesion_column="p", patient_column="p", group_column="g")
    assert [case.patient_id for case in manifest.cases] == ["P1", "P1", None]
    assert [case.lesion_id for case in manifest.cases] == ["P1", "P1", None]
    assert [case.attributes["group"] for case in manifest.cases] == ["B 1", "B 1", None]
    numbers = index_folder(plain, tables=plain / "t.csv", group_column="h")
    assert [case.attributes["group"] for case in numbers.cases] == [3, 4, None]


def test_ids_of_cases_stay_as_they_are(make_case: Callable[..., Case]) -> None:
    cases = (make_case("P 1", "train"), make_case("P\N{NO-BREAK SPACE}1", "test"))
    assert len(case_groups(cases)) == 2
