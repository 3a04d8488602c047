"""A segmenter whose answers one can work out: lesion where red is below half, on the photograph's own grid."""

from pathlib import Path

import torch
from monai.inferers.inferer import SimpleInferer
from monai.transforms.compose import Compose
from monai.transforms.io.dictionary import LoadImaged
from monai.transforms.post.dictionary import Activationsd
from monai.transforms.utility.dictionary import EnsureChannelFirstd
from torch import Tensor, nn

from dermaseg_monai.data import Fitd, LesionReader, RestoreGridd, ToUnitRanged
from dermaseg_monai.engines import FlatHeadsd, HeadsInferer
from dermaseg_monai.engines.memory_predictor import MemoryPredictor
from dermaseg_monai.predict import Segmenter

SIDE = 32


class DarkIsLesion(nn.Module):
    def forward(self, image: Tensor) -> Tensor:
        return (0.5 - image[:, :1]) * 20


class WithUncertainty(DarkIsLesion):
    def heads(self, image: Tensor) -> dict[str, Tensor]:
        return {"pred": self(image), "uncertainty": (image[:, 1:2] - 0.5) * 20, "branch_weights": torch.ones(1, 3)}


class Broken(DarkIsLesion):
    def forward(self, image: Tensor) -> Tensor:
        return super().forward(image) * torch.nan


def segmenter(network: nn.Module | None = None, threshold: float = 0.5) -> Segmenter:
    load = LoadImaged(keys="image", reader=LesionReader(), image_only=True, dtype=None)  # pyright: ignore[reportArgumentType]
    keys = ["pred", "uncertainty"]
    predictor = MemoryPredictor(
        network=network or DarkIsLesion(),
        inferer=HeadsInferer(SimpleInferer()),
        preprocessing=Compose([load, EnsureChannelFirstd("image"), Fitd("image", SIDE), ToUnitRanged("image")]),
        postprocessing=Compose(
            [
                FlatHeadsd("pred"),
                Activationsd(keys, sigmoid=True, allow_missing_keys=True),
                RestoreGridd(keys, allow_missing_keys=True),
            ]
        ),
        device=torch.device("cpu"),
    )
    return Segmenter(predictor, threshold=threshold, weights=Path("/srv/ann/w.safetensors"))
