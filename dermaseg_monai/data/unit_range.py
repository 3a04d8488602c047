"""From stored bytes to what networks take."""

from collections.abc import Mapping
from typing import Any

import torch
from monai.config.type_definitions import KeysCollection
from monai.data.meta_tensor import MetaTensor
from monai.transforms.transform import MapTransform
from monai.utils.misc import ensure_tuple

_WHITE = 255.0


class ToUnitRanged(MapTransform):
    """Turn uint8 images into float32 value / 255 in [0, 1], and labels of 0 and 1 into float32; plain tensors come out.

    It stands behind the first random transform (so that a cache holds uint8) and before those that interpolate, colour
    or add noise (they give floats, of which nobody could tell the range).

    Args:
        keys: images and labels.
        label_keys: those of `keys` that are masks.
        allow_missing_keys: leave out keys that a sample does not have.
    """

    def __init__(
        self,
        keys: KeysCollection,
        *,
        label_keys: KeysCollection = ("label",),
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        self.label_keys = ensure_tuple(label_keys)

    def __call__(self, data: Mapping[Any, Any]) -> dict[Any, Any]:
        """Convert each key of one sample.

        Raises:
            ValueError: an image that is not uint8.
        """
        sample = dict(data)
        for key in self.key_iterator(sample):
            value = sample[key].as_tensor() if isinstance(sample[key], MetaTensor) else sample[key]
            if key in self.label_keys:
                sample[key] = value.float()
            elif value.dtype == torch.uint8:
                sample[key] = value / _WHITE
            else:
                raise ValueError(
                    f'{key} is {value.dtype}, not uint8. Give LoadImaged "dtype": null and put ToUnitRanged before '
                    "transforms that interpolate, colour or add noise."
                )
        return sample
