import numpy as np
import pytest
import torch
from monai.data.meta_tensor import MetaTensor
from monai.data.utils import pickle_hashing

from dermaseg_monai.data import Correctd
from dermaseg_monai.data.colour_constancy import shades_of_grey
from dermaseg_monai.data.hair_removal import remove_hair


def picture() -> np.ndarray:
    """Reddish skin with one dark hair, 48 x 64 px."""
    image = np.empty((48, 64, 3), np.uint8)
    image[:] = (220, 160, 140)
    image[20:22] = (50, 35, 30)
    return image


def tensor(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(image).permute(2, 0, 1).contiguous()


@pytest.mark.parametrize("hair_removal", [False, True])
@pytest.mark.parametrize("colour_constancy", [False, True])
def test_each_correction_is_made_when_asked_hair_first(*, hair_removal: bool, colour_constancy: bool) -> None:
    expected = remove_hair(picture()) if hair_removal else picture()
    expected = shades_of_grey(expected) if colour_constancy else expected
    transform = Correctd("image", hair_removal=hair_removal, colour_constancy=colour_constancy)
    found = transform({"image": tensor(picture())})["image"]
    assert torch.equal(found, tensor(expected))
    assert torch.equal(found, tensor(picture())) is not (hair_removal or colour_constancy)


def test_metadata_stay_and_the_input_is_left_alone() -> None:
    image = MetaTensor(tensor(picture()), meta={"a": 1})
    found = Correctd("image", hair_removal=True)({"image": image})["image"]
    assert found.meta["a"] == 1
    assert torch.equal(image.as_tensor(), tensor(picture()))


def test_floats_and_single_channels_are_refused_only_when_there_is_something_to_do() -> None:
    floats, grey = torch.zeros(3, 8, 8), torch.zeros(1, 8, 8, dtype=torch.uint8)
    for image in (floats, grey):
        assert Correctd("image")({"image": image})["image"] is image
        with pytest.raises(ValueError, match=r"image is .* channels; .* take uint8 RGB\. .*--hair_removal false"):
            Correctd("image", colour_constancy=True)({"image": image})


def test_a_disk_cache_tells_corrected_pictures_from_others() -> None:
    hashes = {pickle_hashing(Correctd("image", hair_removal=one)) for one in (False, True)}
    assert len(hashes) == 2
