import subprocess
import sys
from typing import Literal

import numpy as np
import pytest
import torch
from ignite.engine import Engine
from monai.data.meta_tensor import MetaTensor
from monai.handlers.ignite_metric import IgniteMetricHandler

from dermaseg_monai.metrics import score_case
from dermaseg_monai.metrics.monai import OverlapScore

Name = Literal["dice", "jaccard", "threshold_jaccard", "accuracy"]
NAMES: tuple[Name, ...] = ("dice", "jaccard", "threshold_jaccard", "accuracy")


def batch(seed: int, shape: tuple[int, ...] = (6, 1, 5, 7)) -> tuple[torch.Tensor, torch.Tensor]:
    """Six pairs from far to near; the first is a missed lesion, the second a false alarm, the third empty twice."""
    draws = np.random.default_rng(seed)
    label = draws.random(shape) > 0.4
    flipped = draws.random(shape) < np.linspace(0.5, 0, shape[0]).reshape(-1, *(1,) * (len(shape) - 1))
    pred = label ^ flipped
    pred[0] = pred[2] = label[1] = label[2] = False
    return torch.as_tensor(pred).float(), torch.as_tensor(label).float()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(6, 1, 5, 7), (6, 1, 4, 3, 5)])
@pytest.mark.parametrize("policy", [0.0, 1.0])
def test_each_image_scores_as_the_numpy_functions_say(name: Name, shape: tuple[int, ...], policy: float) -> None:
    pred, label = batch(0, shape)
    metric = OverlapScore(name, both_empty=policy)
    found = metric(pred, label)
    expected = [
        getattr(
            score_case(p[0].bool().numpy(), t[0].bool().numpy(), case_id="", both_empty=policy, surface=False), name
        )
        for p, t in zip(pred, label, strict=True)
    ]
    assert isinstance(found, torch.Tensor)
    assert found.shape == (6, 1)
    assert found[:, 0].tolist() == expected
    assert metric.aggregate().item() == pytest.approx(np.mean(expected))


def test_a_list_of_images_of_two_sizes_is_one_mean() -> None:
    metric = OverlapScore("jaccard", both_empty=1.0)
    small, large = torch.tensor([[[1.0, 0.0]]]), torch.tensor([[[1.0, 1.0, 0.0, 0.0]]])
    metric([small, large], [small, torch.ones(1, 1, 4)])
    assert metric.aggregate().item() == pytest.approx((1 + 1 / 2) / 2)


def test_a_lesion_of_one_pixel_is_not_taken_for_an_empty_mask() -> None:
    metric = OverlapScore("dice", both_empty=1.0)
    pixel, nothing = torch.tensor([[[[1.0, 0.0]]]]), torch.zeros(1, 1, 1, 2)
    assert metric(nothing, pixel).item() == 0.0  # type: ignore[union-attr]
    assert metric(nothing, nothing).item() == 1.0  # type: ignore[union-attr]


def test_monai_s_own_tensors_are_taken() -> None:
    metric = OverlapScore("dice", both_empty=1.0)
    pred = MetaTensor(torch.tensor([[[1.0, 0.0]]]), meta={"filename_or_obj": "a.png"})
    found = metric([pred], [MetaTensor(torch.ones(1, 1, 2))])
    assert type(found) is torch.Tensor
    assert metric.aggregate().item() == pytest.approx(2 / 3)


def test_batches_add_up_and_reset_forgets() -> None:
    metric = OverlapScore("dice", both_empty=1.0)
    ones, zeros = torch.ones(1, 1, 2, 2), torch.zeros(1, 1, 2, 2)
    metric(ones, ones)
    metric(torch.cat([zeros, zeros]), torch.cat([ones, ones]))
    assert metric.aggregate().item() == pytest.approx(1 / 3)
    metric.reset()
    metric(ones, ones)
    assert metric.aggregate().item() == 1.0


def test_a_jaccard_of_just_065_is_kept() -> None:
    pred, label = torch.zeros(1, 1, 4, 5), torch.ones(1, 1, 4, 5)
    pred.view(-1)[:13] = 1  # 13 / 20
    metric = OverlapScore("threshold_jaccard", both_empty=1.0)
    metric(pred, label)
    assert metric.aggregate().item() == pytest.approx(0.65)


def test_the_handler_gives_the_mean_and_keeps_each_image() -> None:
    pred, label = batch(1)
    handler = IgniteMetricHandler(OverlapScore("dice", both_empty=1.0), output_transform=lambda pair: pair)
    engine = Engine(lambda _, pair: pair)
    handler.attach(engine, "val_dice")
    engine.run([(pred[:4], label[:4]), (pred[4:], label[4:])])
    details = engine.state.metric_details["val_dice"]  # type: ignore[attr-defined]
    assert details.shape == (6, 1)
    assert engine.state.metrics["val_dice"] == pytest.approx(details.mean().item())


@pytest.mark.parametrize(
    ("pred", "label", "message"),
    [
        (torch.zeros(1, 1, 2, 2), torch.zeros(1, 1, 2, 3), r"pred is \(1, 1, 2, 2\) and label is \(1, 1, 2, 3\)"),
        (torch.zeros(1, 1, 2, 2), None, "label is missing"),
        (torch.zeros(1, 2, 2, 2), torch.zeros(1, 2, 2, 2), "pred has 2 channels"),
        (torch.full((1, 1, 2, 2), 0.7), torch.ones(1, 1, 2, 2), "pred holds values other than 0 and 1.*AsDiscrete"),
        (torch.ones(1, 1, 2, 2), torch.full((1, 1, 2, 2), 255.0), "label holds values other than 0 and 1"),
        (torch.full((1, 1, 2, 2), torch.nan), torch.ones(1, 1, 2, 2), "pred holds values other than 0 and 1"),
    ],
)
def test_what_is_no_mask_is_refused(pred: torch.Tensor, label: torch.Tensor | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        OverlapScore("dice", both_empty=1.0)(pred, label)


def test_no_image_has_no_mean() -> None:
    with pytest.raises(ValueError, match="No image was scored, so there is no mean dice"):
        OverlapScore("dice", both_empty=1.0).aggregate()


def test_the_room_imports_no_torch() -> None:
    code = "import sys, dermaseg_monai.metrics; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603 (our own text)
