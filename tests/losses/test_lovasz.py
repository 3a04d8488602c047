import pytest
import torch
from torch import Tensor

from dermaseg_monai.losses.lovasz import LovaszHinge, jaccard_steps

LABEL = torch.tensor([1.0, 0.0, 1.0, 0.0]).view(1, 1, 2, 2)


def mask(text: str) -> Tensor:
    return torch.tensor([float(digit) for digit in text]).view(1, 1, 2, -1)


def test_the_steps_are_those_of_the_jaccard_index() -> None:
    # one too many: J = 2/3; then one missed: 1/3; then the other missed: 0/3; then all wrong
    assert jaccard_steps(torch.tensor([[0.0, 1.0, 1.0, 0.0]]))[0].tolist() == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0])


def test_the_largest_margins_pay_the_first_steps() -> None:
    # margins 1/2 (missed), -1, -1, 5/4 (too many): the worst pays 1 - 2/3, the next 2/3 - 1/3
    logits = torch.tensor([0.5, -2.0, 2.0, 0.25]).view(1, 1, 2, 2)
    assert LovaszHinge()(logits, LABEL).item() == pytest.approx((5 / 4 + 1 / 2) / 3)


@pytest.mark.parametrize(
    ("pred", "truth", "jaccard"), [("110000", "110000", 1), ("011000", "110000", 1 / 3), ("000011", "110000", 0)]
)
def test_a_mask_of_margins_0_and_2_costs_twice_its_jaccard_distance(pred: str, truth: str, jaccard: float) -> None:
    assert LovaszHinge()(2 * mask(pred) - 1, mask(truth)).item() == pytest.approx(2 * (1 - jaccard))


def test_an_empty_label_costs_the_worst_margin_and_a_full_one_their_mean() -> None:
    logits = torch.tensor([0.5, -2.0, 2.0, 0.25]).view(1, 1, 2, 2)
    assert LovaszHinge()(logits, torch.zeros_like(logits)).item() == pytest.approx(3)
    assert LovaszHinge()(logits, torch.ones_like(logits)).item() == pytest.approx((1 / 2 + 3 + 0 + 3 / 4) / 4)


def test_images_are_ranked_each_for_itself() -> None:
    logits = torch.tensor([0.5, -2.0, 2.0, 0.25]).view(1, 1, 2, 2)
    one, other = LovaszHinge()(logits, LABEL), LovaszHinge()(-logits, LABEL)
    both = LovaszHinge()(torch.cat([logits, -logits]), torch.cat([LABEL, LABEL]))
    assert both.item() == pytest.approx((one.item() + other.item()) / 2)
