"""Where both masks hold a lesion our scores are MONAI's. Where one is empty they differ; this file shows how and why.

MONAI gives NaN for such an image and leaves NaN out of the mean. For a distance that turns a missed lesion, the worst
that can happen, into nothing at all.
"""

from math import hypot

import numpy as np
import pytest
import torch
from monai.metrics.hausdorff_distance import HausdorffDistanceMetric
from monai.metrics.meandice import DiceMetric
from monai.metrics.meaniou import MeanIoU
from monai.metrics.metric import CumulativeIterationMetric
from monai.metrics.surface_dice import SurfaceDiceMetric
from monai.metrics.surface_distance import SurfaceDistanceMetric
from monai.metrics.utils import get_edge_surface_distance
from scipy.ndimage import gaussian_filter

from dermaseg_monai.metrics import CaseScore, score_case, summarise
from dermaseg_monai.metrics.monai import OverlapScore

TOLERANCE = 2.0
SIDE = 16
DIAGONAL = hypot(SIDE, SIDE)
pytestmark = [
    # MONAI says this of its own call
    pytest.mark.filterwarnings("ignore:monai.metrics.utils get_mask_edges.always_return_as_numpy:FutureWarning"),
    # and this of an empty mask, which is what the tests are about
    pytest.mark.filterwarnings("ignore:the (ground truth|prediction) of class .* is all 0:UserWarning"),
]


def monai_metrics() -> dict[str, CumulativeIterationMetric]:
    return {
        "dice": DiceMetric(),
        "jaccard": MeanIoU(),
        "hd95": HausdorffDistanceMetric(percentile=95),
        "assd": SurfaceDistanceMetric(symmetric=True),
        "surface_dice": SurfaceDiceMetric(class_thresholds=[TOLERANCE]),
    }


def theirs(pred: np.ndarray, label: np.ndarray, spacing: tuple[float, ...] | None = None) -> dict[str, float]:
    pair = [torch.as_tensor(mask)[None, None].float() for mask in (pred, label)]
    scores = {}
    for name, metric in monai_metrics().items():
        options = {} if name in {"dice", "jaccard"} else {"spacing": spacing}
        scores[name] = metric(*pair, **options)[0, 0].item()  # type: ignore[index, union-attr]
    return scores


def hd95_in_double(pred: np.ndarray, label: np.ndarray, spacing: tuple[float, ...] | None) -> float:
    pair = (torch.as_tensor(pred).float(), torch.as_tensor(label).float())
    _, distances, _ = get_edge_surface_distance(*pair, spacing=spacing, symmetric=True)
    return max(torch.quantile(directed.double(), 0.95).item() for directed in distances)


def ours(pred: np.ndarray, label: np.ndarray, spacing: tuple[float, ...] | None = None, name: str = "x") -> CaseScore:
    unit = "px" if spacing is None else "mm"
    options = {f"tolerance_{unit}": TOLERANCE}
    return score_case(pred, label, case_id=name, both_empty=1.0, boundary_px=2, spacing=spacing, **options)  # type: ignore[arg-type]


def blob(shape: tuple[int, ...], seed: int, share: float) -> np.ndarray:
    rough = gaussian_filter(np.random.default_rng(seed).standard_normal(shape), 4)
    return rough > np.quantile(rough, 1 - share)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7])  # the large ones reach the image border
@pytest.mark.parametrize(
    ("shape", "spacing"),
    [((70, 90), None), ((70, 90), (0.7, 0.4)), ((20, 24, 18), None), ((20, 24, 18), (1.0, 0.75, 2.5))],
)
def test_the_same_numbers_where_both_masks_hold_something(
    shape: tuple[int, ...], spacing: tuple[float, ...] | None, share: float
) -> None:
    unit = "px" if spacing is None else "mm"
    for seed in range(3):
        pred, label = blob(shape, seed, share), blob(shape, seed + 100, 0.3)
        score, expected = ours(pred, label, spacing), theirs(pred, label, spacing)
        found = {
            "dice": score.dice,
            "jaccard": score.jaccard,
            "hd95": getattr(score, f"hd95_{unit}"),
            "assd": getattr(score, f"assd_{unit}"),
            "surface_dice": score.surface_dice,
        }
        # MONAI interpolates its percentile in single precision; in double precision the same distances give our figure
        assert found["hd95"] == pytest.approx(expected.pop("hd95"), rel=1e-5)
        assert found.pop("hd95") == pytest.approx(hd95_in_double(pred, label, spacing), rel=1e-6)
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-6)


def lesion() -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    mask[4:10, 5:12] = True
    return mask


NOTHING = np.zeros((SIDE, SIDE), dtype=bool)


def test_a_missed_lesion_is_nan_there_and_the_diagonal_here() -> None:
    there, here = theirs(NOTHING, lesion()), ours(NOTHING, lesion())
    assert np.isnan(there["hd95"])
    assert there["assd"] == np.inf
    assert here.hd95_px == here.assd_px == pytest.approx(DIAGONAL)
    assert here.missed


def test_missing_half_of_all_lesions_is_a_perfect_hd95_there() -> None:
    metric = HausdorffDistanceMetric(percentile=95, get_not_nans=True)
    found, missed = (torch.as_tensor(mask)[None, None].float() for mask in (lesion(), NOTHING))
    metric(torch.cat([found, missed]), torch.cat([found, found]))
    mean, counted = metric.aggregate()
    assert (mean.item(), counted.item()) == (0.0, 1.0)  # the missed lesion was dropped

    rows = [ours(lesion(), lesion(), name="found"), ours(NOTHING, lesion(), name="missed")]
    summary = summarise(rows, seed=0)
    assert summary.scores["hd95_px"].mean == pytest.approx(DIAGONAL / 2)
    assert (summary.n, summary.n_missed) == (2, 1)


def test_missing_every_lesion_is_a_perfect_hd95_there() -> None:
    metric = HausdorffDistanceMetric(percentile=95)
    metric(torch.zeros(2, 1, SIDE, SIDE), torch.as_tensor(lesion()).expand(2, 1, -1, -1).float())
    aggregated = metric.aggregate()
    assert isinstance(aggregated, torch.Tensor)
    assert aggregated.item() == 0.0  # the mean of nothing but NaN
    rows = [ours(NOTHING, lesion(), name=name) for name in "ab"]
    assert summarise(rows, seed=0).scores["hd95_px"].mean == pytest.approx(DIAGONAL)


def test_a_false_alarm_is_dropped_there_and_0_here() -> None:
    there, here = theirs(lesion(), NOTHING), ours(lesion(), NOTHING)
    assert np.isnan([there["dice"], there["jaccard"], there["hd95"]]).all()
    assert (here.dice, here.jaccard, here.false_alarm) == (0.0, 0.0, True)
    assert here.hd95_px == pytest.approx(DIAGONAL)
    assert there["surface_dice"] == here.surface_dice == 0.0


def test_two_empty_masks_are_nan_there_and_the_stated_policy_here() -> None:
    there, here = theirs(NOTHING, NOTHING), ours(NOTHING, NOTHING)
    assert np.isnan(list(there.values())).all()
    assert (here.dice, here.jaccard, here.surface_dice, here.hd95_px, here.assd_px) == (1.0, 1.0, 1.0, 0.0, 0.0)


def test_monai_can_be_told_to_keep_empty_labels_and_then_agrees_with_our_dice() -> None:
    pairs = [(NOTHING, NOTHING), (lesion(), NOTHING), (NOTHING, lesion()), (lesion(), lesion())]
    pred, label = (torch.stack([torch.as_tensor(pair[side])[None].float() for pair in pairs]) for side in (0, 1))
    metric, mine = DiceMetric(ignore_empty=False), OverlapScore("dice", both_empty=1.0)
    assert metric(pred, label).flatten().tolist() == mine(pred, label).flatten().tolist() == [1, 0, 0, 1]  # type: ignore[union-attr]


def test_without_that_the_mean_dice_skips_the_false_alarm() -> None:
    pred = torch.as_tensor(lesion()).expand(2, 1, -1, -1).float()
    label = torch.stack([torch.as_tensor(mask)[None].float() for mask in (lesion(), NOTHING)])
    theirs_mean, ours_mean = DiceMetric(), OverlapScore("dice", both_empty=1.0)
    for metric in (theirs_mean, ours_mean):
        metric(pred, label)
    assert theirs_mean.aggregate().item() == 1.0  # type: ignore[union-attr]
    assert ours_mean.aggregate().item() == 0.5
