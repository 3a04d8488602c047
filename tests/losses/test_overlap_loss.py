import math

import pytest
import torch
from torch import Tensor

from dermaseg_monai.errors import ConfigError
from dermaseg_monai.losses.overlap_loss import OverlapLoss

# p = 1/2, 1/4, 3/4, 1/2 against t = 1, 0, 1, 0: Σpt = 1.25, Σp = 2, Σt = 2, Σp(1-t) = 0.75, Σ(1-p)t = 0.75
LOGITS = torch.tensor([0.0, -math.log(3), math.log(3), 0.0]).view(1, 1, 2, 2)
LABEL = torch.tensor([1.0, 0.0, 1.0, 0.0]).view(1, 1, 2, 2)
CROSS_ENTROPY = (2 * math.log(2) + 2 * math.log(4 / 3)) / 4
TVERSKY = 1 - (1.25 + 1) / (1.25 + 0.3 * 0.75 + 0.7 * 0.75 + 1)


@pytest.mark.parametrize(
    ("name", "term"),
    [("ce_dice", 1 - (2 * 1.25 + 1) / (2 + 2 + 1)), ("ce_tversky", TVERSKY), ("ce_focal_tversky", TVERSKY**0.75)],
)
def test_each_loss_is_the_sum_counted_by_hand(name: str, term: float) -> None:
    assert OverlapLoss(name)(LOGITS, LABEL).item() == pytest.approx(CROSS_ENTROPY + term)


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


@pytest.mark.parametrize("name", ["ce_dice", "ce_tversky", "ce_focal_tversky"])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_perfect_or_empty_image_has_a_loss_near_zero_and_a_finite_gradient(name: str, value: float) -> None:
    logits: Tensor = torch.full((1, 1, 8, 8), 40 * (2 * value - 1), requires_grad=True)
    loss = OverlapLoss(name)(logits, torch.full((1, 1, 8, 8), value))
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-4)
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


def test_an_unknown_loss_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"overlap 'dice' is unknown. Choose one of ce_dice, ce_tversky, ce_focal"):
        OverlapLoss("dice")
