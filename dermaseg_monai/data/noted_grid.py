"""Volumes to a working grid and back: predictions come to lie on the voxels of the file again, whatever its affine."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from monai.config.type_definitions import KeysCollection
from monai.data.meta_tensor import MetaTensor
from monai.transforms.transform import MapTransform
from monai.utils.misc import ImageMetaKey
from scipy import ndimage
from torch import Tensor

from dermaseg_monai.data.resize import original_size_key

Affine = Float[np.ndarray, "4 4"]


class NoteGridd(MapTransform):
    """Note where the voxels of a volume lie in its file, before Orientationd and Spacingd move them.

    Shape and affine go into `<key>_original_size` and `<key>_original_affine`, plain tensors that survive batching and
    decollating, for ToNotedGridd. The name of the file is taken off the metadata (samples have it as `<key>_path`):
    MONAI's Spacingd takes every entry of a sample from NIfTI that begins with `<key>_` for metadata of its own.
    """

    def __call__(self, data: Mapping[Any, Any]) -> dict[Any, Any]:
        """Note the place of each key.

        Raises:
            ValueError: a value without an affine.
        """
        sample = dict(data)
        for key in self.key_iterator(sample):
            volume = sample[key]
            sample[original_size_key(key)] = torch.tensor(volume.shape[1:])
            sample[f"{key}_original_affine"] = torch.tensor(affine_of(key, volume))
            sample[key] = volume.clone()
            sample[key].meta.pop(ImageMetaKey.FILENAME_OR_OBJ, None)
        return sample


class ToNotedGridd(MapTransform):
    """Read maps (logits or probabilities) at the voxels that `source` had before NoteGridd was followed by others.

    A voxel of the file is sent through both affines into the map and read there with trilinear weights; beyond the
    map's outermost voxels their value is read. The result is float32 and carries the affine of the file. Any chain of
    flips, crops, pads and resampling in between is undone alike, for the affine of `source` has recorded it.

    Args:
        keys: the maps, on the present grid of `source`; decollated, "1 x y z" or more channels.
        source: the volume that NoteGridd has seen.
        allow_missing_keys: leave out keys that a sample does not have.
    """

    def __init__(self, keys: KeysCollection, source: str = "image", *, allow_missing_keys: bool = False) -> None:
        super().__init__(keys, allow_missing_keys)
        self.source = source

    def __call__(self, data: Mapping[Any, Any]) -> dict[Any, Any]:
        """Bring each key back.

        Raises:
            ValueError: NoteGridd was not there, or a map does not lie on the grid of `source`.
        """
        sample = dict(data)
        if original_size_key(self.source) not in sample:
            raise ValueError(
                f"The sample has no {original_size_key(self.source)!r}. Put NoteGridd directly behind "
                f"EnsureChannelFirstd in the preprocessing, with {self.source!r}."
            )
        shape = [int(count) for count in sample[original_size_key(self.source)]]
        original = np.asarray(sample[f"{self.source}_original_affine"], dtype=np.float64)
        present = affine_of(self.source, sample[self.source])
        for key in self.key_iterator(sample):
            if sample[key].shape[1:] != sample[self.source].shape[1:]:
                found = f"{key} has shape {tuple(sample[key].shape)}, {self.source} {tuple(sample[self.source].shape)}"
                raise ValueError(f"{found}. ToNotedGridd takes decollated maps on the grid of {self.source}.")
            sample[key] = _read_at(sample[key], np.linalg.inv(present) @ original, shape, original)
        return sample


def affine_of(key: object, volume: Tensor) -> Affine:
    """Return the affine of a volume. Raises: ValueError (names `key`)."""
    if not isinstance(volume, MetaTensor) or volume.affine.shape != (4, 4):
        raise ValueError(f"{key} carries no affine. Read it with dermaseg_monai.data.LesionReader, from a NIfTI file.")
    return volume.affine.detach().cpu().numpy().astype(np.float64)


def _read_at(values: Tensor, to_map: Affine, shape: list[int], affine: Affine) -> MetaTensor:
    channels = values.detach().cpu().float().numpy()
    read = np.empty((len(channels), *shape), dtype=np.float32)
    for channel, out in zip(channels, read, strict=True):
        # SciPy takes a 4 x 4 matrix with its offset
        ndimage.affine_transform(channel, to_map, output_shape=tuple(shape), output=out, order=1, mode="nearest")
    return MetaTensor(torch.from_numpy(read), affine=torch.from_numpy(affine))
