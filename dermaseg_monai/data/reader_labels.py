"""Labels of several readers: one of them, drawn anew every epoch, or the mean of all."""

from collections.abc import Hashable, Mapping
from typing import Any

import torch
from monai.config.type_definitions import KeysCollection
from monai.transforms.transform import MapTransform, RandomizableTransform
from torch import Tensor

from dermaseg_monai.data.resize import fit_label
from dermaseg_monai.errors import ConfigError
from dermaseg_monai.images import read_mask

READER_LABELS = "reader_labels"
"""Key of the paths of the readers' masks, which `reader_cases` gives."""


class ReaderMasksd(MapTransform):
    """Put the masks of all readers in the place of the label: uint8 of 0 and 1, a channel each, on the label's grid.

    Each is resized as Fitd resizes a label. Deterministic, so that a cache holds them; OneReaderd or MeanReaderd makes
    one channel of them again.

    Args:
        keys: the label.
        image_size: pixels per side.
    """

    def __init__(self, keys: KeysCollection, image_size: int) -> None:
        super().__init__(keys)
        self.image_size = image_size

    def __call__(self, data: Mapping[Any, Any]) -> dict[Any, Any]:
        """Read the masks of one sample.

        Raises:
            ConfigError: the sample names no masks of readers.
            ImageError: one cannot be read.
        """
        sample = dict(data)
        if READER_LABELS not in sample:
            raise ConfigError(
                "The samples name no masks of readers. Name one_reader.json or soft_mean.json behind every overlay "
                "that brings a data set of its own (disk_cache.json): --config_file \"[..., 'one_reader.json']\"."
            )
        masks = [torch.from_numpy(read_mask(path)[None].astype("uint8")) for path in sample[READER_LABELS]]
        for key in self.key_iterator(sample):
            sample[key] = torch.cat([fit_label(key, mask, self.image_size) for mask in masks])
        return sample


class OneReaderd(RandomizableTransform, MapTransform):
    """Keep the mask of one reader, each as likely as any other; `label_path` then names its file.

    A random transform: what it draws depends on (seed, epoch, rank) as all of them do (`EpochSeed`).
    """

    def __init__(self, keys: KeysCollection) -> None:
        MapTransform.__init__(self, keys)
        RandomizableTransform.__init__(self, 1.0)

    def __call__(self, data: Mapping[Any, Any]) -> dict[Any, Any]:
        """Draw the reader of one sample."""
        sample = dict(data)
        paths = sample.pop(READER_LABELS)
        chosen = int(self.R.randint(len(paths)))
        for key in self.key_iterator(sample):
            _require_channels(key, sample[key], len(paths))
            sample[key] = sample[key][chosen : chosen + 1]
            sample[f"{key}_path"] = paths[chosen]
        return sample


class MeanReaderd(MapTransform):
    """Replace the masks of the readers by their mean: float32, the share of readers who call a pixel lesion.

    Not a label to score against: the overlap metrics refuse it. `label_path` is taken out, no file holds this label.
    """

    def __call__(self, data: Mapping[Any, Any]) -> dict[Any, Any]:
        """Average the readers of one sample."""
        sample = dict(data)
        paths = sample.pop(READER_LABELS)
        for key in self.key_iterator(sample):
            _require_channels(key, sample[key], len(paths))
            sample[key] = sample[key].float().mean(dim=0, keepdim=True)
            sample.pop(f"{key}_path", None)
        return sample


def _require_channels(key: Hashable, masks: Tensor, n_readers: int) -> None:
    if masks.shape[0] != n_readers:
        raise ConfigError(f"{key} has {masks.shape[0]} channels and {n_readers} readers. Put ReaderMasksd before.")
