"""The pairs of a case score what MONAI's metrics give for the same masks."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest
import torch
from monai.metrics.meandice import DiceMetric
from monai.metrics.surface_dice import SurfaceDiceMetric
from monai.metrics.surface_distance import SurfaceDistanceMetric
from monai.metrics.utils import get_edge_surface_distance
from scipy.ndimage import gaussian_filter

from dermaseg_monai.agreement import score_pairs

TOLERANCE_PX = 2.0
METRICS: dict[str, Any] = {
    "dice": DiceMetric(),
    "assd_px": SurfaceDistanceMetric(symmetric=True),
    "surface_dice": SurfaceDiceMetric(class_thresholds=[TOLERANCE_PX]),
}


def blob(seed: int, share: float) -> np.ndarray:
    rough = gaussian_filter(np.random.default_rng(seed).standard_normal((90, 120)), 6)
    return rough > np.quantile(rough, 1 - share)


@pytest.mark.filterwarnings("ignore:monai.metrics.utils get_mask_edges.always_return_as_numpy:FutureWarning")
@pytest.mark.parametrize("share", [0.05, 0.3, 0.7])  # the large ones reach the border
def test_overlap_and_boundary_scores_are_monais_to_a_millionth(share: float) -> None:
    masks = [blob(1, share), blob(1, share * 0.8), blob(2, share)]
    found = score_pairs(masks, tolerance_px=TOLERANCE_PX, both_empty=1.0)
    for a, b in combinations(range(3), 2):
        pair = [torch.from_numpy(masks[at])[None, None] for at in (a, b)]
        theirs = {name: metric(*pair).item() for name, metric in METRICS.items()}
        one, other = (mask[0, 0].float() for mask in pair)
        distances = get_edge_surface_distance(one, other, symmetric=True)[1]
        # MONAI interpolates in single precision, which moves HD95 by some millionths
        theirs["hd95_px"] = max(torch.quantile(directed.double(), 0.95).item() for directed in distances)
        assert {name: found[a, b][name] for name in theirs} == pytest.approx(theirs, rel=1e-6, abs=1e-6)
