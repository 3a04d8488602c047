import math
from typing import Any

import pytest
import torch
from monai.data import MetaTensor
from torch import Tensor

from dermaseg_monai.errors import ConfigError
from dermaseg_monai.losses import OVERLAPS, BoundaryAwareLoss, OverlapLoss
from dermaseg_monai.losses.boundary_aware import boundary_loss, consistency_loss, uncertainty_loss

STEP = torch.tensor([0.0, 0, 0, 0, 1, 1, 1, 1]).expand(1, 1, 4, 8)  # the band of 1 px holds 2 of 8 columns
LOG3 = math.log(3)


def maps(seed: int = 0) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    names = ("pred", "region", "boundary", "uncertainty")
    return {name: torch.randn(1, 1, 4, 8, generator=generator).requires_grad_() for name in names}


def moved(logits: Tensor) -> bool:
    return logits.grad is not None and bool(logits.grad.any())


def test_band_and_rest_count_alike_in_the_boundary_part() -> None:
    # logit 0 costs ln 2 everywhere; weights 32/(2·8) = 2 on 8 pixels and 32/(2·24) = 2/3 on 24 sum to 32
    assert boundary_loss(torch.zeros(1, 1, 4, 8), STEP, band_px=1).item() == pytest.approx(math.log(2))
    # p = 3/4 everywhere: the band costs ln(4/3), the rest ln 4, each with half the say
    found = boundary_loss(torch.full((1, 1, 4, 8), LOG3), STEP, band_px=1)
    assert found.item() == pytest.approx((math.log(4 / 3) + math.log(4)) / 2)


def test_an_image_without_a_contour_has_a_finite_boundary_part() -> None:
    empty = torch.zeros(1, 1, 4, 8)
    assert boundary_loss(torch.full((1, 1, 4, 8), -LOG3), empty, band_px=1).item() == pytest.approx(math.log(4 / 3))


def test_uncertainty_is_held_to_the_error_of_the_region() -> None:
    # region says 3/4: the error is 1/4 where the label is 1 and 3/4 where it is 0; u = 1/4 throughout
    region, uncertainty = torch.full((1, 1, 4, 8), LOG3), torch.full((1, 1, 4, 8), -LOG3)
    low = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    high = -(0.75 * math.log(0.25) + 0.25 * math.log(0.75))
    assert uncertainty_loss(uncertainty, region, STEP).item() == pytest.approx((low + high) / 2)


def test_uncertainty_is_best_where_it_is_the_error_probability() -> None:
    region = torch.full((1, 1, 4, 8), LOG3)
    error = (region.sigmoid() - STEP).abs()
    exact = uncertainty_loss(error.logit(), region, STEP)
    assert all(exact < uncertainty_loss(error.logit() + shift, region, STEP) for shift in (-0.5, 0.5))


def test_the_region_is_not_moved_by_the_uncertainty_part() -> None:
    region, uncertainty = (torch.zeros(1, 1, 4, 8, requires_grad=True) for _ in range(2))
    uncertainty_loss(uncertainty, region, STEP).backward()
    assert region.grad is None
    assert uncertainty.grad is not None


def test_consistency_compares_the_boundary_with_the_contour_of_the_mask() -> None:
    # the contour of a sure step is 1 on 8 pixels; the boundary map says 1/2 on all 32
    sure = 40 * (2 * STEP - 1)
    found = consistency_loss(torch.zeros(1, 1, 4, 8), sure, band_px=1)
    assert found.item() == pytest.approx(1 - (2 * 0.5 * 8 + 1) / (0.25 * 32 + 8 + 1))
    agreed = torch.tensor([-40.0, -40, -40, 40, 40, -40, -40, -40]).expand(1, 1, 4, 8)
    assert consistency_loss(agreed, sure, band_px=1).item() == pytest.approx(0, abs=1e-6)


def test_consistency_moves_both_maps() -> None:
    output = maps()
    consistency_loss(output["boundary"], output["pred"], band_px=1).backward()
    assert all(moved(output[name]) for name in ("boundary", "pred"))


def test_the_total_is_the_weighted_sum_of_the_logged_parts() -> None:
    loss = BoundaryAwareLoss(
        region_weight=2.0, boundary_weight=3.0, uncertainty_weight=5.0, consistency_weight=7.0, band_px=1
    )
    total = loss(maps(), STEP)
    weights = {"refined": 1, "region": 2, "boundary": 3, "uncertainty": 5, "consistency": 7}
    assert list(loss.parts) == [f"loss/{name}" for name in weights]
    assert not any(part.requires_grad for part in loss.parts.values())
    expected = sum(weight * loss.parts[f"loss/{name}"].item() for name, weight in weights.items())
    assert total.item() == pytest.approx(expected, rel=1e-5)


def test_every_map_gets_a_gradient() -> None:
    output = maps()
    BoundaryAwareLoss(band_px=1)(output, STEP).backward()
    assert all(moved(logits) for logits in output.values())


@pytest.mark.parametrize("part", ["region", "boundary", "uncertainty", "consistency"])
def test_a_weight_of_zero_leaves_its_part_out(part: str) -> None:
    off: dict[str, Any] = {f"{part}_weight": 0.0}
    loss = BoundaryAwareLoss(band_px=1, **off)
    loss(maps(), STEP)
    expected = {"refined", "region", "boundary", "uncertainty", "consistency"} - {part}
    assert set(loss.parts) == {f"loss/{name}" for name in expected}


@pytest.mark.parametrize(
    ("absent", "left"),
    [
        ("region", {"refined", "boundary", "uncertainty", "consistency"}),
        ("boundary", {"refined", "region", "uncertainty"}),
        ("uncertainty", {"refined", "region", "boundary", "consistency"}),
    ],
)
def test_a_head_that_is_off_leaves_its_parts_out(absent: str, left: set[str]) -> None:
    loss, output = BoundaryAwareLoss(band_px=1), maps()
    del output[absent]
    loss(output | {"branch_weights": torch.ones(1, 5) / 5}, STEP)
    assert set(loss.parts) == {f"loss/{name}" for name in left}


def test_without_a_region_the_uncertainty_judges_the_mask() -> None:
    loss, output = BoundaryAwareLoss(band_px=1), maps()
    del output["region"]
    loss(output, STEP)
    expected = uncertainty_loss(output["uncertainty"], output["pred"], STEP)
    assert loss.parts["loss/uncertainty"].item() == pytest.approx(expected.item())


def weights() -> tuple[float, float]:
    return 2.0, 2 / 3


@pytest.mark.parametrize("overlap", OVERLAPS)
def test_a_plain_tensor_gets_the_overlap_loss_alone(overlap: str) -> None:
    loss, pred = BoundaryAwareLoss(overlap, pixel_weights=weights), maps()["pred"]
    assert loss(pred, STEP).item() == pytest.approx(OverlapLoss(overlap, pixel_weights=weights)(pred, STEP).item())
    assert list(loss.parts) == ["loss/refined"]


@pytest.mark.parametrize("overlap", OVERLAPS)
def test_refined_mask_and_region_get_any_of_the_overlap_losses(overlap: str) -> None:
    loss, output = BoundaryAwareLoss(overlap, band_px=1, pixel_weights=weights), maps()
    loss(output, STEP).backward()
    alone = OverlapLoss(overlap, pixel_weights=weights)
    assert loss.parts["loss/refined"].item() == pytest.approx(alone(output["pred"], STEP).item())
    assert loss.parts["loss/region"].item() == pytest.approx(alone(output["region"], STEP).item())
    assert all(moved(logits) for logits in output.values())


def test_half_precision_and_monais_tensors_count_in_single_precision() -> None:
    output = {name: logits.detach().bfloat16() for name, logits in maps().items()}
    total = BoundaryAwareLoss(band_px=1)(output, MetaTensor(STEP))
    assert type(total) is Tensor
    assert total.dtype == torch.float32


def test_wrong_values_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"boundary_weight is -1\.0\. Give 0"):
        BoundaryAwareLoss(boundary_weight=-1.0)
    with pytest.raises(ConfigError, match="'weighted_ce' needs the weights"):
        BoundaryAwareLoss("weighted_ce")
    with pytest.raises(ConfigError, match="band_px is 0"):
        BoundaryAwareLoss(band_px=0)
    with pytest.raises(ValueError, match="no map `pred`"):
        BoundaryAwareLoss()({"out": STEP}, STEP)
    with pytest.raises(ValueError, match=r"pred is \(1, 1, 4, 8\) and the label \(1, 4, 8\)"):
        BoundaryAwareLoss()(STEP, STEP[0])


def test_an_auxiliary_head_is_refused_and_a_part_that_is_off_is_not() -> None:
    label = torch.zeros(1, 1, 4, 4)
    with pytest.raises(ConfigError, match=r"BoundaryAwareLoss trains .* also gives aux"):
        BoundaryAwareLoss()({"pred": label, "aux": label}, label)
    BoundaryAwareLoss(boundary_weight=0.0, consistency_weight=0.0)({"pred": label, "boundary": label}, label)
