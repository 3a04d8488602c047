from pathlib import Path
from typing import Any

import pytest

from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.manifest import READERS, Manifest, index


def test_the_readers_have_names() -> None:
    assert list(READERS) == ["isic2016", "isic2017", "isic2018", "ham10000", "ph2", "folder", "decathlon"]


def test_index_writes_what_it_returns(plain: Path, tmp_path: Path) -> None:
    manifest = index("folder", plain, tmp_path / "out" / "m.json", name="mine", split="test")
    assert Manifest.load(tmp_path / "out" / "m.json") == manifest
    assert (manifest.name, manifest.counts["test"]) == ("mine", 3)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("isic2019", {}, "There is no reader 'isic2019'; choose one of isic2016, .*folder"),
        ("ph2", {"splits": ["test"]}, "Reader ph2 has no option 'splits'; it has split, allow_partial"),
        ("isic2018", {"val_share": 0.1}, "isic2018 has official splits"),
        ("folder", {"val_share": 0.1, "split_column": "split"}, "split_column and val_share/test_share exclude"),
    ],
)
def test_an_option_that_does_not_fit_is_refused(plain: Path, name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        index(name, plain, **options)


@pytest.mark.parametrize("name", ["folder", "ham10000", "ph2"])
def test_a_split_that_is_none_is_refused_before_anything_is_read(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'validation' is no split; choose one of train, val, test, excluded"):
        index(name, tmp_path / "not read", tmp_path / "m.json", split="validation")
