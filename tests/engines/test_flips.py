import pytest
import torch
from monai.inferers.inferer import SimpleInferer
from torch import Tensor, nn

from dermaseg_monai.engines import FlipInferer, HeadsInferer


class LeftHalf(nn.Module):
    """Logit 8 in the left column, whatever the image."""

    def forward(self, image: Tensor) -> Tensor:
        logits = torch.zeros_like(image[:, :1])
        logits[..., 0] = 8.0
        return logits

    def heads(self, image: Tensor) -> dict[str, Tensor]:
        return {"pred": self(image), "boundary": 2 * self(image)}


def test_the_mean_of_the_mirror_images_has_no_preferred_side() -> None:
    mean = FlipInferer(SimpleInferer())(torch.zeros(1, 3, 2, 2), LeftHalf())
    assert torch.equal(mean, torch.full((1, 1, 2, 2), 4.0))


def test_maps_of_a_dict_are_averaged_each() -> None:
    mean = FlipInferer(HeadsInferer(SimpleInferer()))(torch.zeros(1, 3, 2, 2), LeftHalf())
    assert torch.equal(mean["boundary"], 2 * mean["pred"])


@pytest.mark.parametrize("shape", [(1, 3, 4, 5), (1, 1, 4, 5, 6)])
def test_a_network_that_follows_the_image_is_left_as_it_is(shape: tuple[int, ...]) -> None:
    image = torch.rand(shape)
    mean = FlipInferer(SimpleInferer())(image, nn.Identity())
    torch.testing.assert_close(mean, image)
