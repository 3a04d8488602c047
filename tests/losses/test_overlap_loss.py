import math

import pytest
import torch
from torch import Tensor

from dermaseg_monai.errors import ConfigError
from dermaseg_monai.losses.overlap_loss import OverlapLoss
from dermaseg_monai.losses.overlap_term import OVERLAPS

# p = 1/2, 1/4, 3/4, 1/2 against t = 1, 0, 1, 0: Σpt = 1.25, Σp = 2, Σt = 2, Σp(1-t) = 0.75, Σ(1-p)t = 0.75
LOGITS = torch.tensor([0.0, -math.log(3), math.log(3), 0.0]).view(1, 1, 2, 2)
LABEL = torch.tensor([1.0, 0.0, 1.0, 0.0]).view(1, 1, 2, 2)
CROSS_ENTROPY = (2 * math.log(2) + 2 * math.log(4 / 3)) / 4
TVERSKY = 1 - (1.25 + 1) / (1.25 + 0.3 * 0.75 + 0.7 * 0.75 + 1)


DICE = 1 - (2 * 1.25 + 1) / (2 + 2 + 1)
# the lesion is the left column: its own pixels lie on the contour, the others 1 px from it
DISTANCE = (1 / 4 + 1 / 2) / 4
# margins 1 (missed), 1 - ln 3, 1 - ln 3, 1 (too many): with both wrong the Jaccard index is 1/3
LOVASZ = 1 - 1 / 3
LESION, SKIN = 2.0, 2 / 3


def weights() -> tuple[float, float]:
    return LESION, SKIN


BY_HAND = {
    "dice": DICE,
    "ce": CROSS_ENTROPY,
    "ce_dice": CROSS_ENTROPY + DICE,
    "weighted_ce": (LESION + SKIN) * (math.log(2) + math.log(4 / 3)) / 4,
    "ce_tversky": CROSS_ENTROPY + TVERSKY,
    "ce_focal_tversky": CROSS_ENTROPY + TVERSKY**0.75,
    "lovasz": LOVASZ,
    "boundary": CROSS_ENTROPY + DICE + 0.1 * DISTANCE,
}


@pytest.mark.parametrize("name", OVERLAPS)
def test_each_loss_is_the_sum_counted_by_hand(name: str) -> None:
    assert OverlapLoss(name, pixel_weights=weights)(LOGITS, LABEL).item() == pytest.approx(BY_HAND[name])


def test_images_count_alike_whatever_their_lesions_size() -> None:
    loss = OverlapLoss("ce_dice")
    other = torch.ones(1, 1, 2, 2)
    together = loss(torch.cat([LOGITS, LOGITS]), torch.cat([LABEL, other]))
    assert together.item() == pytest.approx((loss(LOGITS, LABEL) + loss(LOGITS, other)).item() / 2)


def test_tversky_minds_a_missed_pixel_more_than_one_too_many() -> None:
    loss, sure = OverlapLoss("ce_tversky"), 20 * (2 * LABEL - 1)
    missed, extra = sure.clone(), sure.clone()
    missed[0, 0, 0, 0], extra[0, 0, 0, 1] = -20, 20
    assert loss(missed, LABEL) > loss(extra, LABEL)


@pytest.mark.parametrize("name", OVERLAPS)
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_perfect_empty_or_full_image_has_a_loss_near_zero_and_a_finite_gradient(name: str, value: float) -> None:
    logits: Tensor = torch.full((1, 1, 8, 8), 40 * (2 * value - 1), requires_grad=True)
    loss = OverlapLoss(name, pixel_weights=weights)(logits, torch.full((1, 1, 8, 8), value))
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-4)
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("name", OVERLAPS)
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_an_empty_or_full_label_pulls_an_undecided_mask_its_way(name: str, value: float) -> None:
    logits: Tensor = torch.zeros(1, 1, 8, 8, requires_grad=True)
    OverlapLoss(name, pixel_weights=weights)(logits, torch.full((1, 1, 8, 8), value)).backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()
    assert logits.grad.sum().sign() == (1 if value == 0 else -1)  # a step goes against the gradient


@pytest.mark.parametrize("name", OVERLAPS)
def test_a_step_against_the_gradient_lowers_the_loss(name: str) -> None:
    logits, loss = LOGITS.clone().requires_grad_(), OverlapLoss(name, pixel_weights=weights)
    before = loss(logits, LABEL)
    (gradient,) = torch.autograd.grad(before, logits)
    assert loss(logits - 0.1 * gradient, LABEL) < before


def test_an_auxiliary_map_counts_with_its_weight_and_both_parts_are_logged() -> None:
    loss = OverlapLoss("dice", auxiliary_weight=0.5)
    output = {"pred": LOGITS.clone().requires_grad_(), "aux": torch.zeros(1, 1, 2, 2, requires_grad=True)}
    total = loss(output, LABEL)
    half = 1 - (2 * 1 + 1) / (2 + 2 + 1)  # p = 1/2 everywhere
    assert total.item() == pytest.approx(DICE + 0.5 * half)
    logged = {name: part.item() for name, part in loss.parts.items()}
    assert logged == {"loss/overlap": pytest.approx(DICE), "loss/aux": pytest.approx(half)}
    assert not any(part.requires_grad for part in loss.parts.values())


def test_without_weight_or_map_the_auxiliary_part_is_left_out() -> None:
    loss = OverlapLoss("dice", auxiliary_weight=0.0)
    assert loss({"pred": LOGITS, "aux": -LOGITS}, LABEL).item() == pytest.approx(DICE)
    assert list(loss.parts) == ["loss/overlap"]
    assert OverlapLoss("dice")({"pred": LOGITS}, LABEL).item() == pytest.approx(DICE)


def test_half_precision_counts_in_single_precision() -> None:
    assert OverlapLoss("boundary")(LOGITS.bfloat16(), LABEL).dtype == torch.float32


def test_weights_are_asked_for_by_the_loss_that_needs_them_alone() -> None:
    def never() -> tuple[float, float]:
        raise AssertionError

    OverlapLoss("ce_dice", pixel_weights=never)
    with pytest.raises(AssertionError):
        OverlapLoss("weighted_ce", pixel_weights=never)


def test_weighted_ce_without_weights_says_where_they_come_from() -> None:
    with pytest.raises(ConfigError, match=r"'weighted_ce' needs the weights.*dermaseg_monai\.data\.pixel_weights"):
        OverlapLoss("weighted_ce")


def test_an_unknown_loss_offers_the_nearest_and_lists_the_known_ones() -> None:
    with pytest.raises(
        ConfigError, match=r"overlap 'ce_dise' is unknown. Did you mean ce_dice\? Choose one of dice, ce"
    ):
        OverlapLoss("ce_dise")


def test_wrong_values_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"auxiliary_weight is -1\.0\. Give 0"):
        OverlapLoss(auxiliary_weight=-1.0)
    with pytest.raises(ValueError, match="no map `pred`"):
        OverlapLoss()({"aux": LOGITS}, LABEL)
    with pytest.raises(ValueError, match=r"aux is \(1, 1, 1, 2\) and the label \(1, 1, 2, 2\)"):
        OverlapLoss()({"pred": LOGITS, "aux": LOGITS[:, :, :1]}, LABEL)


def test_a_head_that_the_loss_would_leave_untrained_is_refused() -> None:
    label = torch.zeros(1, 1, 4, 4)
    output = {"pred": label, "boundary": label, "region": label, "branch_weights": torch.ones(1, 4)}
    with pytest.raises(ConfigError, match=r"trains the maps pred, aux, and the network also gives boundary, region"):
        OverlapLoss()(output, label)
    OverlapLoss(auxiliary_weight=0.0)({"pred": label, "aux": label}, label)
