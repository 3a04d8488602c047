"""Labels between 0 and 1, the share of readers who call a pixel lesion."""

import math

import pytest
import torch
from torch import Tensor

from dermaseg_monai.errors import ConfigError
from dermaseg_monai.losses import OVERLAPS, BoundaryAwareLoss, OverlapLoss
from dermaseg_monai.losses.boundary_aware import boundary_loss, uncertainty_loss
from dermaseg_monai.losses.rare_class import weighted_cross_entropy

# two readers agree on the left column, one adds the middle one
SHARE = torch.tensor([[1.0, 0.5, 0.0, 0.0]] * 4).view(1, 1, 4, 4)
TIGHT, LOOSE = (SHARE == 1).float(), (SHARE > 0).float()


def weights() -> tuple[float, float]:
    return 2.0, 0.5


def logits_of(probability: Tensor) -> Tensor:
    return probability.clamp(1e-4, 1 - 1e-4).logit()


def test_the_weighted_cross_entropy_of_a_share_is_the_mean_of_its_readers() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(1, 1, 4, 4, generator=generator)
    found = weighted_cross_entropy(logits, SHARE, 2.0, 0.5)
    readers = [weighted_cross_entropy(logits, one, 2.0, 0.5).item() for one in (TIGHT, LOOSE)]
    assert found.item() == pytest.approx(sum(readers) / 2)
    # p = 1/2: every pixel costs ln 2 times its weight, 4 · 2 + 4 · (2 + 0.5) / 2 + 8 · 0.5 over 16
    assert weighted_cross_entropy(torch.zeros_like(logits), SHARE, 2.0, 0.5).item() == pytest.approx(
        math.log(2) * 17 / 16
    )


@pytest.mark.parametrize("name", ["dice", "ce_dice", "ce_tversky", "ce_focal_tversky"])
def test_an_overlap_loss_is_least_at_the_share(name: str) -> None:
    loss = OverlapLoss(name)
    at = loss(logits_of(SHARE), SHARE)
    assert all(at < loss(logits_of(other), SHARE) for other in (TIGHT, LOOSE, 0.5 * SHARE))


def test_dice_of_a_share_is_counted_by_hand() -> None:
    # p = 1/4 everywhere: Σp = 4, Σt = 6, Σ|p - t| = 4 · (3/4 + 1/4) + 8/4 = 6, so Σpt stands for 2
    found = OverlapLoss("dice")(torch.full((1, 1, 4, 4), -math.log(3)), SHARE)
    assert found.item() == pytest.approx(1 - (2 * 2 + 1) / (4 + 6 + 1))


def test_a_mask_beside_a_share_in_one_batch_costs_what_it_costs_alone() -> None:
    loss, logits = OverlapLoss("dice"), torch.linspace(-2, 2, 16).view(1, 1, 4, 4)
    both = loss(torch.cat([logits, logits]), torch.cat([SHARE, TIGHT]))
    assert both.item() == pytest.approx((loss(logits, SHARE).item() + loss(logits, TIGHT).item()) / 2)


@pytest.mark.parametrize("name", [name for name in OVERLAPS if name != "lovasz"])
def test_every_loss_but_one_takes_shares_and_has_a_gradient(name: str) -> None:
    logits = torch.zeros(1, 1, 4, 4, requires_grad=True)
    OverlapLoss(name, pixel_weights=weights)(logits, SHARE).backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()
    assert logits.grad.any()


def test_lovasz_refuses_shares_and_says_what_to_do() -> None:
    with pytest.raises(ConfigError, match=r"lovasz takes masks of 0 and 1 only.*one_reader\.json"):
        OverlapLoss("lovasz")(torch.zeros(1, 1, 4, 4), SHARE)


def test_the_error_of_a_region_is_how_often_it_is_wrong_about_a_reader() -> None:
    # where the readers are split, a region that says so is wrong about one of them: u = 1/2 is best there, not 0
    region = logits_of(SHARE)
    error = torch.where(SHARE == 0.5, 0.5, 1e-4)
    exact = uncertainty_loss(error.logit(), region, SHARE)
    assert all(exact < uncertainty_loss(error.logit() + shift, region, SHARE) for shift in (-0.5, 0.5))


def test_band_and_rest_count_alike_for_shares_too() -> None:
    # a logit of 0 costs ln 2 whatever the label; the weights of all pixels sum to their number
    assert boundary_loss(torch.zeros(1, 1, 4, 4), SHARE, band_px=1).item() == pytest.approx(math.log(2))


def test_all_parts_of_the_boundary_aware_loss_take_shares() -> None:
    maps = {name: torch.zeros(1, 1, 4, 4, requires_grad=True) for name in ("pred", "region", "boundary", "uncertainty")}
    BoundaryAwareLoss(band_px=1)(maps, SHARE).backward()
    for name, value in maps.items():
        assert value.grad is not None, name
        assert value.grad.isfinite().all(), name
