"""The overlap losses take volumes: a volume costs what its voxels laid out as a picture cost."""

import pytest
import torch

from dermaseg_monai.losses import OverlapLoss


@pytest.mark.parametrize("overlap", ["dice", "ce_dice", "ce_tversky", "ce_focal_tversky", "lovasz"])
def test_a_volume_costs_what_its_voxels_cost_as_a_picture(overlap: str) -> None:
    random = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 1, 4, 6, 5, generator=random)
    label = (torch.rand(2, 1, 4, 6, 5, generator=random) > 0.7).float()
    loss = OverlapLoss(overlap, auxiliary_weight=0.0)
    flat = loss(logits.reshape(2, 1, 24, 5), label.reshape(2, 1, 24, 5))
    assert loss(logits, label).item() == pytest.approx(flat.item(), rel=1e-5)
