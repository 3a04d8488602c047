from collections.abc import Callable
from pathlib import Path

import pytest

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest import Case, Manifest, find_overlaps, has_files, read_leak_source, write_leak_source


@pytest.mark.parametrize(
    ("name", "set_name", "split"),
    [
        ("ISIC2018_test.txt", "ISIC2018", "test"),
        ("ISIC2017_val.txt", "ISIC2017", "val"),
        ("my_set_Training.txt", "my_set", "train"),
        ("PH2_segs.txt", "PH2_segs", "train"),
        ("test.txt", "test", "test"),
        ("val.txt", "val", "val"),
        ("isic-test.txt", "isic", "test"),
        ("isic test.txt", "isic", "test"),
        ("isic.valid.txt", "isic", "val"),
        ("test_ids.txt", "ids", "test"),
        ("isic_Test_list.txt", "isic_list", "test"),
        ("latest_train.txt", "latest", "train"),
    ],
)
def test_a_text_list_says_its_side_by_its_name(tmp_path: Path, name: str, set_name: str, split: str) -> None:
    (tmp_path / name).write_text("# from the organisers\nISIC_2\n\n  ISIC_1.jpg \n")
    found = read_leak_source(tmp_path / name)
    assert (found.name, [(case.id, case.split) for case in found.cases]) == (
        set_name,
        [("ISIC_1", split), ("ISIC_2", split)],
    )
    assert not has_files(found)


def test_a_table_of_ids_and_splits_is_read_and_written_back(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("id,split\na,train\nb,excluded\n")
    found = read_leak_source(tmp_path / "mine.csv")
    write_leak_source(tmp_path / "again.csv", found)
    assert (tmp_path / "again.csv").read_text() == (tmp_path / "mine.csv").read_text()


def test_ids_that_a_spreadsheet_would_execute_are_quoted_and_read_back(
    tmp_path: Path, make_case: Callable[..., Case]
) -> None:
    ids = ["'=quoted", "-5", "=HYPERLINK(1)", "a,b"]
    found = Manifest("mine", "ids", None, tuple(make_case(name) for name in ids))
    write_leak_source(tmp_path / "mine.csv", found)
    lines = (tmp_path / "mine.csv").read_text().splitlines()
    assert lines == ["id,split", "''=quoted,train", "-5,train", "'=HYPERLINK(1),train", '"a,b",train']
    assert [case.id for case in read_leak_source(tmp_path / "mine.csv").cases] == ids


def test_a_manifest_is_read_as_it_is(tmp_path: Path, make_case: Callable[..., Case]) -> None:
    manifest = Manifest("study", "1", None, (make_case("a"),))
    write_leak_source(tmp_path / "m.json", manifest)
    assert read_leak_source(tmp_path / "m.json") == manifest
    assert has_files(manifest)


def test_the_official_overlaps_come_out_of_the_shipped_lists() -> None:
    overlaps = find_overlaps(read_leak_source("isic2017"), read_leak_source("isic2018"))
    sides = [frozenset(zip(leak.sets, leak.splits, strict=True)) for leak in overlaps]
    counts = {
        (one, other): sides.count(frozenset({("isic2017", one), ("isic2018", other)}))
        for one in ("train", "val", "test")
        for other in ("train", "val", "test")
    }
    assert {place: count for place, count in counts.items() if count} == {
        ("train", "train"): 1800,
        ("val", "train"): 121,
        ("test", "train"): 529,
    }


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", b"x\ny\nx\n", "names 1 ids more than once, first 'x'"),
        ("a.txt", b"\xff\xfe\x00", "Cannot read the id list"),
        ("a.txt", b"\n", "it has no case"),
        ("a.csv", b"id,side\na,train\n", "has no column split; it has id, side"),
    ],
)
def test_a_list_that_is_none_is_refused(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=said):
        read_leak_source(tmp_path / name)


@pytest.mark.parametrize("name", ["isictest.txt", "trainval.txt", "latest.txt", "train_test.txt"])
def test_a_list_is_not_taken_for_training_where_its_name_may_mean_another_side(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("a\n")
    with pytest.raises(DataError, match=rf"id list .*{name} does not say which side.*train.*Rename it, or give a CSV"):
        read_leak_source(tmp_path / name)


@pytest.mark.parametrize("name", ["gone.txt", "gone.json", "isic2099"])
def test_a_list_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match=name):
        read_leak_source(tmp_path / name)
