import logging
import os
import shutil
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from ignite.engine import Engine, Events
from monai.engines.evaluator import SupervisedEvaluator
from safetensors.torch import load_file, save_file

from dermaseg_monai.engines import evaluate, prepare, read_metadata, train
from dermaseg_monai.engines.claim import claim, release
from dermaseg_monai.errors import ConfigError, DataError, TrainingError, WeightsError
from dermaseg_monai.locks import taken, taken_within


class Interrupt:
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def attach(self, engine: Engine) -> None:
        engine.add_event_handler(Events.ITERATION_COMPLETED(once=3), self.stop)

    def stop(self) -> None:
        raise self.error


def test_training_stops_after_so_many_validations_without_a_better_one(build: Callable, tmp_path: Path) -> None:
    training = build(tmp_path, max_epochs=4, patience=2, scores=[0.5, 0.4, 0.5, 0.9])
    train(training.trainer)
    assert training.trainer.state.epoch == 3
    assert training.evaluator.state.best_metric_epoch == 1


def test_of_equal_validations_the_one_with_the_higher_jaccard_is_the_best(build: Callable, tmp_path: Path) -> None:
    # a hard set: every image is below the threshold, so that threshold Jaccard stays 0
    training = build(tmp_path, patience=2, scores=[0.0] * 4, jaccard=[0.2, 0.4, 0.3, 0.5])
    train(training.trainer)
    assert training.trainer.state.epoch == 4
    assert training.evaluator.state.best_metric_epoch == 4
    assert read_metadata(tmp_path / "model.safetensors")["epoch"] == "4"


def test_a_higher_jaccard_does_not_beat_a_higher_key_metric(build: Callable, tmp_path: Path) -> None:
    training = build(tmp_path, scores=[0.1, 0.2, 0.2, 0.1], jaccard=[0.9, 0.3, 0.3, 0.9])
    train(training.trainer)
    assert training.evaluator.state.best_metric_epoch == 2
    assert read_metadata(tmp_path / "model.safetensors")["epoch"] == "2"


def test_the_patience_of_a_resumed_run_goes_on(build: Callable, tmp_path: Path) -> None:
    train(build(tmp_path, max_epochs=2, patience=2, scores=[0.5, 0.4]).trainer)
    training = build(tmp_path, max_epochs=4, patience=2, scores=[0.4, 0.9], resume=tmp_path)
    train(training.trainer)
    assert training.trainer.state.epoch == 3


def test_a_run_that_stopped_early_is_not_resumed_with_the_same_patience(build: Callable, tmp_path: Path) -> None:
    train(build(tmp_path, max_epochs=4, patience=1, scores=[0.5, 0.4]).trainer)
    with pytest.raises(TrainingError, match=r"stopped early after epoch 2 \(patience 1\).*larger --early_stop"):
        build(tmp_path, max_epochs=4, patience=1, resume=tmp_path)


def test_a_patience_of_zero_is_refused(build: Callable, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="patience is 0; it must be at least 1, or null"):
        build(tmp_path, patience=0)


def test_initial_weights_are_where_network_and_average_start(build: Callable, tmp_path: Path) -> None:
    train(build(tmp_path / "first", scores=[0.1, 0.2, 0.3, 0.4]).trainer)
    earlier = load_file(tmp_path / "first" / "model.safetensors")
    second = build(tmp_path / "second", initial_weights=tmp_path / "first" / "model.safetensors")
    for network in (second.network, second.average.module):
        assert all(torch.equal(value, earlier[key]) for key, value in network.state_dict().items())
    assert second.trainer.state.epoch == 0
    assert second.lr_scheduler.last_epoch == 0


def test_a_resumed_run_forgets_its_initial_weights(build: Callable, tmp_path: Path) -> None:
    train(build(tmp_path, max_epochs=2, scores=[0.1, 0.2]).trainer)
    resumed = build(tmp_path, initial_weights=tmp_path / "gone.safetensors", resume=tmp_path)
    assert resumed.trainer.state.epoch == 2


def test_initial_weights_of_another_network_are_refused(build: Callable, tmp_path: Path) -> None:
    save_file({"encoder.weight": torch.zeros(2, 3, 3, 3)}, tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match=r"not made for this TinyNet.*missing.*encoder\.weight is \(2, 3, 3, 3\)"):
        build(tmp_path, initial_weights=tmp_path / "other.safetensors")


def test_ctrl_c_ends_with_130_and_says_how_to_go_on(
    build: Callable, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    training = build(tmp_path, handlers=[Interrupt(KeyboardInterrupt())])
    with pytest.raises(SystemExit) as stopped:
        train(training.trainer, training.checkpoints)
    assert stopped.value.code == 130
    said = f"Stopped in epoch 2 of 4. Go on with the same command and --resume {tmp_path / 'last.ckpt'}"
    assert said in capsys.readouterr().err


def test_sigterm_keeps_its_exit_code_and_says_how_to_go_on(
    build: Callable, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    training = build(tmp_path, handlers=[Interrupt(SystemExit(143))])
    with pytest.raises(SystemExit) as stopped:
        train(training.trainer, training.checkpoints)
    assert stopped.value.code == 143
    said = f"Stopped in epoch 2 of 4. Go on with the same command and --resume {tmp_path / 'last.ckpt'}"
    assert said in capsys.readouterr().err


def test_an_error_is_not_logged_before_it_is_raised(
    build: Callable, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    training = build(tmp_path)
    training.trainer.loss_function = lambda pred, label: (pred * label).sum() * float("nan")
    with caplog.at_level(logging.ERROR), pytest.raises(TrainingError):
        train(training.trainer)
    assert caplog.messages == []


def test_data_without_a_batch_are_refused(build: Callable, tmp_path: Path) -> None:
    training = build(tmp_path)
    training.trainer.state.epoch_length = 0
    with pytest.raises(TrainingError, match=r"The training data give no batch.*--batch_size"):
        prepare(training.trainer, training.evaluator, training.checkpoints)


def test_an_evaluator_that_cannot_choose_is_refused(build: Callable, tmp_path: Path) -> None:
    training = build(tmp_path)
    blind = SupervisedEvaluator(torch.device("cpu"), training.evaluator.data_loader, training.average)
    with pytest.raises(ConfigError, match="has no key_val_metric"):
        prepare(training.trainer, blind, training.checkpoints)


def test_evaluate_runs_once(build: Callable, tmp_path: Path) -> None:
    evaluator = build(tmp_path, scores=[0.25]).evaluator
    evaluate(evaluator)
    assert evaluator.state.metrics == {"val_threshold_jaccard": 0.25}


def test_nothing_to_evaluate_is_said(build: Callable, tmp_path: Path) -> None:
    evaluator = build(tmp_path).evaluator
    evaluator.state.epoch_length = 0
    with pytest.raises(TrainingError, match="There is no case to evaluate"):
        evaluate(evaluator)


def test_a_folder_that_holds_another_training_is_refused(build: Callable, tmp_path: Path) -> None:
    training = build(tmp_path, max_epochs=1)
    train(training.trainer)
    with pytest.raises(ConfigError, match=rf"{tmp_path} holds another training.*--resume {tmp_path / 'last.ckpt'}"):
        build(tmp_path, max_epochs=1)


def test_weights_of_another_training_are_not_written_over(build: Callable, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"weights of somebody")
    with pytest.raises(ConfigError, match=r"another training \(model\.safetensors\)\. Give .* or remove model"):
        build(tmp_path, max_epochs=1)
    assert (tmp_path / "model.safetensors").read_bytes() == b"weights of somebody"


def test_a_resume_does_not_go_on_in_the_folder_of_another_training(build: Callable, tmp_path: Path) -> None:
    for name in ("one", "two"):
        train(build(tmp_path / name, max_epochs=1).trainer)
    with pytest.raises(ConfigError, match=r"two holds another training \(last\.ckpt\)"):
        build(tmp_path / "two", max_epochs=2, resume=tmp_path / "one" / "last.ckpt")
    resumed = build(tmp_path / "three", max_epochs=2, scores=[0.0], resume=tmp_path / "one")
    train(resumed.trainer, resumed.checkpoints)
    best = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("one", "three")]
    assert best[0] == best[1]


def test_best_weights_come_with_the_first_state_and_not_before(build: Callable, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    train(build(one, max_epochs=1).trainer)
    killed = build(two, max_epochs=2, scores=[0.0], resume=one)
    killed.trainer.add_event_handler(Events.STARTED, Interrupt(SystemExit(143)).stop)
    with pytest.raises(SystemExit):
        train(killed.trainer, killed.checkpoints)
    assert not list(two.glob("model.*"))
    again = build(two, max_epochs=2, scores=[0.0], resume=one)  # the same command, and nothing of its own in the way
    train(again.trainer, again.checkpoints)
    assert (two / "model.safetensors").read_bytes() == (one / "model.safetensors").read_bytes()


def test_a_state_that_was_written_anew_since_it_was_read_is_not_gone_on_from(build: Callable, tmp_path: Path) -> None:
    train(build(tmp_path, max_epochs=1).trainer)
    waiting = build(tmp_path, max_epochs=3, resume=tmp_path)
    other = build(tmp_path, max_epochs=2, resume=tmp_path)
    train(other.trainer, other.checkpoints)
    with pytest.raises(TrainingError, match=r"was written by another training since .* Run the same command"):
        train(waiting.trainer, waiting.checkpoints)
    assert waiting.trainer.state.epoch == 1


def test_a_resumed_training_may_be_trained_on_in_one_process(build: Callable, tmp_path: Path) -> None:
    train(build(tmp_path, max_epochs=1).trainer)
    resumed = build(tmp_path, max_epochs=2, resume=tmp_path)
    train(resumed.trainer, resumed.checkpoints)
    resumed.trainer.state.max_epochs = 3
    train(resumed.trainer, resumed.checkpoints)
    assert resumed.trainer.state.epoch == 3


@pytest.mark.parametrize("resumed", [False, True])
def test_a_training_that_goes_on_does_not_write_over_what_another_trained_meanwhile(
    build: Callable, tmp_path: Path, *, resumed: bool
) -> None:
    train(build(tmp_path, max_epochs=1).trainer)
    mine = build(tmp_path, max_epochs=2, resume=tmp_path)
    if resumed:
        train(mine.trainer, mine.checkpoints)
    others = build(tmp_path, max_epochs=4, resume=tmp_path)
    train(others.trainer, others.checkpoints)
    mine.trainer.state.max_epochs = 3
    with pytest.raises(TrainingError, match=r"last\.ckpt was written by another training"):
        train(mine.trainer, mine.checkpoints)
    assert torch.load(tmp_path / "last.ckpt", weights_only=True)["trainer"]["epoch"] == 4


def test_of_two_trainings_of_one_process_the_second_does_not_write_over_the_first(
    build: Callable, tmp_path: Path
) -> None:
    one, two = build(tmp_path, max_epochs=2), build(tmp_path, max_epochs=1)
    train(one.trainer, one.checkpoints)
    with pytest.raises(TrainingError, match=r"last\.ckpt was written by another training"):
        train(two.trainer, two.checkpoints)
    one.trainer.state.max_epochs = 3
    train(one.trainer, one.checkpoints)


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_a_link_to_a_state_is_the_state_itself(build: Callable, tmp_path: Path) -> None:
    one, link = tmp_path / "one", tmp_path / "latest.ckpt"
    train(build(one, max_epochs=1).trainer)
    link.symlink_to(one / "last.ckpt")
    away = build(tmp_path / "two", max_epochs=2, scores=[0.0], resume=link)
    train(away.trainer, away.checkpoints)
    assert (tmp_path / "two" / "model.safetensors").read_bytes() == (one / "model.safetensors").read_bytes()
    here = build(one, max_epochs=2, resume=link)
    train(here.trainer, here.checkpoints)
    assert here.trainer.state.epoch == 2


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_a_state_that_is_kept_elsewhere_is_gone_on_from_in_its_folder(build: Callable, tmp_path: Path) -> None:
    train(build(tmp_path / "one", max_epochs=1).trainer)
    (tmp_path / "store").mkdir()
    (tmp_path / "one" / "last.ckpt").rename(tmp_path / "store" / "last.ckpt")
    (tmp_path / "one" / "last.ckpt").symlink_to(tmp_path / "store" / "last.ckpt")
    resumed = build(tmp_path / "one", max_epochs=2, resume=tmp_path / "one" / "last.ckpt")
    train(resumed.trainer, resumed.checkpoints)
    assert resumed.trainer.state.epoch == 2


def test_a_refused_training_lets_go_of_its_folder(build: Callable, tmp_path: Path) -> None:
    mine, other = build(tmp_path, max_epochs=1), build(tmp_path, max_epochs=1)
    train(other.trainer, other.checkpoints)
    with pytest.raises(TrainingError):
        train(mine.trainer, mine.checkpoints)
    with working_in(tmp_path):
        pass


def test_best_weights_are_those_of_the_state_though_their_run_goes_on_or_away(build: Callable, tmp_path: Path) -> None:
    one = tmp_path / "one"
    source = build(one, max_epochs=1, scores=[0.5, 0.9])
    train(source.trainer, source.checkpoints)
    best = (one / "model.safetensors").read_bytes()
    branch = build(tmp_path / "two", max_epochs=2, scores=[0.3], resume=one)
    source.trainer.state.max_epochs = 2
    train(source.trainer, source.checkpoints)
    shutil.rmtree(one)
    train(branch.trainer, branch.checkpoints)
    assert (tmp_path / "two" / "model.safetensors").read_bytes() == best


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="nothing is closed to root")
@pytest.mark.parametrize("mode", [0o000, 0o300])
def test_a_folder_that_is_closed_is_one_line(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "closed"
    folder.mkdir(mode=mode)
    with pytest.raises(DataError, match=r"cannot be entered or read: Permission denied"):
        claim(folder)
    folder.chmod(0o700)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork")
def test_a_forked_child_has_none_of_the_folders_of_its_parent(tmp_path: Path) -> None:
    claim(tmp_path)
    child = os.fork()
    if child == 0:
        release(tmp_path)
        os._exit(0)
    os.waitpid(child, 0)
    number = os.open(tmp_path, os.O_RDONLY)
    assert not taken(number)
    release(tmp_path)
    assert taken(number)
    os.close(number)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot lock a folder")
def test_a_folder_may_be_claimed_again_by_the_process_that_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dermaseg_monai.engines.claim._PATIENCE_S", 0.3)
    claim(tmp_path)  # for the list of its cases
    (tmp_path / "last.ckpt").touch()
    claim(tmp_path)  # for the training
    release(tmp_path)
    with working_in(tmp_path):
        pass


@contextmanager
def working_in(folder: Path) -> Generator[None]:
    """Hold a folder as another training does."""
    number = os.open(folder, os.O_RDONLY)
    assert taken(number)
    yield
    os.close(number)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot lock a folder")
def test_two_trainings_never_write_into_one_folder(
    build: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dermaseg_monai.engines.claim._PATIENCE_S", 0.3)
    training = build(tmp_path, max_epochs=1)
    with working_in(tmp_path), pytest.raises(ConfigError, match=rf"Another training works in {tmp_path}\. Wait for it"):
        train(training.trainer, training.checkpoints)
    assert training.trainer.state.iteration == 0
    train(training.trainer, training.checkpoints)
    assert (tmp_path / "model.safetensors").is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot lock a folder")
def test_what_another_training_left_while_this_one_waited_is_not_written_over(
    build: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = build(tmp_path, max_epochs=1)

    def left(number: int, *, patience_s: float) -> bool:
        (tmp_path / "model.safetensors").write_bytes(b"weights of somebody")
        return taken_within(number, patience_s=patience_s)

    monkeypatch.setattr("dermaseg_monai.engines.claim.taken_within", left)
    with pytest.raises(ConfigError, match=r"holds another training \(model\.safetensors\)"):
        train(training.trainer, training.checkpoints)
    assert (tmp_path / "model.safetensors").read_bytes() == b"weights of somebody"
    with working_in(tmp_path):  # and let go of
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot lock a folder")
def test_a_folder_is_free_when_its_training_ends_though_loader_workers_live_on(build: Callable, tmp_path: Path) -> None:
    training = build(tmp_path, max_epochs=1)
    read, write = os.pipe()

    def fork(_: Engine) -> None:
        if os.fork() == 0:  # a worker: it has open what the training had
            os.close(write)
            os.read(read, 1)
            os._exit(0)

    training.trainer.add_event_handler(Events.STARTED, fork)
    train(training.trainer, training.checkpoints)
    with working_in(tmp_path):
        os.close(write)
    os.wait()
