"""Optimisers, with the parameters in groups."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from dermaseg_monai.errors import ConfigError


def build_optimizer(
    network: nn.Module, name: str, learning_rate: float, weight_decay: float, encoder_lr_factor: float = 1.0
) -> torch.optim.Optimizer:
    """Return AdamW, Adam, or SGD with Nesterov momentum 0.9, over the parameters that train.

    Weight decay acts on matrices and kernels, not on biases and norms (one number per channel); Adam's is a part of the
    gradient. The parameters of `network.encoder` learn with `learning_rate * encoder_lr_factor`.

    Raises:
        ConfigError: the name or a number is not possible, or there is no encoder to treat differently.
    """
    _check(network, name=name, learning_rate=learning_rate, weight_decay=weight_decay, factor=encoder_lr_factor)
    groups = list(_groups(network, learning_rate, weight_decay, encoder_lr_factor))
    if name == "adamw":
        return torch.optim.AdamW(groups, lr=learning_rate)
    if name == "adam":
        return torch.optim.Adam(groups, lr=learning_rate)
    return torch.optim.SGD(groups, lr=learning_rate, momentum=0.9, nesterov=True)


def _groups(network: nn.Module, learning_rate: float, weight_decay: float, factor: float) -> Iterator[dict[str, Any]]:
    trained = [(name.removeprefix("module."), p) for name, p in network.named_parameters() if p.requires_grad]
    for of_encoder in (True, False):
        for decays in (True, False):
            members = [p for n, p in trained if n.startswith("encoder.") is of_encoder and (p.ndim > 1) is decays]
            if members:
                rate = learning_rate * factor if of_encoder else learning_rate
                yield {"params": members, "lr": rate, "weight_decay": weight_decay if decays else 0.0}


def _check(network: nn.Module, *, name: str, learning_rate: float, weight_decay: float, factor: float) -> None:
    if name not in ("adamw", "adam", "sgd"):
        raise ConfigError(f"optimizer is {name!r}; it is one of adamw, adam, sgd.")
    if not 0 < learning_rate < float("inf"):
        raise ConfigError(f"learning_rate is {learning_rate}; it must be above 0. Give --learning_rate 0.001.")
    if not 0 <= weight_decay < float("inf"):
        raise ConfigError(f"weight_decay is {weight_decay}; it must be 0 or above.")
    names = [name.removeprefix("module.") for name, parameter in network.named_parameters() if parameter.requires_grad]
    if not names:
        raise ConfigError(f"{type(network).__name__} has no parameter that trains.")
    if factor != 1.0 and not any(n.startswith("encoder.") for n in names):
        found = f"encoder_lr_factor is {factor} but {type(network).__name__} has no trainable `encoder`"
        raise ConfigError(f"{found}. Leave it at 1.0.")
