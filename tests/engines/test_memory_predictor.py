import numpy as np
import pytest
import torch
from monai.inferers.inferer import SimpleInferer
from monai.transforms.compose import Compose
from torch import nn

from dermaseg_monai.engines.memory_predictor import MemoryPredictor, image_tensor, mask_tensor
from dermaseg_monai.errors import ConfigError


def test_a_preprocessing_that_is_no_list_of_steps_is_refused() -> None:
    with pytest.raises(ConfigError, match="The sheet's preprocessing is a function"):
        MemoryPredictor(
            network=nn.Identity(),
            inferer=SimpleInferer(),
            preprocessing=lambda sample: sample,
            postprocessing=Compose([]),
            device=torch.device("cpu"),
        )


def test_a_change_of_the_tensor_leaves_the_array_as_it_is() -> None:
    pixels, mask = np.zeros((2, 3, 3), dtype=np.uint8), np.zeros((2, 3), dtype=bool)
    image_tensor(pixels).fill_(9)
    mask_tensor(mask).fill_(1)
    assert not pixels.any()
    assert not mask.any()
