import gzip
import tracemalloc
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest import Case, Manifest
from dermaseg_monai.manifest.id_lists import SUFFIX, apply_list, coverage, read_list, shipped_list
from dermaseg_monai.shipped import shipped_files

CaseMaker = Callable[..., Case]


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("isic2016", {"train": 900, "test": 379}),
        ("isic2017", {"train": 2000, "val": 150, "test": 600}),
        ("isic2018", {"train": 2594, "val": 100, "test": 1000}),
        ("ham10000", {"train": 10015}),
        ("ph2", {"test": 200}),
        ("benchmark", {"train": 1915, "val": 116, "test": 529, "excluded": 34}),
    ],
)
def test_the_shipped_lists_have_the_published_numbers(name: str, counts: dict[str, int]) -> None:
    assert Counter(shipped_list(name).values()) == counts


def test_the_shipped_lists_show_the_known_overlaps() -> None:
    train2018 = {name for name, split in shipped_list("isic2018").items() if split == "train"}
    shared = {
        (year, split): sum(held == split and name in train2018 for name, held in shipped_list(year).items())
        for year, split in (("isic2016", "train"), ("isic2016", "test"), ("isic2017", "val"), ("isic2017", "test"))
    }
    assert shared == {
        ("isic2016", "train"): 806,
        ("isic2016", "test"): 339,
        ("isic2017", "val"): 121,
        ("isic2017", "test"): 529,
    }
    test2017 = {name for name, split in shipped_list("isic2017").items() if split == "test"}
    assert {name for name, split in shipped_list("benchmark").items() if split == "test"} == train2018 & test2017


def test_the_shipped_lists_are_small() -> None:
    assert sum(path.stat().st_size for path in shipped_files("data_manifests/splits", SUFFIX).values()) < 300_000


def test_a_list_decides_every_case_and_leaves_the_others_out(make_case: CaseMaker) -> None:
    cases = (make_case("a"), make_case("b", "val"), make_case("c"), make_case("d", "excluded"))
    listed = {"a": "test", "b": "train", "d": "train", "z": "val"}
    made = apply_list(Manifest("m", "1", None, cases), listed, name="mine")  # pyright: ignore[reportArgumentType]
    assert [case.split for case in made.cases] == ["test", "train", "excluded", "excluded"]
    assert coverage(made, listed) == "train 2 of 2, val 0 of 1, test 1 of 1"  # pyright: ignore[reportArgumentType]


def test_the_list_of_another_set_is_refused(make_case: CaseMaker) -> None:
    with pytest.raises(DataError, match=r"None of the 1 cases of m is in the list ph2; the first is a, .* IMD002"):
        apply_list(Manifest("m", "1", None, (make_case("a"),)), shipped_list("ph2"), name="ph2")


def test_a_list_may_be_packed(tmp_path: Path) -> None:
    (tmp_path / "s.csv.gz").write_bytes(gzip.compress(b"id,split\na,train\n"))
    assert read_list(tmp_path / "s.csv.gz") == {"a": "train"}
    (tmp_path / "s.csv.gz").write_bytes(gzip.compress(b"id,split\na,train\n")[:-4])
    with pytest.raises(DataError, match="is not a whole gzip file"):
        read_list(tmp_path / "s.csv.gz")


def test_a_list_that_would_fill_the_memory_is_not_unpacked(tmp_path: Path) -> None:
    (tmp_path / "s.csv.gz").write_bytes(gzip.compress(b"id,split\na,train\n" + bytes(24 << 20)))
    tracemalloc.start()
    with pytest.raises(DataError, match=r"s\.csv\.gz unpacks to more than 16,777,216 bytes, which no table does"):
        read_list(tmp_path / "s.csv.gz")
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 40 << 20  # of 24 MiB, read in growing pieces


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,split\na,train\nb,val\na,test\n", "names 1 ids more than once, first 'a'"),
        ("id,split\na,training\n", "the split of a is 'training'; choose from train, val, test, excluded"),
        ("id,set\na,train\n", "has no column split; it has id, set"),
        ("image,split\na,train\n", "has no column id; it has image, split"),
    ],
)
def test_what_is_wrong_with_a_list_is_said(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "s.csv").write_text(text)
    with pytest.raises(DataError, match=said):
        read_list(tmp_path / "s.csv")


def test_an_unknown_list_names_those_there_are() -> None:
    with pytest.raises(DataError, match=r"no id list 'isic2015'.*there is benchmark, ham10000, .*isic2016, "):
        shipped_list("isic2015")
