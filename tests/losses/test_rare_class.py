import pytest
import torch

from dermaseg_monai.losses.rare_class import class_weights


def test_two_of_eight_pixels_weigh_as_much_as_the_other_six() -> None:
    positive, negative = class_weights(torch.tensor([1.0, 1, 0, 0, 0, 0, 0, 0]))
    assert positive.item() == 8 / (2 * 2)
    assert negative.item() == pytest.approx(8 / (2 * 6))
    assert 2 * positive + 6 * negative == 8


@pytest.mark.parametrize(("value", "expected"), [(1.0, (1.0, 0.0)), (0.0, (0.0, 1.0))])
def test_a_class_alone_weighs_one(value: float, expected: tuple[float, float]) -> None:
    assert tuple(weight.item() for weight in class_weights(torch.full((3, 4), value))) == expected
