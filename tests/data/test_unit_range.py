import pytest
import torch
from monai.data.meta_tensor import MetaTensor

from dermaseg_monai.data import ToUnitRanged


def test_bytes_become_parts_of_one_and_labels_stay() -> None:
    sample = {
        "image": MetaTensor(torch.tensor([0, 51, 255], dtype=torch.uint8).reshape(3, 1, 1)),
        "label": torch.tensor([[[0, 1]]], dtype=torch.uint8),
    }
    result = ToUnitRanged(["image", "label"])(sample)
    assert result["image"].flatten().tolist() == pytest.approx([0, 0.2, 1])
    assert result["label"].tolist() == [[[0, 1]]]
    for value in result.values():
        assert type(value) is torch.Tensor
        assert value.dtype == torch.float32


def test_floats_are_refused() -> None:
    with pytest.raises(ValueError, match=r'image is torch\.float32, not uint8.*"dtype": null'):
        ToUnitRanged("image")({"image": torch.zeros(3, 2, 2)})
