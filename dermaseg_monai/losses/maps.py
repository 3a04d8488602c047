"""The maps of a network's output as plain logits on the grid of the label."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from monai.data import MetaTensor
from torch import Tensor

Mask = Float[Tensor, "b 1 h w"]


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
                f"{name} is {tuple(logit.shape)} and the label {tuple(truth.shape)}. Both have to be (b, 1, h, w)."
            )
    return logits, truth


def _plain(x: Tensor) -> Tensor:
    # in at least single precision also when the network ran in half
    x = x.as_tensor() if isinstance(x, MetaTensor) else x
    return x.to(torch.promote_types(x.dtype, torch.float32))
