"""The running average of a network's weights, which is what is validated and shipped."""

from copy import deepcopy
from typing import Any

import torch
from ignite.engine import Engine, Events
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from dermaseg_monai.errors import ConfigError


def unwrapped(network: nn.Module) -> nn.Module:
    """Return the network inside DistributedDataParallel or WeightAverage, else the network itself."""
    while isinstance(network, DistributedDataParallel | WeightAverage):
        network = network.module
    return network


class WeightAverage(nn.Module):
    """Exponential moving average of a network; called, it answers with the averaged weights.

    After the n-th update (n from 0) average = d average + (1 - d) weights with d = min(decay, (1 + n) / (10 + n)), so
    that the random start is soon forgotten; floating-point buffers (batch norm statistics) move alike, integers are
    copied. `decay` 0 is a plain copy. `module` is the averaged network.

    Raises:
        ConfigError: decay is not in [0, 1).
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        super().__init__()
        if not 0 <= decay < 1:
            raise ConfigError(f"The decay of the weight average is {decay}; it must be in [0, 1), for example 0.999.")
        self.decay = decay
        self.module = deepcopy(unwrapped(network)).requires_grad_(requires_grad=False).eval()
        self.updates: torch.Tensor
        self.register_buffer("updates", torch.tensor(0))
        self.eval()
        self._updates = 0  # the same number where reading it costs no wait for the GPU

    def forward(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 (whatever the network takes and gives)
        """Run the averaged network."""
        return self.module(*args, **kwargs)

    def train(self, mode: bool = True) -> "WeightAverage":  # noqa: ARG002, FBT001, FBT002 (torch's signature)
        """Stay in evaluation mode: a pass in training mode would change the averaged batch norm statistics.

        MONAI's evaluator asks for training mode after every batch, of any network that it found in it.
        """
        return super().train(False)

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Move the average towards the weights of `network`."""
        decay = min(self.decay, (1 + self._updates) / (10 + self._updates))
        mine, theirs = self.module.state_dict(keep_vars=True), unwrapped(network).state_dict(keep_vars=True)
        keys = {id(value): key for key, value in mine.items()}.values()  # a shared part has two names and moves once
        floats = [key for key in keys if mine[key].is_floating_point()]
        torch._foreach_lerp_([mine[key] for key in floats], [theirs[key] for key in floats], 1 - decay)
        for key in set(keys) - set(floats):
            mine[key].copy_(theirs[key])
        self._updates += 1
        self.updates.fill_(self._updates)

    def load_state_dict(self, state_dict: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 (as torch's)
        """Load as torch does and take over the number of updates."""
        result = super().load_state_dict(state_dict, *args, **kwargs)
        self._updates = int(self.updates)
        return result


class WeightAverageUpdate:
    """Trainer handler: updates the average after every iteration from the trainer's own network.

    Stands before the ValidationHandler, so that all ranks validate the same average (buffers come from rank 0).
    """

    def __init__(self, average: WeightAverage) -> None:
        self.average = average

    def attach(self, engine: Engine) -> None:
        """Attach to a trainer."""
        engine.add_event_handler(Events.ITERATION_COMPLETED, self)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self.share)

    def __call__(self, engine: Engine) -> None:
        """Update once."""
        self.average.update(engine.network)  # pyright: ignore[reportAttributeAccessIssue] (MONAI's engines have one)

    def share(self) -> None:
        """Give every rank the averaged buffers of rank 0; parameters are equal already."""
        if distributed.is_available() and distributed.is_initialized():
            for buffer in self.average.module.buffers():
                distributed.broadcast(buffer, src=0)
