import pytest
import torch
from monai.data import MetaTensor
from torch import Tensor

from dermaseg_monai.networks.framed import Framed
from dermaseg_monai.networks.photograph import Photograph


class RedChannel(Framed):
    """Gives back the red it is given, and remembers the size."""

    def __init__(self) -> None:
        super().__init__(multiple=16)
        self.seen_px = (0, 0)

    def logits(self, photograph: Tensor) -> Tensor:
        self.seen_px = (photograph.shape[-2], photograph.shape[-1])
        return photograph[:, :1]


@pytest.mark.parametrize(("size_px", "padded_px"), [((33, 50), (48, 64)), ((32, 64), (32, 64))])
def test_a_network_sees_whole_multiples_and_answers_on_the_grid_of_the_image(
    size_px: tuple[int, int], padded_px: tuple[int, int]
) -> None:
    network = RedChannel()
    image = torch.rand(2, 3, *size_px)
    logits = network(image)
    assert network.seen_px == padded_px
    torch.testing.assert_close(logits, (image[:, :1] - 0.485) / 0.229)  # ImageNet's mean and deviation of red


def test_monais_tensors_are_taken() -> None:
    assert type(RedChannel()(MetaTensor(torch.rand(1, 3, 32, 40)))) is Tensor


def test_a_small_image_is_refused() -> None:
    with pytest.raises(ValueError, match="31 x 64 px, shorter than 32 px"):
        RedChannel()(torch.rand(1, 3, 31, 64))


def test_the_frame_adds_nothing_to_the_weights() -> None:
    network = RedChannel()
    assert isinstance(network.photograph, Photograph)
    assert not network.state_dict()
