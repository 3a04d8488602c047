import torch
from torch import nn

from dermaseg_monai.networks.aspp import DynamicASPP


def weigher(aspp: DynamicASPP) -> nn.Linear:
    assert aspp.weigh is not None
    last = aspp.weigh[-1]
    assert isinstance(last, nn.Linear)
    return last


def test_the_branch_weights_of_each_image_sum_to_one_and_start_almost_equal() -> None:
    torch.manual_seed(0)
    _, weights = DynamicASPP(16, 8, rates=(1, 2)).eval()(torch.rand(3, 16, 5, 6))
    assert weights is not None
    assert weights.shape == (3, 4)
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(3))
    torch.testing.assert_close(weights, torch.full((3, 4), 0.25), atol=0.02, rtol=0)


def test_equal_weights_are_plain_aspp() -> None:
    dynamic, plain = DynamicASPP(16, 8, rates=(1, 2)).eval(), DynamicASPP(16, 8, rates=(1, 2), dynamic=False).eval()
    plain.load_state_dict({key: value for key, value in dynamic.state_dict().items() if not key.startswith("weigh.")})
    torch.nn.init.zeros_(weigher(dynamic).weight)
    features = torch.rand(2, 16, 7, 4)
    blended, weights = plain(features)
    assert weights is None
    torch.testing.assert_close(dynamic(features)[0], blended)


def test_one_branch_alone_hides_the_others() -> None:
    aspp = DynamicASPP(16, 16, rates=(1, 2)).eval()
    torch.nn.init.zeros_(weigher(aspp).weight)
    weigher(aspp).bias.data = torch.tensor([50.0, 0.0, 0.0, 0.0])  # softmax: all weight on the 1x1 branch
    features = torch.rand(1, 16, 9, 9)
    changed = features.clone()
    changed[..., 0, 0] += 1
    before, after = aspp(features)[0], aspp(changed)[0]
    torch.testing.assert_close(before[..., 1:, 1:], after[..., 1:, 1:])
    assert not torch.equal(before[..., 0, 0], after[..., 0, 0])


def test_a_single_image_can_be_trained_through_its_one_pixel_branch() -> None:
    aspp = DynamicASPP(16, 16, rates=(1,)).train()
    aspp(torch.rand(1, 16, 2, 3))[0].sum().backward()
    (weight, *_) = aspp.whole.parameters()
    assert weight.grad is not None
    assert weight.grad.any()
