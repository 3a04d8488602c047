"""The maps of a network's output as plain logits on the grid of the label."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from monai.data import MetaTensor
from torch import Tensor

from dermaseg_monai.errors import ConfigError

Mask = Float[Tensor, "b 1 *grid"]
"""Logits or labels on the pixels (h, w) of photographs or the voxels (x, y, z) of volumes."""

LEAST_MASK_NDIM = 4


def logits_and_label(
    output: Mapping[str, Tensor] | Tensor, label: Tensor, *, names: Sequence[str]
) -> tuple[dict[str, Tensor], Tensor]:
    """Return those of the maps `names` that the output has, and the label, in at least single precision.

    A tensor counts as the map `pred`. MONAI's bookkeeping is taken off.

    Raises:
        ValueError: no `pred`, or a map on another grid than the label.
    """
    maps = {"pred": output} if isinstance(output, Tensor) else output
    logits = {name: _plain(maps[name]) for name in names if name in maps}
    truth = _plain(label)
    if "pred" not in logits:
        raise ValueError("The network's output has no map `pred`. Give a tensor of logits, or a dict with `pred`.")
    for name, logit in logits.items():
        if logit.shape != truth.shape:
            raise ValueError(
                f"{name} is {tuple(logit.shape)} and the label {tuple(truth.shape)}. "
                "Both have to be (b, 1, h, w), of volumes (b, 1, x, y, z)."
            )
    return logits, truth


def require_used(output: Mapping[str, Tensor] | Tensor, names: Sequence[str], *, loss: str) -> None:
    """Refuse a network with a mask-shaped map that the loss has no part for: its head would stay as it was initialised.

    Raises:
        ConfigError: names the maps.
    """
    maps = {} if isinstance(output, Tensor) else output
    unused = sorted(name for name, value in maps.items() if value.ndim >= LEAST_MASK_NDIM and name not in names)
    if unused:
        raise ConfigError(
            f"{loss} trains the maps {', '.join(names)}, and the network also gives {', '.join(unused)}, which would "
            "stay untrained. Switch their heads off in network_def, or take the loss of the network's own bundle."
        )


def _plain(x: Tensor) -> Tensor:
    # in at least single precision also when the network ran in half
    x = x.as_tensor() if isinstance(x, MetaTensor) else x
    return x.to(torch.promote_types(x.dtype, torch.float32))
