"""Artefacts for training: the stressors of the stress test, one at a time, at random strength."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import torch
from monai.config.type_definitions import KeysCollection
from monai.data.meta_tensor import MetaTensor
from monai.transforms.transform import MapTransform, RandomizableTransform
from torch import Tensor

from dermaseg_monai.data.stressors import STRESSORS, Stressor

_RGB: Final = 3
_WHITE: Final = 255
_SEEDS: Final = 2**32


class RandArtefactsd(RandomizableTransform, MapTransform):
    """Give a picture, with probability `prob`, one artefact of `names` at a grade drawn evenly from `grades`.

    Grade 0 is none and k the k-th level of the stressor (see `stressors.STRESSORS`), in between in proportion. Pictures
    are RGB, channel first, uint8 or floats in [0, 1], and keep their type; floats pass through 256 grey values where an
    artefact falls. All keys of a sample get the same one. Labels stay as they are.

    Args:
        keys: pictures.
        names: stressors that leave the mask in place; turning and zooming have RandAffined.
        prob: how often a sample is changed.
        grades: lowest and highest, in [0, 5].
        label_key: the mask, which tells skin from lesion (for `skin_tone`); without it all counts as skin.
        allow_missing_keys: leave out keys that a sample does not have.
    """

    def __init__(
        self,
        keys: KeysCollection,
        names: Sequence[str],
        *,
        prob: float = 0.5,
        grades: Sequence[float] = (1.0, 3.0),
        label_key: Hashable = "label",
        allow_missing_keys: bool = False,
    ) -> None:
        MapTransform.__init__(self, keys, allow_missing_keys)
        RandomizableTransform.__init__(self, prob)
        self.names, self.label_key = _checked(names), label_key
        most = min(len(STRESSORS[name].levels) for name in self.names)
        if len(grades) != 2 or not 0 <= grades[0] <= grades[1] <= most:  # noqa: PLR2004
            raise ValueError(f"grades must be two numbers, the lower first, in [0, {most}]; got {list(grades)}.")
        self.low, self.high = float(grades[0]), float(grades[1])
        self._name, self._grade, self._seed = self.names[0], 0.0, 0

    def randomize(self, data: object = None) -> None:
        """Draw whether to change a sample, by which artefact, and how much."""
        super().randomize(data)
        if not self._do_transform:
            return
        self._name = self.names[self.R.randint(len(self.names))]
        self._grade = float(self.R.uniform(self.low, self.high))
        self._seed = int(self.R.randint(_SEEDS, dtype=np.int64))

    def __call__(self, data: Mapping[Any, Any]) -> dict[Any, Any]:
        """Change one sample.

        Raises:
            ValueError: a picture without three channels.
        """
        sample = dict(data)
        self.randomize()
        if self._do_transform:
            for key in self.key_iterator(sample):
                sample[key] = self._spoilt(key, sample[key], sample.get(self.label_key))
        return sample

    def _spoilt(self, key: Hashable, image: Tensor, label: Tensor | None) -> Tensor:
        if image.shape[0] != _RGB:
            raise ValueError(f"{key} has {image.shape[0]} channels; RandArtefactsd takes RGB pictures.")
        pixels = image.as_tensor() if isinstance(image, MetaTensor) else image
        floats = pixels.is_floating_point()
        stored = (pixels.clamp(0, 1) * _WHITE).round().to(torch.uint8) if floats else pixels
        rgb = np.ascontiguousarray(stored.permute(1, 2, 0).cpu().numpy())
        mask = np.zeros(rgb.shape[:2], bool) if label is None else np.asarray(label[0].cpu()) > 0
        one = STRESSORS[self._name]
        changed, _ = one.apply(rgb, mask, level_of(one, self._grade), np.random.default_rng(self._seed))
        spoilt = torch.from_numpy(np.array(changed)).permute(2, 0, 1).contiguous().to(pixels.device)
        spoilt = spoilt.to(pixels.dtype) / _WHITE if floats else spoilt
        if not isinstance(image, MetaTensor):
            return spoilt
        return MetaTensor(spoilt, meta=image.meta, applied_operations=image.applied_operations)


def level_of(stressor: Stressor, grade: float) -> float:
    """Return the level of a grade: 0 for 0, the k-th of its levels for k, in between in proportion."""
    return float(np.interp(grade, range(len(stressor.levels) + 1), (0.0, *stressor.levels)))


def _checked(names: Sequence[str]) -> tuple[str, ...]:
    usable = [name for name, one in STRESSORS.items() if not one.moves_mask]
    wrong = [name for name in names if name not in usable]
    if wrong or not names:
        found = f"{wrong[0]!r} is none" if wrong else "there are none"
        raise ValueError(f"names must be artefacts that leave the mask in place; {found}. Known: {', '.join(usable)}.")
    return tuple(names)
