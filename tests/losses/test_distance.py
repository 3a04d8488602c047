import pytest
import torch
from monai.losses import BoundaryLoss

from dermaseg_monai.losses.distance import ContourDistance

# φ from left to right: 4, 3, 2, 1 px outside, then 0, -1, -2, -3 inside
STEP = torch.tensor([0.0, 0, 0, 0, 1, 1, 1, 1]).expand(1, 1, 4, 8)
DISTANCE = torch.tensor([4.0, 3, 2, 1, 0, -1, -2, -3]).expand(1, 1, 4, 8)


def test_an_undecided_mask_costs_half_the_distances() -> None:
    assert ContourDistance()(torch.zeros(1, 1, 4, 8), STEP).item() == pytest.approx((10 + 6) / 2 / 8)


def test_an_error_costs_its_distance_to_the_contour() -> None:
    sure = 40 * (2 * STEP - 1)
    assert ContourDistance()(sure, STEP).item() == pytest.approx(0, abs=1e-6)
    far = sure.clone()
    far[0, 0, 0, 0] = 40
    assert ContourDistance()(far, STEP).item() == pytest.approx(4 / 32)


def test_it_is_monais_loss_but_for_a_constant_of_the_label() -> None:
    monai, ours = BoundaryLoss(sigmoid=True), ContourDistance()
    constant = (DISTANCE * STEP).mean()
    for seed in range(3):
        logits = torch.randn(1, 1, 4, 8, generator=torch.Generator().manual_seed(seed), requires_grad=True)
        given, expected = ours(logits, STEP), monai(logits, STEP)
        assert given.item() == pytest.approx((expected - constant).item(), abs=1e-6)
        torch.testing.assert_close(*(torch.autograd.grad(loss, logits)[0] for loss in (given, expected)))


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_label_without_contour_costs_nothing(value: float) -> None:
    logits = torch.zeros(1, 1, 4, 8, requires_grad=True)
    loss = ContourDistance()(logits, torch.full((1, 1, 4, 8), value))
    loss.backward()
    assert loss.item() == 0
