"""Colour jitter with hue and saturation: what cameras, lights and skins change from clinic to clinic."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import torch
from monai.config.type_definitions import KeysCollection
from monai.data.meta_tensor import MetaTensor
from monai.transforms.transform import MapTransform, RandomizableTransform
from torch import Tensor

_GREY = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
_TO_YIQ = np.array([_GREY, [0.595716, -0.274453, -0.321263], [0.211456, -0.522591, 0.311135]])
_FROM_YIQ = np.linalg.inv(_TO_YIQ)
_WHITE = 255.0


class RandColorJitterd(RandomizableTransform, MapTransform):
    """Change brightness, contrast, saturation and hue of RGB images at random, by one 3x3 matrix and one offset.

    brightness b: x * U(1-b, 1+b). contrast c: distance from the image's mean grey * U(1-c, 1+c). saturation s: distance
    from the pixel's own grey * U(1-s, 1+s). hue h: turn of the colour plane (I, Q of YIQ, grey kept) by U(-h, h) of a
    full circle. Then clamped once. Floats in [0, 1] and uint8 keep their type. All keys of a sample change alike.
    Source: torchvision's ColorJitter, in a fixed order, clamped once, hue turned in YIQ in place of HSV (linear: fast).

    Args:
        keys: images, channel first.
        prob: how often a sample is changed.
        brightness: in [0, 1].
        contrast: in [0, 1].
        saturation: in [0, 1].
        hue: fraction of a full circle, in [0, 0.5].
        allow_missing_keys: leave out keys that a sample does not have.
    """

    def __init__(
        self,
        keys: KeysCollection,
        *,
        prob: float = 0.5,
        brightness: float = 0.0,
        contrast: float = 0.0,
        saturation: float = 0.0,
        hue: float = 0.0,
        allow_missing_keys: bool = False,
    ) -> None:
        MapTransform.__init__(self, keys, allow_missing_keys)
        RandomizableTransform.__init__(self, prob)
        strengths = {"brightness": brightness, "contrast": contrast, "saturation": saturation}
        for name, value, most in [*((name, value, 1.0) for name, value in strengths.items()), ("hue", hue, 0.5)]:
            if not 0 <= value <= most:
                raise ValueError(f"{name} must lie in [0, {most:g}]; got {value}.")
        self.brightness, self.contrast, self.saturation, self.hue = brightness, contrast, saturation, hue
        self._matrix, self._contrast = np.eye(3), 1.0

    def randomize(self, data: object = None) -> None:
        """Draw whether to change a sample, and by how much."""
        super().randomize(data)
        if not self._do_transform:
            return
        brightness, self._contrast, saturation = (
            self.R.uniform(1 - strength, 1 + strength) for strength in (self.brightness, self.contrast, self.saturation)
        )
        turn = self.R.uniform(-self.hue, self.hue)
        self._matrix = brightness * colour_matrix(saturation=saturation, hue=turn)

    def __call__(self, data: Mapping[Any, Any]) -> dict[Any, Any]:
        """Change one sample.

        Raises:
            ValueError: an image without three channels.
        """
        sample = dict(data)
        self.randomize()
        if self._do_transform:
            for key in self.key_iterator(sample):
                sample[key] = self._changed(key, sample[key])
        return sample

    def _changed(self, key: Hashable, image: Tensor) -> Tensor:
        if image.shape[0] != len(_GREY):
            raise ValueError(f"{key} has {image.shape[0]} channels; RandColorJitterd takes RGB images.")
        pixels = image.as_tensor() if isinstance(image, MetaTensor) else image
        white = 1.0 if pixels.is_floating_point() else _WHITE
        flat = pixels.reshape(len(_GREY), -1)
        flat = flat if flat.is_floating_point() else flat.float()
        matrix = torch.as_tensor(self._matrix, dtype=flat.dtype, device=flat.device)
        grey = torch.as_tensor(_GREY, dtype=flat.dtype, device=flat.device)
        middle = grey @ (matrix @ flat.mean(dim=1))
        changed = torch.addmm((1 - self._contrast) * middle.expand(len(_GREY), 1), self._contrast * matrix, flat)
        changed = changed.clamp_(0, white).reshape(pixels.shape)
        changed = changed if pixels.is_floating_point() else changed.round_().to(pixels.dtype)
        if not isinstance(image, MetaTensor):
            return changed
        return MetaTensor(changed, meta=image.meta, applied_operations=image.applied_operations)


def colour_matrix(*, saturation: float, hue: float) -> np.ndarray:
    """Return the 3x3 matrix that multiplies the colour of RGB by `saturation` and turns it by `hue` circles.

    It leaves greys as they are.
    """
    angle = 2 * np.pi * hue
    turn = saturation * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    plane = np.eye(3)
    plane[1:, 1:] = turn
    return _FROM_YIQ @ plane @ _TO_YIQ
