"""Handlers that keep a training from going wrong unseen."""

import math
from collections.abc import Iterable
from typing import Any

import torch
from ignite.engine import Engine, Events
from monai.engines.utils import IterationEvents

from dermaseg_monai.engines.average import unwrapped
from dermaseg_monai.engines.distributed import world_size
from dermaseg_monai.errors import ConfigError, TrainingError

_NAMED = 16
_IN_A_ROW = 20
"""So many times fp16 halves its scale: from 65536 to a sixteenth, below which no gradient is too large for it."""


class NonFiniteLoss:
    """Trainer handler: stops at the first loss that is not a finite number and names the cases of that batch.

    Of several processes all stop together: one that went on would wait for the others for ever.

    Raises:
        TrainingError: from inside the training; the weights of the last finished epoch stay in last.ckpt.
    """

    def attach(self, engine: Engine) -> None:
        """Attach to a MONAI trainer."""
        engine.add_event_handler(IterationEvents.LOSS_COMPLETED, self)

    def __call__(self, engine: Any) -> None:  # noqa: ANN401 (MONAI's trainers carry more than ignite's Engine)
        """Look at one loss."""
        loss = engine.state.output["loss"].detach()
        value = float(loss)
        stopped = not math.isfinite(value)
        if stopped or world_size() > 1:
            others = _any_process(stopped, loss)
            if stopped:
                raise TrainingError(_stopped(engine, f"The loss is {value}{_bad_parts(engine)}"))
            if others:
                raise TrainingError("Another process met a loss that is not finite and says which cases it had.")


class EveryPartTrains:
    """Trainer handler: after the first backward pass, stops where a whole part of the network gets no gradient.

    A part is what the network itself calls a child. It would stay as it was initialised, and its maps would be written
    as if they said something. Single weights that nothing uses (MONAI's UNETR has some) are left alone.

    Raises:
        ConfigError: from inside the training.
    """

    def __init__(self) -> None:
        self._looked = False

    def attach(self, engine: Engine) -> None:
        """Attach to a MONAI trainer."""
        engine.add_event_handler(IterationEvents.BACKWARD_COMPLETED, self)

    def __call__(self, engine: Any) -> None:  # noqa: ANN401
        """Look at the gradients of the first step."""
        if self._looked:
            return
        self._looked = True
        untrained = [name for name, part in unwrapped(engine.network).named_children() if _is_left_out(part)]
        if untrained:
            raise ConfigError(
                f"The network's {', '.join(untrained)} would stay as initialised: no loss reaches it. Switch that part "
                "off in network_def, or weigh it in the loss."
            )


class GradientClipping:
    """Trainer handler: scales the gradients of one step down to an L2 norm of at most `max_norm`.

    Gradients of fp16 are unscaled first; batches that are accumulated are clipped once, before the step.

    Raises:
        ConfigError: max_norm is not above 0.
        TrainingError: from inside the training, when the norm is not finite; of fp16 when that was so twenty times in a
            row, or until the end: the scaler skips such a step and tries a smaller scale.
    """

    def __init__(self, max_norm: float) -> None:
        if not max_norm > 0:
            raise ConfigError(f"max_norm of the gradient clipping is {max_norm}; it must be above 0.")
        self.max_norm = max_norm
        self._steps = self._skipped = 0

    def attach(self, engine: Engine) -> None:
        """Attach to a MONAI trainer."""
        engine.add_event_handler(IterationEvents.BACKWARD_COMPLETED, self)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self.require_steps)

    def require_steps(self, engine: Any) -> None:  # noqa: ANN401
        """Stop where the last epoch ends and no step was made at all."""
        state = engine.state
        if self._skipped and state.epoch == state.max_epochs and self._skipped >= self._steps:
            raise TrainingError(_stopped(engine, "No step was made: the gradients of fp16 were never finite"))

    def __call__(self, engine: Any) -> None:  # noqa: ANN401
        """Clip before one step."""
        if not _steps_now(engine):
            return
        if engine.scaler is not None:
            engine.scaler.unscale_(engine.optimizer)
        norm = torch.nn.utils.clip_grad_norm_(engine.network.parameters(), self.max_norm)
        finite = math.isfinite(norm)
        self._steps, self._skipped = self._steps + 1, 0 if finite else self._skipped + 1
        if not finite and (engine.scaler is None or self._skipped == _IN_A_ROW):
            raise TrainingError(_stopped(engine, f"The norm of the gradients is {float(norm)}"))


def case_ids(batch: Any) -> list[str]:  # noqa: ANN401 (dict of lists, or decollated list of dicts)
    """Return the case ids of a batch, collated or decollated; empty when it carries none."""
    if isinstance(batch, dict):
        ids = batch.get("case_id", ())
        return [ids] if isinstance(ids, str) else [str(one) for one in ids]
    if isinstance(batch, Iterable):
        return [str(one["case_id"]) for one in batch if isinstance(one, dict) and "case_id" in one]
    return []


def _is_left_out(part: torch.nn.Module) -> bool:
    weights = [weight for weight in part.parameters() if weight.requires_grad]
    return bool(weights) and all(weight.grad is None for weight in weights)


def _any_process(here: bool, like: torch.Tensor) -> bool:  # noqa: FBT001 (one flag)
    if world_size() == 1:
        return here
    flag = torch.tensor(float(here), device=like.device)
    torch.distributed.all_reduce(flag, op=torch.distributed.ReduceOp.MAX)
    return bool(flag)


def _steps_now(engine: Any) -> bool:  # noqa: ANN401
    every, length = getattr(engine, "accumulation_steps", 1), engine.state.epoch_length
    done = (engine.state.iteration - 1) % length + 1 if length else engine.state.iteration
    return done % every == 0 or done == length


def _stopped(engine: Engine, found: str) -> str:
    state, ids = engine.state, case_ids(engine.state.batch)
    names = ", ".join(ids[:_NAMED]) + (f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else "")
    where = f"epoch {state.epoch}, iteration {state.iteration}"
    advice = "Look at these images, lower --learning_rate, or give --amp off; --resume continues from the last epoch."
    return f"{found} at {where}; the batch holds {names or 'cases without an id'}. {advice}"


def _bad_parts(engine: Any) -> str:  # noqa: ANN401
    parts = getattr(getattr(engine, "loss_function", None), "parts", None) or {}
    bad = [name for name, value in parts.items() if not math.isfinite(float(torch.as_tensor(value).detach()))]
    return f" (not finite: {', '.join(bad)})" if bad else ""
