import pytest
import torch
from torch import nn

from dermaseg_monai.engines import build_optimizer
from dermaseg_monai.errors import ConfigError


def _network() -> nn.Module:
    network = nn.Module()
    network.encoder = nn.Conv2d(3, 2, 1)
    network.head = nn.Sequential(nn.Conv2d(2, 1, 1), nn.BatchNorm2d(1))
    return network


def test_weights_decay_and_biases_and_norms_do_not() -> None:
    groups = build_optimizer(_network(), "adamw", 0.1, 0.5, encoder_lr_factor=0.1).param_groups
    found = [(len(g["params"]), round(g["lr"], 6), g["weight_decay"]) for g in groups]
    assert found == [(1, 0.01, 0.5), (1, 0.01, 0.0), (1, 0.1, 0.5), (3, 0.1, 0.0)]


def test_frozen_parameters_are_left_out() -> None:
    network = _network()
    network.get_submodule("encoder").requires_grad_(requires_grad=False)
    groups = build_optimizer(network, "sgd", 0.1, 0.0).param_groups
    assert sum(len(group["params"]) for group in groups) == 4


def test_sgd_has_nesterov_momentum() -> None:
    optimizer = build_optimizer(_network(), "sgd", 0.1, 0.0)
    assert isinstance(optimizer, torch.optim.SGD)
    assert optimizer.defaults["momentum"] == 0.9
    assert optimizer.defaults["nesterov"]


def test_the_first_step_of_adam_is_the_rate_against_the_sign_of_the_gradient() -> None:
    network = nn.Linear(1, 1, bias=False)
    before = network.weight.item()
    optimizer = build_optimizer(network, "adam", 0.001, 0.0)
    network(torch.full((1, 1), 3.0)).backward()
    optimizer.step()
    assert type(optimizer) is torch.optim.Adam
    assert network.weight.item() == pytest.approx(before - 0.001, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "rate", "decay", "factor", "match"),
    [
        ("lamb", 0.1, 0.0, 1.0, "optimizer is 'lamb'; it is one of adamw, adam, sgd"),
        ("adamw", 0.0, 0.0, 1.0, "learning_rate is 0.0; it must be above 0"),
        ("adamw", float("nan"), 0.0, 1.0, "learning_rate is nan"),
        ("adamw", 0.1, -1.0, 1.0, "weight_decay is -1.0"),
    ],
)
def test_what_is_not_possible_is_said(name: str, rate: float, decay: float, factor: float, match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        build_optimizer(_network(), name, rate, decay, factor)


def test_an_encoder_rate_without_an_encoder_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"encoder_lr_factor is 0.1 but Linear has no trainable `encoder`"):
        build_optimizer(nn.Linear(1, 1), "adamw", 0.1, 0.0, 0.1)
