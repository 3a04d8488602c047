from pathlib import Path

import numpy as np
import pytest
from monai.data.dataloader import DataLoader
from monai.transforms.compose import Compose
from monai.transforms.io.dictionary import LoadImaged
from PIL import Image

from dermaseg_monai.data import LesionReader, StandInDataset
from dermaseg_monai.errors import ConfigError, ImageError


def _photographs(folder: Path, n: int) -> StandInDataset:
    samples: list[dict[str, str]] = []
    for at in range(n):
        path = folder / f"{at}.png"
        Image.fromarray(np.full((6, 8, 3), at, dtype=np.uint8)).save(path)
        samples.append({"image": str(path), "image_path": str(path), "case_id": f"case {at}"})
    read = LoadImaged("image", reader=LesionReader, image_only=True, dtype=None)
    return StandInDataset(samples, Compose([read]))


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("gone", [0, 2, 4])
def test_a_picture_that_is_gone_has_a_stand_in_and_says_why(tmp_path: Path, gone: int, workers: int) -> None:
    data = _photographs(tmp_path, 5)
    (tmp_path / f"{gone}.png").unlink()
    found = list(DataLoader(data, batch_size=1, num_workers=workers))
    assert [batch["case_id"][0] for batch in found] == [f"case {at}" for at in range(5)]
    assert [bool(batch["failure"][0]) for batch in found] == [at == gone for at in range(5)]
    assert f"{gone}.png" in found[gone]["failure"][0]
    assert found[gone]["image_path"][0] == str(tmp_path / f"{gone}.png")
    assert all(int(batch["image"].max()) == at for at, batch in enumerate(found) if at != gone)


def test_when_all_are_gone_it_ends(tmp_path: Path) -> None:
    data = _photographs(tmp_path, 30)
    for file in tmp_path.iterdir():
        file.unlink()
    with pytest.raises(ImageError, match=r"3\.png"):
        data[3]


def test_a_fault_that_is_no_pictures_is_raised() -> None:
    def fault(_: object) -> object:
        raise ConfigError("a fault of the sheet")

    data = StandInDataset([{"image": "a.png"}], fault)
    with pytest.raises(RuntimeError) as raised:
        data[0]
    assert type(raised.value.__cause__) is ConfigError
