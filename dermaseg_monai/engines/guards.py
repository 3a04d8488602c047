"""Handlers that keep a training from going wrong unseen."""

import math
from collections.abc import Iterable
from typing import Any

import torch
from ignite.engine import Engine
from monai.engines.utils import IterationEvents

from dermaseg_monai.errors import ConfigError, TrainingError

_NAMED = 16


class NonFiniteLoss:
    """Trainer handler: stops at the first loss that is not a finite number and names the cases of that batch.

    Raises:
        TrainingError: from inside the training; the weights of the last finished epoch stay in last.ckpt.
    """

    def attach(self, engine: Engine) -> None:
        """Attach to a MONAI trainer."""
        engine.add_event_handler(IterationEvents.LOSS_COMPLETED, self)

    def __call__(self, engine: Any) -> None:  # noqa: ANN401 (MONAI's trainers carry more than ignite's Engine)
        """Look at one loss."""
        value = float(engine.state.output["loss"].detach())
        if not math.isfinite(value):
            raise TrainingError(_stopped(engine, f"The loss is {value}{_bad_parts(engine)}"))


class GradientClipping:
    """Trainer handler: scales the gradients of one step down to an L2 norm of at most `max_norm`.

    Gradients of fp16 are unscaled first; batches that are accumulated are clipped once, before the step.

    Raises:
        ConfigError: max_norm is not above 0.
        TrainingError: from inside the training, when the norm is not finite (fp16 steps are skipped by the scaler).
    """

    def __init__(self, max_norm: float) -> None:
        if not max_norm > 0:
            raise ConfigError(f"max_norm of the gradient clipping is {max_norm}; it must be above 0.")
        self.max_norm = max_norm

    def attach(self, engine: Engine) -> None:
        """Attach to a MONAI trainer."""
        engine.add_event_handler(IterationEvents.BACKWARD_COMPLETED, self)

    def __call__(self, engine: Any) -> None:  # noqa: ANN401
        """Clip before one step."""
        if not _steps_now(engine):
            return
        if engine.scaler is not None:
            engine.scaler.unscale_(engine.optimizer)
        norm = torch.nn.utils.clip_grad_norm_(engine.network.parameters(), self.max_norm)
        if engine.scaler is None and not math.isfinite(norm):
            raise TrainingError(_stopped(engine, f"The norm of the gradients is {float(norm)}"))


def case_ids(batch: Any) -> list[str]:  # noqa: ANN401 (dict of lists, or decollated list of dicts)
    """Return the case ids of a batch, collated or decollated; empty when it carries none."""
    if isinstance(batch, dict):
        ids = batch.get("case_id", ())
        return [ids] if isinstance(ids, str) else [str(one) for one in ids]
    if isinstance(batch, Iterable):
        return [str(one["case_id"]) for one in batch if isinstance(one, dict) and "case_id" in one]
    return []


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
