"""How the learning rate moves from iteration to iteration."""

import math
from collections.abc import Sized

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from dermaseg_monai.errors import ConfigError

POLY_POWER = 0.9


def build_schedule(optimizer: Optimizer, loader: Sized, name: str, max_epochs: int, warmup_epochs: int = 0) -> LambdaLR:
    """Return a schedule that is stepped after every iteration (`LrScheduleHandler(epoch_level=False)`).

    The rate climbs in a straight line during the warm-up, which takes at most half of the run, and then falls to 0 at
    the last iteration: `cosine` (1 + cos πt) / 2, `poly` (1 - t)^0.9, with t from 0 to 1. `constant` stays.

    Raises:
        ConfigError: the name or a number is not possible.
    """
    if name not in ("cosine", "poly", "constant"):
        raise ConfigError(f"lr_scheduler is {name!r}; it is one of cosine, poly, constant.")
    if max_epochs < 1 or warmup_epochs < 0:
        raise ConfigError(f"max_epochs is {max_epochs} and warmup_epochs {warmup_epochs}; at least 1 and 0 are needed.")
    total = max_epochs * len(loader)
    warmup = min(warmup_epochs * len(loader), total // 2)
    return LambdaLR(optimizer, lambda step: rate_factor(step, name=name, total=total, warmup=warmup))


def rate_factor(step: int, *, name: str, total: int, warmup: int) -> float:
    """Return the part of the base rate, in [0, 1], that the iteration after `step` others trains with."""
    if step < warmup:
        return (step + 1) / warmup
    t = min(1.0, (step - warmup) / max(1, total - warmup))
    if name == "cosine":
        return (1 + math.cos(math.pi * t)) / 2
    if name == "poly":
        return (1 - t) ** POLY_POWER
    return 1.0
