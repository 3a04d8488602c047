from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from ignite.engine import Engine, Events
from monai.engines.utils import IterationEvents

from dermaseg_monai.engines import GradientClipping
from dermaseg_monai.engines.guards import case_ids
from dermaseg_monai.errors import ConfigError, TrainingError


class Poison:
    """Puts a nan into one weight before an iteration, or into one gradient after it."""

    def __init__(self, *, iteration: int, gradient: bool = False) -> None:
        self.iteration, self.gradient = iteration, gradient

    def attach(self, engine: Engine) -> None:
        event = IterationEvents.LOSS_COMPLETED if self.gradient else Events.ITERATION_STARTED
        engine.add_event_handler(event, self)

    def __call__(self, engine: Any) -> None:  # noqa: ANN401
        if engine.state.iteration != self.iteration:
            return
        weight = engine.network.head.weight
        if self.gradient:
            weight.register_hook(lambda gradient: gradient * float("nan"))
        else:
            with torch.no_grad():
                weight.fill_(float("nan"))


def test_the_first_loss_that_is_not_finite_stops_and_names_the_cases(build: Callable, tmp_path: Path) -> None:
    training = build(tmp_path, handlers=[Poison(iteration=3)])
    with pytest.raises(
        TrainingError, match=r"The loss is nan at epoch 2, iteration 3; the batch holds (case_\d(, )?){4}\."
    ):
        training.trainer.run()
    assert (tmp_path / "last.ckpt").is_file()


def test_a_gradient_that_is_not_finite_stops_before_it_reaches_the_weights(build: Callable, tmp_path: Path) -> None:
    training = build(tmp_path, handlers=[Poison(iteration=3, gradient=True)])
    with pytest.raises(
        TrainingError, match=r"The norm of the gradients is nan at epoch 2, iteration 3; the batch holds case_"
    ):
        training.trainer.run()
    assert all(bool(value.isfinite().all()) for value in training.network.parameters())


def test_the_part_of_the_loss_that_went_wrong_is_named(build: Callable, tmp_path: Path) -> None:
    class Loss(torch.nn.Module):
        def forward(self, pred: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
            self.parts = {"loss/region": (pred - label).mean(), "loss/boundary": torch.tensor(float("inf"))}
            return sum(self.parts.values(), torch.tensor(0.0))

    training = build(tmp_path)
    training.trainer.loss_function = Loss()
    with pytest.raises(TrainingError, match=r"The loss is inf \(not finite: loss/boundary\) at epoch 1, iteration 1"):
        training.trainer.run()


class _Stub:
    """As much of a MONAI trainer as the clipping looks at."""

    def __init__(self, iteration: int, accumulation_steps: int) -> None:
        self.network = torch.nn.Linear(2, 1, bias=False)
        self.network.weight.grad = torch.tensor([[3.0, 4.0]])
        self.accumulation_steps = accumulation_steps
        self.scaler: Any = None
        self.optimizer: Any = None
        self.state = type("State", (), {"iteration": iteration, "epoch_length": 3, "epoch": 1, "max_epochs": 1})()

    @classmethod
    def of_fp16(cls, *gradient: float) -> "_Stub":
        """With a gradient that is scaled by 8."""
        engine = cls(1, 1)
        engine.network.weight.grad = 8 * torch.tensor([gradient])
        engine.optimizer = torch.optim.SGD(engine.network.parameters(), 1.0)
        engine.scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
        engine.scaler.scale(torch.ones(1))
        return engine


@pytest.mark.parametrize(
    ("iteration", "steps", "clipped"), [(1, 1, True), (1, 2, False), (2, 2, True), (3, 2, True), (4, 2, False)]
)
def test_gradients_are_scaled_to_the_norm_once_per_step(iteration: int, steps: int, clipped: bool) -> None:  # noqa: FBT001
    engine = _Stub(iteration, steps)
    GradientClipping(1.0)(engine)
    expected = [[0.6, 0.8]] if clipped else [[3.0, 4.0]]
    assert engine.network.weight.grad is not None
    assert torch.allclose(engine.network.weight.grad, torch.tensor(expected))


def test_gradients_of_fp16_are_unscaled_before_they_are_clipped() -> None:
    engine = _Stub.of_fp16(3.0, 4.0)
    GradientClipping(10.0)(engine)
    assert engine.network.weight.grad is not None
    assert engine.network.weight.grad.tolist() == [[3.0, 4.0]]


def test_a_training_whose_last_step_fp16_skips_ends_well() -> None:
    clipping, last = GradientClipping(10.0), _Stub.of_fp16(float("inf"), 0.0)
    clipping(_Stub.of_fp16(3.0, 4.0))
    clipping(last)
    clipping.require_steps(last)


class Overflow:
    """Gives the trainer fp16's scaler, on the CPU, and gradients that are not finite up to an iteration."""

    def __init__(self, *, until: int) -> None:
        self.until = until

    def attach(self, engine: Engine) -> None:
        engine.add_event_handler(Events.STARTED, self.start)

    def start(self, engine: Any) -> None:  # noqa: ANN401
        engine.amp, engine.scaler = True, torch.amp.GradScaler("cpu")
        engine.network.head.weight.register_hook(
            lambda gradient: gradient * (float("inf") if engine.state.iteration <= self.until else 1.0)
        )


on_the_cpu = pytest.mark.filterwarnings("ignore:.*CUDA is not available", "ignore:Detected call of `lr_scheduler.step")


@on_the_cpu
def test_fp16_may_skip_steps_until_its_scale_fits(build: Callable, tmp_path: Path) -> None:
    training = build(tmp_path, max_epochs=4, handlers=[Overflow(until=7)])
    before = training.network.head.weight.clone()
    training.trainer.run()
    assert not torch.equal(training.network.head.weight, before)


@on_the_cpu
def test_fp16_whose_gradients_stay_too_large_stops(build: Callable, tmp_path: Path) -> None:
    training = build(tmp_path, max_epochs=12, handlers=[Overflow(until=99)])
    with pytest.raises(TrainingError, match=r"The norm of the gradients is (nan|inf) at epoch 10, iteration 20"):
        training.trainer.run()


@on_the_cpu
def test_a_training_that_made_no_step_does_not_end_well(build: Callable, tmp_path: Path) -> None:
    training = build(tmp_path, max_epochs=3, handlers=[Overflow(until=99)])
    before = training.network.head.weight.clone()
    with pytest.raises(TrainingError, match="No step was made: the gradients of fp16 were never finite at epoch 3"):
        training.trainer.run()
    assert torch.equal(training.network.head.weight, before)


def test_a_part_that_gets_no_gradient_stops_the_training(build: Callable, tmp_path: Path) -> None:
    training = build(tmp_path)
    training.network.aside = torch.nn.Linear(2, 1)
    with pytest.raises(ConfigError, match=r"The network's aside would stay as initialised"):
        training.trainer.run()


def test_a_weight_that_nothing_uses_is_left_alone(build: Callable, tmp_path: Path) -> None:
    training = build(tmp_path, max_epochs=1)
    training.network.head.register_parameter("spare", torch.nn.Parameter(torch.zeros(1)))
    training.trainer.run()
    assert training.trainer.state.epoch == 1


def test_a_frozen_part_needs_no_gradient(build: Callable, tmp_path: Path) -> None:
    training = build(tmp_path, max_epochs=1)
    training.network.encoder.requires_grad_(requires_grad=False)
    training.trainer.run()
    assert training.trainer.state.epoch == 1


def test_a_norm_of_zero_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"max_norm of the gradient clipping is 0.0; it must be above 0"):
        GradientClipping(0.0)


def test_case_ids_are_found_in_collated_and_decollated_batches() -> None:
    assert case_ids({"case_id": ["a", "b"]}) == ["a", "b"]
    assert case_ids([{"case_id": "a"}, {"case_id": "b"}]) == ["a", "b"]
    assert case_ids({"case_id": "ISIC_1"}) == ["ISIC_1"]
    assert (
        case_ids({"image": torch.zeros(1)}) == case_ids([{"image": torch.zeros(1)}]) == case_ids([torch.zeros(1)]) == []
    )
