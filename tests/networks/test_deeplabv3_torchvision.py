"""DeepLabV3 beside torchvision's, whose outputs `scripts/torchvision_reference.py` wrote down."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from dermaseg_monai.networks import DeepLabV3
from dermaseg_monai.networks.deeplabv3 import from_torchvision
from tests.networks.named_values import image_in_unit_range, named_values

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "golden" / "torchvision.json").read_text())


def loaded(encoder: str, output_stride: int) -> DeepLabV3:
    network = DeepLabV3(encoder, output_stride=output_stride, auxiliary_head=True, classes=21).double().eval()
    state = from_torchvision(named_values(GOLDEN["shapes"][encoder]))
    network.load_state_dict(state, strict=True)
    return network


def at_places(logits: Tensor) -> Tensor:
    return torch.stack([logits[0, :, row, column] for row, column in GOLDEN["places"]])


@pytest.mark.parametrize(
    ("encoder", "output_stride"),
    [("resnet50", 8), ("resnet50", 16), pytest.param("resnet101", 8, marks=pytest.mark.slow)],
)
def test_torchvisions_weights_load_strictly_and_give_its_outputs(encoder: str, output_stride: int) -> None:
    network = loaded(encoder, output_stride)
    with torch.no_grad():
        maps = network.heads(image_in_unit_range())
    for ours, theirs in (("pred", "out"), ("aux", "aux")):
        logits, expected = maps[ours], GOLDEN["outputs"][f"{encoder} {output_stride}"][theirs]
        assert expected["std"] > 0.5, "the comparison would be of nothing"
        given = torch.tensor(expected["at_places"], dtype=torch.float64)
        torch.testing.assert_close(at_places(logits), given, rtol=0, atol=1e-6)
        assert logits.mean().item() == pytest.approx(expected["mean"], abs=1e-6)
        assert logits.std().item() == pytest.approx(expected["std"], abs=1e-6)


def test_the_outputs_agree_in_single_precision_too() -> None:
    network = loaded("resnet50", 8).float()
    with torch.no_grad():
        logits = network(image_in_unit_range().float())
    expected = torch.tensor(GOLDEN["outputs"]["resnet50 8"]["out"]["at_places"])
    torch.testing.assert_close(at_places(logits), expected, rtol=0, atol=1e-5)
