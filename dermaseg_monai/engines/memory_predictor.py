"""What a sheet puts before and behind its network, for photographs in memory instead of files."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from monai.data.meta_tensor import MetaTensor
from monai.inferers.inferer import Inferer
from monai.networks.utils import eval_mode
from monai.transforms.compose import Compose
from monai.transforms.io.dictionary import LoadImaged
from monai.utils.enums import MetaKeys
from torch import nn

from dermaseg_monai.arrays import BoolMask, RgbImage
from dermaseg_monai.engines.batch import plain
from dermaseg_monai.errors import ConfigError


class MemoryPredictor:
    """Predicts photographs in memory as the sheet does it for files.

    The sheet's preprocessing runs without its LoadImaged, everything else is used as it is.

    Args:
        network: with its weights, on the device.
        inferer: of the sheet; with or without mirror images.
        preprocessing: of the sheet, a Compose over `image` (and `label`).
        postprocessing: of the sheet.
        device: where the network is.

    Raises:
        ConfigError: the preprocessing is no Compose.
    """

    def __init__(
        self,
        *,
        network: nn.Module,
        inferer: Inferer,
        preprocessing: Callable[..., Any],
        postprocessing: Callable[..., Any],
        device: torch.device,
    ) -> None:
        if not isinstance(preprocessing, Compose):
            found = type(preprocessing).__name__
            raise ConfigError(f"The sheet's preprocessing is a {found}; a Compose was expected.")
        self.network, self.inferer, self.device = network, inferer, device
        self.preprocessing = Compose([step for step in preprocessing.transforms if not isinstance(step, LoadImaged)])
        self.postprocessing = postprocessing

    def prepared(self, sample: Mapping[str, Any]) -> dict[str, Any]:
        """Return the sample that the network takes, of `image_tensor`, `mask_tensor` and whatever belongs to them.

        Raises:
            RuntimeError, ValueError: a transform of the sheet refuses the photograph.
        """
        return self.preprocessing(dict(sample))  # pyright: ignore[reportReturnType]

    def results(self, samples: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return what the postprocessing makes of samples that `prepared` made, which go through as one batch."""
        inputs = torch.stack([plain(sample["image"]) for sample in samples]).to(self.device)
        with eval_mode(self.network):
            output = self.inferer(inputs, self.network)
        return [self.postprocessing({**sample, "pred": _part(output, at)}) for at, sample in enumerate(samples)]


def image_tensor(pixels: RgbImage) -> MetaTensor:
    """Return a copy of a photograph as LoadImaged gives it, "h w 3" of uint8."""
    return MetaTensor(torch.from_numpy(pixels.copy()), meta={MetaKeys.ORIGINAL_CHANNEL_DIM: -1})


def mask_tensor(mask: BoolMask) -> MetaTensor:
    """Return a mask as LoadImaged gives it, "h w" of 0 and 1 as uint8."""
    return MetaTensor(torch.from_numpy(mask.astype(np.uint8)), meta={MetaKeys.ORIGINAL_CHANNEL_DIM: "no_channel"})


def _part(output: Any, at: int) -> Any:  # noqa: ANN401 (a map or a dict of maps)
    if isinstance(output, Mapping):
        return {name: value[at] for name, value in output.items()}
    return output[at]
