"""To the network's grid and back: images and labels become squares, predictions get their original size again."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from monai.config.type_definitions import KeysCollection
from monai.data.meta_tensor import MetaTensor
from monai.transforms.transform import MapTransform
from monai.transforms.utils import scale_affine
from monai.utils.enums import MetaKeys
from monai.utils.misc import ensure_tuple
from torch import Tensor
from torch.nn import functional as F

_PLANE = 2
_WHITE = 255


class Fitd(MapTransform):
    """Resize images and labels to a square (a cube for volumes) of `image_size`, whatever their aspect ratio.

    Photographs are resized bilinearly with antialiasing and stay uint8. Labels (`label_keys`) are resized likewise and
    stay uint8 of 0 and 1: a pixel is lesion where at least half of what the filter sees is, a triangle that is widest
    at the pixel and reaches as far again on each side. Volumes are resized trilinearly, without antialiasing.
    The original size of an image goes into `<key>_original_size` (int64: h, w or x, y, z) for RestoreGridd; it survives
    transforms that drop metadata, batching and decollating.

    Args:
        keys: images and labels, channel first.
        image_size: pixels per side.
        label_keys: those of `keys` that are masks.
        allow_missing_keys: leave out keys that a sample does not have.
    """

    def __init__(
        self,
        keys: KeysCollection,
        image_size: int,
        *,
        label_keys: KeysCollection = ("label",),
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        if image_size < 1:
            raise ValueError(f"image_size must be at least 1 px; got {image_size}.")
        self.image_size = image_size
        self.label_keys = ensure_tuple(label_keys)

    def __call__(self, data: Mapping[Any, Any]) -> dict[Any, Any]:
        """Resize each key of one sample.

        Raises:
            ValueError: a label with several channels or values above 1.
        """
        sample = dict(data)
        for key in self.key_iterator(sample):
            value = sample[key]
            if key in self.label_keys:
                sample[key] = _like(value, fit_label(key, _plain(value), self.image_size))
            else:
                sample[original_size_key(key)] = torch.tensor(value.shape[1:])
                sample[key] = _like(value, _fit_image(_plain(value), self.image_size))
        return sample


class RestoreGridd(MapTransform):
    """Resize predictions (logits or probabilities) bilinearly back to the size that `source` had before Fitd.

    For decollated samples, each map of shape (c, h, w) or (c, x, y, z); the result is float32.

    Args:
        keys: the maps.
        source: the key that Fitd resized.
        allow_missing_keys: leave out keys that a sample does not have.
    """

    def __init__(self, keys: KeysCollection, source: str = "image", *, allow_missing_keys: bool = False) -> None:
        super().__init__(keys, allow_missing_keys)
        self.source = source

    def __call__(self, data: Mapping[Any, Any]) -> dict[Any, Any]:
        """Resize each key of one sample.

        Raises:
            ValueError: the sample never passed Fitd, or it is a batch.
        """
        sample = dict(data)
        size_key = original_size_key(self.source)
        if size_key not in sample:
            raise ValueError(f"The sample has no {size_key!r}. Put Fitd into the preprocessing, with {self.source!r}.")
        size = [int(length) for length in sample[size_key].reshape(-1)]
        for key in self.key_iterator(sample):
            value = _plain(sample[key])
            if value.ndim != len(size) + 1:
                raise ValueError(f"{key} has shape {tuple(value.shape)}; RestoreGridd takes decollated samples.")
            sample[key] = _interpolated(value.float(), size)
        return sample


def original_size_key(key: Hashable) -> str:
    """Return the name under which Fitd leaves the original size of `key`."""
    return f"{key}_original_size"


def fit_label(key: Hashable, label: Tensor, image_size: int) -> Tensor:
    """Return a label "1 h w" of 0 and 1 as uint8 on a square, lesion where half of what `Fitd`'s filter sees is.

    Raises:
        ValueError: several channels or values above 1; names `key`.
    """
    if label.shape[0] != 1 or label.max() > 1:
        found = f"{label.shape[0]} channels with values up to {label.max().item():g}"
        raise ValueError(
            f"{key} has {found}; one channel of 0 and 1 was expected. Read labels with a LoadImaged of their own, "
            "its reader dermaseg_monai.data.MaskReader."
        )
    white = label.to(torch.uint8) * _WHITE
    return (_interpolated(white, [image_size] * (label.ndim - 1)) > _WHITE // 2).to(torch.uint8)


def _fit_image(image: Tensor, image_size: int) -> Tensor:
    return _interpolated(image, [image_size] * (image.ndim - 1))


def _interpolated(value: Tensor, size: Sequence[int]) -> Tensor:
    if len(size) == _PLANE:
        return F.interpolate(value[None], list(size), mode="bilinear", antialias=True)[0]
    return F.interpolate(value[None].float(), list(size), mode="trilinear")[0].to(value.dtype)


def _plain(value: Tensor) -> Tensor:
    return value.as_tensor() if isinstance(value, MetaTensor) else value


def _like(original: Tensor, resized: Tensor) -> Tensor:
    """Give the metadata of the original back, its affine scaled to the new grid."""
    if not isinstance(original, MetaTensor):
        return resized.contiguous()
    rank = resized.ndim - 1
    scaled = np.eye(original.affine.shape[-1])
    scaling = scale_affine(tuple(original.shape[1:]), tuple(resized.shape[1:]))
    scaled[:rank, :rank], scaled[:rank, -1] = scaling[:rank, :rank], scaling[:rank, -1]
    meta = {**original.meta, MetaKeys.AFFINE: original.affine @ torch.from_numpy(scaled).to(original.affine)}
    return MetaTensor(resized.contiguous(), meta=meta)
