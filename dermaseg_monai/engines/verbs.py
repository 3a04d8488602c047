"""The verbs a sheet calls: put the engines together, train, evaluate."""

import logging
import shlex
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from ignite.engine import Engine, Events
from ignite.handlers import EarlyStopping
from monai.engines.evaluator import Evaluator
from monai.engines.trainer import Trainer

from dermaseg_monai.engines.checkpoint import Checkpoints
from dermaseg_monai.engines.claim import claim, release, require_own_folder
from dermaseg_monai.engines.distributed import is_rank_zero, on_rank_zero
from dermaseg_monai.engines.guards import EveryPartTrains
from dermaseg_monai.engines.resume_file import LAST
from dermaseg_monai.errors import ConfigError, TrainingError

_STOPPED_BY_USER = 130
_OF_EQUALS = ("val_jaccard", "val_dice")


def prepare(
    trainer: Trainer,
    evaluator: Evaluator,
    checkpoints: Checkpoints,
    *,
    patience: int | None = None,
    initial_weights: str | Path | None = None,
    resume: str | Path | None = None,
) -> None:
    """Hang on the engines what needs both of them, and resume where asked; stands in `initialize`, after the seed.

    Args:
        trainer: the engine that trains.
        evaluator: the engine that validates; its key metric chooses the best weights, and of equals (all images of a
            hard set may be below the threshold of threshold Jaccard) the higher Jaccard or Dice.
        checkpoints: what is written.
        patience: stop after so many validations without a better key metric; None trains all epochs.
        initial_weights: `model.safetensors` of an earlier training (on other data, say) to start a new one from.
        resume: `last.ckpt` of an earlier run (or its folder) to go on from; the initial weights are then past.

    Raises:
        ConfigError: no key metric, a patience below 1, or a folder that holds another training.
        TrainingError: the training data give no batch, or there is nothing left to train.
        WeightsError: the file to start or resume from cannot be used.
    """
    if not trainer.state.epoch_length:
        raise TrainingError(
            "The training data give no batch. Give a --manifest with more cases or a smaller --batch_size."
        )
    if evaluator.state.key_metric_name is None:
        raise ConfigError(
            "The evaluator has no key_val_metric, so that no weights can be chosen. Add one to the sheet."
        )
    evaluator.metric_cmp_fn = partial(_is_better, evaluator)
    on_rank_zero(partial(require_own_folder, checkpoints.folder, resume))
    for engine in (trainer, evaluator):
        engine.logger.addFilter(_without_exceptions)
    EveryPartTrains().attach(trainer)
    if patience is not None:
        checkpoints.early_stop = _early_stop(trainer, evaluator, patience)
    checkpoints.attach(trainer, evaluator)
    if resume:
        checkpoints.resume(resume)
    elif initial_weights:
        checkpoints.start_from(initial_weights)


def train(trainer: Trainer, checkpoints: Checkpoints | None = None) -> None:
    """Run the training to its end; who stops it (Ctrl-C: exit code 130, SIGTERM: 143) is told how to go on.

    Raises:
        ConfigError: another training works in the folder, or has.
        DataError: the folder cannot be made, entered or read.
        TrainingError: another training has written there since this one was prepared; or from the guards.
    """
    try:
        if checkpoints is not None:
            on_rank_zero(partial(_claim, checkpoints))
        trainer.run()
    except KeyboardInterrupt:
        _say_how_to_go_on(trainer, checkpoints)
        raise SystemExit(_STOPPED_BY_USER) from None
    except SystemExit:  # what tracking makes of SIGTERM and SIGHUP: docker stop, a batch system at its time limit
        _say_how_to_go_on(trainer, checkpoints)
        raise
    finally:
        if checkpoints is not None:
            release(checkpoints.folder)


def evaluate(evaluator: Evaluator) -> None:
    """Run the evaluator once over its data.

    Raises:
        TrainingError: there are no data.
    """
    if not evaluator.state.epoch_length:
        raise TrainingError("There is no case to evaluate. Check --manifest and its splits.")
    evaluator.logger.addFilter(_without_exceptions)
    evaluator.run()


def _claim(checkpoints: Checkpoints) -> None:
    claim(checkpoints.folder, checkpoints.resumed)
    checkpoints.require_unchanged()


def _early_stop(trainer: Trainer, evaluator: Evaluator, patience: int) -> EarlyStopping:
    if patience < 1:
        raise ConfigError(f"patience is {patience}; it must be at least 1, or null to train all epochs.")
    stop = EarlyStopping(patience, _best_epoch, trainer)
    evaluator.add_event_handler(Events.COMPLETED, stop)
    return stop


def _best_epoch(engine: Engine) -> float:
    # grows when this validation is the best so far, as `_is_better` says, and stands still otherwise
    state: Any = engine.state
    return float(state.best_metric_epoch)


def _is_better(evaluator: Evaluator, score: float, best_score: float) -> bool:
    if score != best_score:
        return score > best_score
    found, best = evaluator.state.metrics, getattr(evaluator.state, "best_metrics", {})
    return next((found[name] > best[name] for name in _OF_EQUALS if name in found and name in best), False)


def _say_how_to_go_on(trainer: Trainer, checkpoints: Checkpoints | None) -> None:
    if not is_rank_zero():
        return
    last = None if checkpoints is None else checkpoints.folder / LAST
    there = last is not None and last.is_file()
    advice = f" Go on with the same command and --resume {shlex.quote(str(last))}" if there else ""
    with suppress(OSError):  # the terminal may be what is gone
        sys.stderr.write(f"\nStopped in epoch {trainer.state.epoch} of {trainer.state.max_epochs}.{advice}\n")


def _without_exceptions(record: logging.LogRecord) -> bool:
    # ignite logs every exception twice before it raises it; who catches it says it once
    return "terminating due to exception" not in str(record.msg)
