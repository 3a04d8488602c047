from typing import Any

import pytest
import torch
from monai.data.meta_tensor import MetaTensor
from monai.data.utils import decollate_batch, list_data_collate
from monai.inferers.inferer import SimpleInferer
from torch import nn

from dermaseg_monai.engines import MixedPrecisionInferer, PlainBatch, scales_gradients
from dermaseg_monai.errors import ConfigError


class Seen(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 1, 1)
        self.dtype: torch.dtype | None = None

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        out = self.conv(image)
        self.dtype = out.dtype
        return {"pred": out, "count": torch.tensor(3)}


@pytest.mark.parametrize(("amp", "inside"), [("off", torch.float32), ("bf16", torch.bfloat16)])
def test_the_network_runs_in_amp_and_what_leaves_is_float32(amp: str, inside: torch.dtype) -> None:
    network = Seen()
    out = MixedPrecisionInferer(SimpleInferer(), amp, "cpu")(torch.rand(1, 3, 4, 4), network)
    assert network.dtype == inside
    assert out["pred"].dtype == torch.float32
    assert out["count"].dtype == torch.int64


def test_the_network_sees_plain_tensors_and_a_prediction_knows_its_file() -> None:
    sample = {"image": MetaTensor(torch.rand(3, 4, 4), meta={"filename_or_obj": "a.jpg"})}
    batch: Any = list_data_collate([sample])
    kinds: list[type] = []

    def network(seen: torch.Tensor) -> torch.Tensor:
        kinds.append(type(seen))
        return seen[:, :1]

    pred = MixedPrecisionInferer(SimpleInferer(), "off", "cpu")(batch["image"], network)
    assert kinds == [torch.Tensor]
    alone: Any = decollate_batch(pred)
    assert alone[0].meta["filename_or_obj"] == "a.jpg"


def test_plain_batches_hold_torch_tensors() -> None:
    sample = {"image": MetaTensor(torch.ones(1, 3, 2, 2)), "label": MetaTensor(torch.zeros(1, 1, 2, 2))}
    assert [type(one) for one in PlainBatch()(sample, "cpu")] == [torch.Tensor, torch.Tensor]
    assert PlainBatch()({"image": torch.ones(1)}, "cpu")[1] is None


def test_fp16_without_cuda_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"amp fp16 needs CUDA but the device is cpu.*--amp bf16"):
        MixedPrecisionInferer(SimpleInferer(), "fp16", "cpu")


def test_an_unknown_amp_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"amp is 'half'; it is one of off, bf16, fp16"):
        scales_gradients("half", "cpu")


def test_no_gradient_is_scaled_on_the_cpu() -> None:
    assert not scales_gradients("bf16", "cpu")


@pytest.mark.gpu
@pytest.mark.parametrize(("amp", "scaled"), [("off", False), ("bf16", False), ("fp16", True)])
def test_only_fp16_on_cuda_scales(amp: str, scaled: bool) -> None:  # noqa: FBT001
    assert scales_gradients(amp, "cuda") is scaled
