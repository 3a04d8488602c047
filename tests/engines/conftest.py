from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from ignite.metrics import Average, Metric
from monai.data.dataloader import DataLoader
from monai.data.dataset import CacheDataset
from monai.engines.evaluator import SupervisedEvaluator
from monai.engines.trainer import SupervisedTrainer
from monai.handlers.lr_schedule_handler import LrScheduleHandler
from monai.handlers.validation_handler import ValidationHandler
from monai.inferers.inferer import SimpleInferer
from monai.transforms.compose import Compose
from monai.transforms.intensity.dictionary import RandGaussianNoised
from monai.transforms.spatial.dictionary import RandFlipd
from torch import nn
from torch.utils.data.distributed import DistributedSampler

from dermaseg_monai.engines import (
    Checkpoints,
    EpochSeed,
    GradientClipping,
    MixedPrecisionInferer,
    NonFiniteLoss,
    PlainBatch,
    WeightAverage,
    WeightAverageUpdate,
    build_optimizer,
    build_schedule,
    distributed_network,
    prepare,
    seed_everything,
)


class TinyNet(nn.Module):
    def __init__(self, width: int = 4) -> None:
        super().__init__()
        self.encoder = nn.Conv2d(3, width, 3, padding=1)
        self.norm = nn.BatchNorm2d(width)
        self.drop = nn.Dropout(0.2)
        self.head = nn.Conv2d(width, 1, 1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.head(self.drop(torch.relu(self.norm(self.encoder(image)))))


class Given(Metric):
    """The scores that a test wants, one per validation."""

    def __init__(self, scores: Sequence[float]) -> None:
        self.scores = iter(scores)
        super().__init__()

    def reset(self) -> None:
        pass

    def update(self, output: object) -> None:
        pass

    def compute(self) -> float:
        return next(self.scores)


@dataclass
class Training:
    trainer: SupervisedTrainer
    evaluator: SupervisedEvaluator
    network: nn.Module
    average: WeightAverage
    optimizer: torch.optim.Optimizer
    lr_scheduler: torch.optim.lr_scheduler.LRScheduler
    checkpoints: Checkpoints


def _cases(n: int) -> list[dict[str, Any]]:
    fixed = torch.Generator().manual_seed(7)
    images = [torch.rand(3, 8, 8, generator=fixed) for _ in range(n)]
    return [
        {"image": image, "label": (image[:1] > 0.5).float(), "case_id": f"case_{i}"} for i, image in enumerate(images)
    ]


def _agreement(output: list[dict[str, torch.Tensor]]) -> torch.Tensor:
    return torch.stack([((one["pred"] > 0).float() == one["label"]).float().mean() for one in output]).mean()


def _build(  # noqa: PLR0913 (what the tests vary)
    output_dir: Path,
    *,
    max_epochs: int = 4,
    num_workers: int = 0,
    resume: Path | None = None,
    patience: int | None = None,
    initial_weights: Path | None = None,
    handlers: Sequence[Any] = (),
    amp: str = "off",
    learning_rate: float = 0.01,
    val_interval: int = 1,
    scores: Sequence[float] | None = None,
    jaccard: Sequence[float] | None = None,
    sheet: object = None,
    tracker: object = None,
    distributed: bool = False,
) -> Training:
    seed_everything(3)
    random = Compose([RandFlipd("image", prob=0.5), RandGaussianNoised("image", prob=0.5)])
    data = CacheDataset(_cases(8), random, progress=False)
    sampler = DistributedSampler(data) if distributed else None
    loader = DataLoader(
        data, num_workers=num_workers, batch_size=2 if distributed else 4, shuffle=not distributed, sampler=sampler
    )
    network = distributed_network(TinyNet(), "cpu")
    average = WeightAverage(network, 0.9)
    optimizer = build_optimizer(network, "adamw", learning_rate, 0.01)
    schedule = build_schedule(optimizer, loader, "cosine", 4, 1)
    evaluator = SupervisedEvaluator(
        torch.device("cpu"),
        DataLoader(CacheDataset(_cases(4), Compose([]), progress=False), batch_size=2),
        average,
        key_val_metric={"val_threshold_jaccard": Average(_agreement) if scores is None else Given(scores)},
        additional_metrics=None if jaccard is None else {"val_jaccard": Given(jaccard)},
    )
    trainer = SupervisedTrainer(
        torch.device("cpu"),
        max_epochs,
        loader,
        network,
        optimizer,
        nn.BCEWithLogitsLoss(),
        inferer=MixedPrecisionInferer(SimpleInferer(), amp, "cpu"),
        prepare_batch=PlainBatch(),
        decollate=False,
        train_handlers=[
            NonFiniteLoss(),
            GradientClipping(1.0),
            LrScheduleHandler(schedule, print_lr=False, epoch_level=False),  # pyright: ignore[reportArgumentType]
            WeightAverageUpdate(average),
            EpochSeed(3),
            ValidationHandler(val_interval, evaluator),
            *handlers,
        ],
    )
    checkpoints = Checkpoints(
        output_dir,
        network=network,
        average=average,
        optimizer=optimizer,
        lr_scheduler=schedule,
        metadata={"encoder": "tiny", "image_size": 8},
        tracker=tracker,
        sheet=sheet,
    )
    prepare(trainer, evaluator, checkpoints, patience=patience, initial_weights=initial_weights, resume=resume)
    return Training(trainer, evaluator, network, average, optimizer, schedule, checkpoints)


@pytest.fixture
def build() -> Callable[..., Training]:
    return _build
