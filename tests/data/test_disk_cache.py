import tempfile
from pathlib import Path
from typing import Any

import pytest
import torch
from monai.data.dataset import PersistentDataset
from monai.data.utils import pickle_hashing
from monai.transforms.compose import Compose
from monai.transforms.intensity.dictionary import ScaleIntensityd

from dermaseg_monai.data import DiskCacheDataset
from dermaseg_monai.errors import DataError


class Counted(ScaleIntensityd):
    """Says how often it was asked."""

    asked = 0

    def __call__(self, data: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:  # pyright: ignore[reportIncompatibleMethodOverride]
        Counted.asked += 1
        return super().__call__(data)  # pyright: ignore[reportReturnType, reportArgumentType]


@pytest.fixture
def cases() -> list[dict[str, torch.Tensor]]:
    Counted.asked = 0
    return [{"image": torch.arange(12, dtype=torch.float32).reshape(1, 3, 4) + at} for at in range(2)]


def _cached(cases: list[dict[str, torch.Tensor]], folder: Path) -> DiskCacheDataset:
    return DiskCacheDataset(cases, Compose([Counted("image")]), folder, hash_transform=pickle_hashing)


def _images(data: PersistentDataset) -> list[torch.Tensor]:
    samples: list[Any] = [data[at] for at in range(len(data))]
    return [torch.as_tensor(sample["image"]) for sample in samples]


def test_a_case_is_made_once_and_is_what_monai_makes_of_it(
    cases: list[dict[str, torch.Tensor]], tmp_path: Path
) -> None:
    first, second = _images(_cached(cases, tmp_path / "ours")), _images(_cached(cases, tmp_path / "ours"))
    assert Counted.asked == 2
    theirs = PersistentDataset(cases, Compose([Counted("image")]), tmp_path / "theirs", hash_transform=pickle_hashing)
    for ours, again, monais in zip(first, second, _images(theirs), strict=True):
        assert torch.equal(ours, again)
        assert torch.equal(ours, monais)
    names = [sorted(file.name for file in (tmp_path / one).iterdir()) for one in ("ours", "theirs")]
    assert names[0] == names[1]  # a cache of before is read


@pytest.mark.parametrize("kept", [0, 1, 100, 1000])
def test_a_file_that_was_cut_is_made_again(
    cases: list[dict[str, torch.Tensor]], tmp_path: Path, kept: int, caplog: pytest.LogCaptureFixture
) -> None:
    before = _images(_cached(cases, tmp_path))
    for file in tmp_path.iterdir():
        file.write_bytes(file.read_bytes()[:kept])
    assert all(torch.equal(*pair) for pair in zip(before, _images(_cached(cases, tmp_path)), strict=True))
    assert caplog.text.count("it is made again") == 2
    _images(_cached(cases, tmp_path))
    assert Counted.asked == 4


def test_nothing_is_written_elsewhere_and_no_half_file_stays(
    cases: list[dict[str, torch.Tensor]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "not there"))

    def full(_file: Path, _mode: str) -> None:
        raise OSError(28, "No space left on device")

    data = _cached(cases, tmp_path / "cache")
    with monkeypatch.context() as now:
        now.setattr(Path, "open", full)
        with pytest.raises(DataError, match=r"cannot be written: No space left on device\. .* --cache_dir DIR"):
            data[0]
    assert list((tmp_path / "cache").iterdir()) == []
    assert len(_images(data)) == 2


def test_a_folder_that_cannot_be_made_is_one_line(cases: list[dict[str, torch.Tensor]], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"file/cache cannot be written: Not a directory\. .* --cache_dir DIR"):
        _cached(cases, tmp_path / "file" / "cache")


def test_a_cache_of_somebody_else_is_read_and_not_written(
    cases: list[dict[str, torch.Tensor]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = _images(_cached(cases[:1], tmp_path))
    monkeypatch.setattr("os.access", lambda *_: False)  # who runs tests as root may write anywhere
    found = _images(_cached(cases, tmp_path))
    assert torch.equal(found[0], before[0])
    assert Counted.asked == 2
    assert len(list(tmp_path.iterdir())) == 1
    assert caplog.text.count("may not be written") == 1
