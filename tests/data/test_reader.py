from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from monai.data.meta_tensor import MetaTensor
from monai.transforms.compose import Compose
from monai.transforms.io.dictionary import LoadImaged
from monai.transforms.utility.dictionary import EnsureChannelFirstd

from dermaseg_monai.data import LesionReader, MaskReader
from dermaseg_monai.errors import ImageError
from dermaseg_monai.images import Picture, read_image, write_mask, write_rgb
from dermaseg_monai.images.volumes import write_volume

LOAD: Any = Compose(
    [
        LoadImaged("image", reader=LesionReader, dtype=None),
        LoadImaged("label", reader=MaskReader, dtype=None),
        EnsureChannelFirstd(["image", "label"]),
    ]
)


def chain_of(error: BaseException | None) -> list[BaseException]:
    return [] if error is None else [error, *chain_of(error.__cause__)]


def test_image_and_label_lie_on_one_grid(tmp_path: Path) -> None:
    """Four rows, six columns, the lesion in the first row and last column: a transposed file would show."""
    pixels = np.zeros((4, 6, 3), dtype=np.uint8)
    pixels[0, 5] = (10, 20, 30)
    write_rgb(tmp_path / "i.png", pixels)
    write_mask(tmp_path / "m.png", pixels[..., 0] > 0)
    sample = LOAD({"image": tmp_path / "i.png", "label": str(tmp_path / "m.png")})
    image, label = sample["image"], sample["label"]
    assert isinstance(image, MetaTensor)
    assert (image.dtype, label.dtype) == (torch.uint8, torch.uint8)
    assert (tuple(image.shape), tuple(label.shape)) == ((3, 4, 6), (1, 4, 6))
    assert image[:, 0, 5].tolist() == [10, 20, 30]
    assert label[0].nonzero().tolist() == [[0, 5]]
    assert label.max() == 1
    assert image.meta["filename_or_obj"] == str(tmp_path / "i.png")
    assert image.meta["spatial_shape"].tolist() == [4, 6]


def test_a_volume_keeps_axes_and_affine(tmp_path: Path) -> None:
    affine = np.diag([1.0, 2.0, 3.0, 1.0])
    values = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    place = read_volume_like(tmp_path, affine)
    write_volume(tmp_path / "i.nii.gz", values, place)
    write_mask(tmp_path / "m.nii.gz", values > 11, like=place)
    sample = LOAD({"image": tmp_path / "i.nii.gz", "label": tmp_path / "m.nii.gz"})
    assert torch.equal(sample["image"].as_tensor()[0], torch.from_numpy(values))
    assert torch.equal(sample["label"].as_tensor()[0], torch.from_numpy(values > 11).to(torch.uint8))
    assert np.array_equal(sample["image"].affine, affine)
    assert np.array_equal(sample["label"].affine, affine)


def read_volume_like(folder: Path, affine: np.ndarray) -> Picture:
    import nibabel as nib  # noqa: PLC0415

    nib.save(nib.Nifti1Image(np.zeros((2, 3, 4), dtype=np.uint8), affine), folder / "place.nii")
    return read_image(folder / "place.nii")


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff\xe0 cut"])
def test_a_damaged_file_is_not_given_to_another_reader(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "i.jpg").write_bytes(content)
    with pytest.raises(RuntimeError) as caught:
        Compose([LoadImaged("image", reader=LesionReader, dtype=None)])({"image": tmp_path / "i.jpg"})
    errors = [error for error in chain_of(caught.value) if isinstance(error, ImageError)]
    assert len(errors) == 1
    assert "i.jpg" in str(errors[0])


def test_one_file_per_key() -> None:
    with pytest.raises(ValueError, match="One file per key was expected, got 2"):
        LesionReader().read(["a.png", "b.png"])


def test_known_file_names() -> None:
    assert LesionReader().verify_suffix("a/b.jpg")
    assert LesionReader().verify_suffix("a/b.nii.gz")
    assert not LesionReader().verify_suffix("a/b.npy")
