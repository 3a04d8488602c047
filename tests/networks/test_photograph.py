import pytest
import torch
from monai.data import MetaTensor

from dermaseg_monai.networks.photograph import Photograph, crop


def test_the_imagenet_mean_becomes_zero_and_one_deviation_one() -> None:
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1).expand(1, 3, 32, 32)
    std = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    photograph = Photograph(multiple=16)
    torch.testing.assert_close(photograph(mean), torch.zeros(1, 3, 32, 32))
    torch.testing.assert_close(photograph(mean + std), torch.ones(1, 3, 32, 32))


def test_mean_zero_and_deviation_one_leave_the_photograph_as_it_is() -> None:
    image = torch.rand(1, 3, 32, 32)
    torch.testing.assert_close(Photograph(multiple=16, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))(image), image)


def test_the_right_and_lower_edges_are_mirrored_to_the_next_multiple() -> None:
    image = torch.rand(1, 3, 33, 40)
    padded = Photograph(multiple=16)(image)
    assert padded.shape == (1, 3, 48, 48)
    torch.testing.assert_close(padded[..., :33, 41], padded[..., :33, 37])  # column 40 + 1 mirrors 39 - 2
    torch.testing.assert_close(padded[..., 47, :40], padded[..., 17, :40])


def test_a_fitting_image_keeps_its_size() -> None:
    assert Photograph(multiple=16)(torch.rand(2, 3, 48, 64)).shape == (2, 3, 48, 64)


def test_monais_tensors_become_plain_ones() -> None:
    assert type(Photograph(multiple=16)(MetaTensor(torch.rand(1, 3, 32, 32)))) is torch.Tensor


def test_what_is_no_photograph_is_refused() -> None:
    with pytest.raises(ValueError, match=r"31 x 64 px, shorter than 32 px.*Enlarge"):
        Photograph(multiple=16)(torch.rand(1, 3, 31, 64))
    with pytest.raises(ValueError, match=r"has 4 channels.*Give RGB"):
        Photograph(multiple=16)(torch.rand(1, 4, 64, 64))


def test_cropping_undoes_the_padding() -> None:
    image = torch.rand(1, 1, 33, 40)
    padded = torch.nn.functional.pad(image, (0, 8, 0, 15))
    assert torch.equal(crop(padded, 33, 40), image)
    assert torch.equal(crop(image, 33, 40), image)
