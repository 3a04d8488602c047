import csv
from pathlib import Path

from dermaseg_monai.manifest import Leak, count_shared, shown_value, write_leak_table

LESION = Leak("lesion_id", "L1", ("a", "b", "c"), ("train", "train", "test"), ("one", "one", "one"))
PATIENT = Leak("patient_id", "Smith", ("a", "c"), ("train", "test"), ("one", "one"))
OVERLAP = Leak("id", "a", ("a", "a"), ("train", "train"), ("one", "two"))


def test_values_and_cases_are_counted_by_sides_and_key() -> None:
    found = [
        (one.one, one.other, one.key, one.values, one.cases_one, one.cases_other, one.crosses_splits)
        for one in count_shared([OVERLAP, LESION, PATIENT])
    ]
    train, test = ("one", "train"), ("one", "test")
    assert found == [
        (train, test, "lesion_id", 1, 2, 1, True),
        (train, test, "patient_id", 1, 1, 1, True),
        (train, ("two", "train"), "id", 1, 1, 1, False),
    ]


def test_nothing_is_shared_when_nothing_leaks() -> None:
    assert count_shared([]) == []


def test_a_patient_is_not_named() -> None:
    assert "Smith" not in shown_value(PATIENT)
    assert shown_value(PATIENT) == shown_value(PATIENT)
    assert shown_value(LESION) == "L1"
    assert shown_value(Leak("image", "f" * 64, ("a", "b"), ("train", "test"), ("one", "one"))) == "f" * 12


def test_the_table_has_a_row_per_case(tmp_path: Path) -> None:
    write_leak_table(tmp_path / "leaks.csv", [LESION, OVERLAP])
    with (tmp_path / "leaks.csv").open(newline="") as stream:
        rows = [tuple(row.values()) for row in csv.DictReader(stream)]
    assert rows == [
        ("1", "leak", "lesion_id", "L1", "one", "train", "a"),
        ("1", "leak", "lesion_id", "L1", "one", "train", "b"),
        ("1", "leak", "lesion_id", "L1", "one", "test", "c"),
        ("2", "overlap", "id", "a", "one", "train", "a"),
        ("2", "overlap", "id", "a", "two", "train", "a"),
    ]


def test_no_cell_of_the_table_is_a_formula(tmp_path: Path) -> None:
    leak = Leak("lesion_id", "@L", ("=HYPERLINK(1)", "-5"), ("train", "test"), ("+one", "one"))
    write_leak_table(tmp_path / "leaks.csv", [leak])
    with (tmp_path / "leaks.csv").open(newline="") as stream:
        rows = [tuple(row.values()) for row in csv.DictReader(stream)]
    assert rows == [
        ("1", "leak", "lesion_id", "'@L", "'+one", "train", "'=HYPERLINK(1)"),
        ("1", "leak", "lesion_id", "'@L", "one", "test", "-5"),
    ]
