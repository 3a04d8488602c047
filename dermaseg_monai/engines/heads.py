"""The heads of a network, out of the evaluator and into the postprocessing."""

from collections.abc import Hashable, Mapping
from typing import Any

import torch
from monai.inferers.inferer import Inferer
from monai.transforms.transform import MapTransform
from torch import nn

from dermaseg_monai.engines.average import unwrapped


class HeadsInferer(Inferer):
    """Run another inferer on `network.heads`, which gives every map also in evaluation mode.

    A network without `heads` runs as it is. With heads the evaluator's output holds a dict of maps under `pred`;
    `FlatHeadsd` in the postprocessing spreads it. What is no map (weights of branches) is left out.
    """

    def __init__(self, inferer: Inferer) -> None:
        self.inferer = inferer

    def __call__(self, inputs: torch.Tensor, network: nn.Module, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 (as MONAI's)
        """Return the dict of maps, or the network's own output where it has none."""
        heads = getattr(unwrapped(network), "heads", None)
        if heads is None:
            return self.inferer(inputs, network, *args, **kwargs)

        def maps(image: torch.Tensor) -> dict[str, torch.Tensor]:
            return {name: value for name, value in heads(image).items() if value.ndim == image.ndim}

        return self.inferer(inputs, maps, *args, **kwargs)


class FlatHeadsd(MapTransform):
    """Turn {"pred": {"pred": a, "boundary": b}} into {"pred": a, "boundary": b}; a plain tensor stays as it is."""

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return the sample with the maps beside each other."""
        flat = dict(data)
        for key in self.key_iterator(flat):
            if isinstance(flat[key], Mapping):
                flat |= flat.pop(key)
        return flat
