from typing import Any

import numpy as np
import pytest
import torch
from monai.data.dataset import CacheDataset
from monai.data.meta_tensor import MetaTensor
from monai.data.utils import decollate_batch, list_data_collate
from monai.transforms.compose import Compose
from monai.transforms.spatial.dictionary import RandFlipd
from torch import Tensor

from dermaseg_monai.data import Fitd, RestoreGridd, ToUnitRanged


def sample(height: int, width: int) -> dict[str, Tensor]:
    """Black above, white below; the lesion is the right half."""
    image = torch.zeros(3, height, width, dtype=torch.uint8)
    image[:, height // 2 :] = 255
    label = torch.zeros(1, height, width, dtype=torch.uint8)
    label[:, :, width // 2 :] = 1
    return {"image": image, "label": label}


def test_image_and_label_become_squares_of_bytes() -> None:
    fitted = Fitd(["image", "label"], 4)(sample(8, 16))
    assert fitted["image"].dtype == fitted["label"].dtype == torch.uint8
    assert fitted["image"].shape == (3, 4, 4)
    assert fitted["label"].tolist() == [[[0, 0, 1, 1]] * 4]
    assert fitted["image"][0, 0].max() < 128 < fitted["image"][0, 3].min()
    assert fitted["image_original_size"].tolist() == [8, 16]


def test_a_constant_image_stays_constant() -> None:
    fitted = Fitd("image", 5)({"image": torch.full((3, 17, 31), 200, dtype=torch.uint8)})
    assert fitted["image"].unique().tolist() == [200]


def test_every_pixel_of_a_fine_pattern_counts() -> None:
    """Columns 3 and 4 of every 8 are white: a quarter. Sampling without antialiasing would look at just these two."""
    white = (torch.arange(64) % 8 // 3 == 1) & (torch.arange(64) % 8 < 5)
    stripes = (white * 255).to(torch.uint8).expand(3, 64, 64)
    inner = Fitd("image", 8)({"image": stripes})["image"][:, 1:-1, 1:-1].float()
    assert (inner - 255 / 4).abs().max() <= 1


def test_a_pixel_is_lesion_where_most_of_its_area_is() -> None:
    label = torch.zeros(1, 30, 30, dtype=torch.uint8)
    label[:, :, :16] = 1  # columns 0 to 4 of 10 whole, a third of column 5
    fitted = Fitd("label", 10)({"label": label})["label"]
    assert fitted[0, 0].tolist() == [1] * 5 + [0] * 5
    corner = torch.zeros(1, 30, 30, dtype=torch.uint8)
    corner[:, :17, :17] = 1  # two thirds of the filter at row 5, of these again two thirds at column 5: 4 of 9
    fitted = Fitd("label", 10)({"label": corner})["label"]
    assert fitted[0, 5].tolist() == [1] * 5 + [0] * 5


def test_an_enlarged_label_stays_binary() -> None:
    fitted = Fitd("label", 13)({"label": sample(4, 6)["label"]})["label"]
    assert fitted.unique().tolist() == [0, 1]


@pytest.mark.parametrize(
    ("label", "found"),
    [
        (torch.full((1, 4, 4), 255, dtype=torch.uint8), "1 channels with values up to 255"),
        (torch.full((1, 4, 4), 2, dtype=torch.uint8), "1 channels with values up to 2"),
        (torch.zeros(3, 4, 4), "3 channels with values up to 0"),
    ],
)
def test_a_label_read_as_image_is_refused(label: Tensor, found: str) -> None:
    with pytest.raises(ValueError, match=f"label has {found}.*MaskReader"):
        Fitd("label", 2)({"label": label})


def test_the_size_must_be_positive() -> None:
    with pytest.raises(ValueError, match="image_size must be at least 1 px; got 0"):
        Fitd("image", 0)


def test_missing_keys_can_be_allowed() -> None:
    only_image = {"image": sample(8, 8)["image"]}
    assert set(Fitd(["image", "label"], 4, allow_missing_keys=True)(only_image)) == {"image", "image_original_size"}
    with pytest.raises(KeyError, match="label"):
        Fitd(["image", "label"], 4)(only_image)


def test_metadata_stays_and_the_affine_follows_the_grid() -> None:
    image = MetaTensor(sample(8, 16)["image"], meta={"filename_or_obj": "a.png"})
    fitted = Fitd("image", 4)({"image": image})["image"]
    assert fitted.meta["filename_or_obj"] == "a.png"
    assert np.diag(fitted.affine).tolist() == [2, 4, 1, 1]
    assert fitted.affine[:2, -1].tolist() == [0.5, 1.5]  # the centre of the first pixel
    assert np.diag(image.affine).tolist() == [1, 1, 1, 1]


def test_volumes_become_cubes() -> None:
    label = torch.zeros(1, 4, 6, 8, dtype=torch.uint8)
    label[..., 4:] = 1
    fitted = Fitd(["image", "label"], 4)({"image": torch.ones(1, 4, 6, 8), "label": label})
    assert fitted["image"].shape == (1, 4, 4, 4)
    assert fitted["label"][0, 0, 0].tolist() == [0, 0, 1, 1]
    assert RestoreGridd("image")(fitted)["image"].shape == (1, 4, 6, 8)


def test_a_cache_holds_bytes() -> None:
    chain: Any = Compose(
        [Fitd(["image", "label"], 8), RandFlipd(["image", "label"], prob=1), ToUnitRanged(["image", "label"])]
    )
    dataset: Any = CacheDataset([sample(20, 30)], chain, progress=False, num_workers=1)
    assert {dataset._cache[0][key].dtype for key in ("image", "label")} == {torch.uint8}
    assert dataset[0]["image"].dtype == torch.float32


def test_predictions_of_a_batch_get_their_own_sizes_back() -> None:
    """Two pictures of different size; the prediction repeats the label, which must come back where it was."""
    chain: Any = Compose([Fitd(["image", "label"], 32), ToUnitRanged(["image", "label"])])
    sizes = [(20, 48), (64, 40)]
    batch: Any = list_data_collate([chain(sample(*size)) for size in sizes])
    batch["pred"] = batch["label"]
    samples: Any = decollate_batch(batch)
    restored = [RestoreGridd("pred")(item) for item in samples]
    for size, item in zip(sizes, restored, strict=True):
        assert item["pred"].shape == (1, *size)
        assert torch.equal(item["pred"] > 0.5, sample(*size)["label"] == 1)


def test_half_precision_predictions_become_float32() -> None:
    item = {"pred": torch.ones(1, 2, 2, dtype=torch.bfloat16), "image_original_size": torch.tensor([3, 5])}
    assert RestoreGridd("pred")(item)["pred"].dtype == torch.float32


def test_restoring_needs_the_original_size() -> None:
    with pytest.raises(ValueError, match=r"no 'image_original_size'\. Put Fitd into the preprocessing"):
        RestoreGridd("pred")({"pred": torch.zeros(1, 2, 2)})


def test_restoring_takes_single_samples() -> None:
    item = {"pred": torch.zeros(2, 1, 4, 4), "image_original_size": torch.tensor([3, 5])}
    with pytest.raises(ValueError, match=r"shape \(2, 1, 4, 4\); RestoreGridd takes decollated samples"):
        RestoreGridd("pred")(item)
