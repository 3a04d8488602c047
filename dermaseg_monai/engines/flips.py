"""Test-time augmentation by mirror images."""

from collections.abc import Mapping
from itertools import chain, combinations
from typing import Any

import torch
from monai.inferers.inferer import Inferer
from torch import nn


class FlipInferer(Inferer):
    """Run another inferer on the image and all its mirror images and average the logits, mirrored back.

    A photograph has no preferred side, but a network answers a little differently to each; the mean is steadier. Takes
    four times as long on photographs, eight times on volumes. Dicts of maps are averaged map by map.
    """

    def __init__(self, inferer: Inferer) -> None:
        self.inferer = inferer

    def __call__(self, inputs: torch.Tensor, network: nn.Module, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 (as MONAI's)
        """Return the mean over the mirror images of a batch "b c h w" or "b c x y z"."""
        axes = range(2, inputs.ndim)
        mirrors = list(chain.from_iterable(combinations(axes, size) for size in range(len(axes) + 1)))
        total: Any = None
        for mirror in mirrors:
            output = _flipped(self.inferer(inputs.flip(mirror), network, *args, **kwargs), mirror)
            total = output if total is None else _sum(total, output)
        return _scaled(total, 1 / len(mirrors))


def _flipped(output: Any, axes: tuple[int, ...]) -> Any:  # noqa: ANN401 (a map or a dict of maps)
    if isinstance(output, Mapping):
        return {name: value.flip(axes) for name, value in output.items()}
    return output.flip(axes)


def _sum(first: Any, second: Any) -> Any:  # noqa: ANN401
    return {name: first[name] + second[name] for name in first} if isinstance(first, Mapping) else first + second


def _scaled(output: Any, factor: float) -> Any:  # noqa: ANN401
    return {name: value * factor for name, value in output.items()} if isinstance(output, Mapping) else output * factor
