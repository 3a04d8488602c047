"""Engines: device, precision, optimiser, schedule, handlers, checkpoints, and the verbs a sheet calls."""

from dermaseg_monai.engines.average import WeightAverage, WeightAverageUpdate, unwrapped
from dermaseg_monai.engines.batch import PlainBatch
from dermaseg_monai.engines.case_scorer import CaseScorer
from dermaseg_monai.engines.checkpoint import Checkpoints
from dermaseg_monai.engines.device import pick_device, to_device
from dermaseg_monai.engines.disk_prediction import DiskPrediction, predict_from_disk
from dermaseg_monai.engines.distributed import (
    distributed_network,
    from_all_ranks,
    from_rank_zero,
    is_rank_zero,
    rank_device,
    rank_sampler,
    start_distributed,
    stop_distributed,
    world_size,
)
from dermaseg_monai.engines.flips import FlipInferer
from dermaseg_monai.engines.folder import PredictionFolder
from dermaseg_monai.engines.guards import GradientClipping, NonFiniteLoss
from dermaseg_monai.engines.heads import FlatHeadsd, HeadsInferer
from dermaseg_monai.engines.optimizer import build_optimizer
from dermaseg_monai.engines.pixel_confusion import PixelConfusion
from dermaseg_monai.engines.precision import MixedPrecisionInferer, scales_gradients
from dermaseg_monai.engines.progress import Progress
from dermaseg_monai.engines.resume_file import saved_extra
from dermaseg_monai.engines.schedule import build_schedule
from dermaseg_monai.engines.score_summary import ScoreSummaryFile
from dermaseg_monai.engines.seed import EpochSeed, seed_everything
from dermaseg_monai.engines.slab_windows import SlabWindows
from dermaseg_monai.engines.soup import average_weights
from dermaseg_monai.engines.training_cases import record_training_cases, seen_in_training
from dermaseg_monai.engines.training_record import TRAINING_CASES
from dermaseg_monai.engines.verbs import evaluate, prepare, train
from dermaseg_monai.engines.weights import load_weights, read_metadata, read_weights, trained_with

__all__ = [
    "TRAINING_CASES",
    "CaseScorer",
    "Checkpoints",
    "DiskPrediction",
    "EpochSeed",
    "FlatHeadsd",
    "FlipInferer",
    "GradientClipping",
    "HeadsInferer",
    "MixedPrecisionInferer",
    "NonFiniteLoss",
    "PixelConfusion",
    "PlainBatch",
    "PredictionFolder",
    "Progress",
    "ScoreSummaryFile",
    "SlabWindows",
    "WeightAverage",
    "WeightAverageUpdate",
    "average_weights",
    "build_optimizer",
    "build_schedule",
    "distributed_network",
    "evaluate",
    "from_all_ranks",
    "from_rank_zero",
    "is_rank_zero",
    "load_weights",
    "pick_device",
    "predict_from_disk",
    "prepare",
    "rank_device",
    "rank_sampler",
    "read_metadata",
    "read_weights",
    "record_training_cases",
    "saved_extra",
    "scales_gradients",
    "seed_everything",
    "seen_in_training",
    "start_distributed",
    "stop_distributed",
    "to_device",
    "train",
    "trained_with",
    "unwrapped",
    "world_size",
]
