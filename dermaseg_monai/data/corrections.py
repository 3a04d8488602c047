"""Corrections of the picture that training, evaluation and inference make alike: hairs out, light neutral."""

from collections.abc import Hashable, Mapping
from typing import Any, Final

import numpy as np
import torch
from monai.config.type_definitions import KeysCollection
from monai.data.meta_tensor import MetaTensor
from monai.transforms.transform import MapTransform
from torch import Tensor

from dermaseg_monai.data.colour_constancy import shades_of_grey
from dermaseg_monai.data.hair_removal import remove_hair

_RGB: Final = 3


class Correctd(MapTransform):
    """Shave pictures (`remove_hair`), then take the colour of the light out (`shades_of_grey`); neither unless asked.

    It stands directly behind Fitd, on the network's own grid: uint8 RGB, channel first. The weights file records both
    choices, and the evaluate and inference sheets read them there: a network must see what it was trained on.

    Args:
        keys: pictures.
        hair_removal: shave.
        colour_constancy: take the colour of the light out.
        allow_missing_keys: leave out keys that a sample does not have.
    """

    def __init__(
        self,
        keys: KeysCollection,
        *,
        hair_removal: bool = False,
        colour_constancy: bool = False,
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        self.hair_removal, self.colour_constancy = hair_removal, colour_constancy

    def __call__(self, data: Mapping[Any, Any]) -> dict[Any, Any]:
        """Correct one sample.

        Raises:
            ValueError: a picture that is not uint8 RGB.
        """
        sample = dict(data)
        if self.hair_removal or self.colour_constancy:
            for key in self.key_iterator(sample):
                sample[key] = self._corrected(key, sample[key])
        return sample

    def _corrected(self, key: Hashable, image: Tensor) -> Tensor:
        if image.dtype != torch.uint8 or image.shape[0] != _RGB:
            raise ValueError(
                f"{key} is {image.dtype} of {image.shape[0]} channels; hair removal and colour constancy take uint8 "
                "RGB. Put Correctd directly behind Fitd, or say --hair_removal false --colour_constancy false."
            )
        pixels = image.as_tensor() if isinstance(image, MetaTensor) else image
        rgb = np.ascontiguousarray(pixels.permute(1, 2, 0).numpy())
        rgb = remove_hair(rgb) if self.hair_removal else rgb
        rgb = shades_of_grey(rgb) if self.colour_constancy else rgb
        corrected = torch.from_numpy(rgb).permute(2, 0, 1).contiguous()
        if not isinstance(image, MetaTensor):
            return corrected
        return MetaTensor(corrected, meta=image.meta, applied_operations=image.applied_operations)
