"""Inference on volumes that do not fit into memory: by window from disk."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.transforms.intensity.array import ScaleIntensityRange
from rich.console import Console
from torch import nn

from dermaseg_monai.data.block_resampling import resampled, slabs
from dermaseg_monai.data.streamed_percentiles import streamed_percentiles
from dermaseg_monai.data.working_grid import WorkingGrid, working_grid
from dermaseg_monai.engines.device import pick_device
from dermaseg_monai.engines.earlier_prediction import require_replaceable
from dermaseg_monai.engines.finite import require_finite
from dermaseg_monai.engines.prediction_record import (
    Row,
    done_row,
    failed_row,
    prediction_words,
    remove_record,
    write_record,
)
from dermaseg_monai.engines.slab_windows import SlabWindows
from dermaseg_monai.engines.stems import file_stem
from dermaseg_monai.errors import ImageError, WeightsError
from dermaseg_monai.files import make_folder
from dermaseg_monai.images.memory import enough_memory
from dermaseg_monai.images.slab_store import SlabStore
from dermaseg_monai.images.volume_file import VolumeFile, require_room, volume_on_disk
from dermaseg_monai.images.volume_writer import volume_writer
from dermaseg_monai.metrics import ProbabilitySums

_BYTES = np.dtype(np.float32).itemsize


@dataclass(frozen=True)
class DiskPrediction:
    """Predict volume after volume into a prediction folder without ever holding one of them.

    Gives what the inference sheet gives, and equals it but for rounding: `masks/`, `probabilities/` on the voxels of
    the file, `cases.csv`, `run.json`. For each volume three passes over slabs: to the working grid (RAS, `spacing_mm`)
    in a work file; percentiles and windows from there into a second work file; back to the voxels of the file.
    Work files lie in a hidden folder beside the output, which is removed.

    Args:
        images: the volumes; its `failures` get a row too.
        network: trained, one logit per voxel.
        windows: how the network sees a volume.
        device: where the network is.
        folder: where to write.
        spacing_mm: of the working grid.
        percentiles: values of the working grid at these two become 0 and 1.
        threshold: a voxel is lesion where the probability is at least this.
        weights: the weights file, for run.json.
    """

    images: Sequence[Mapping[str, Any]]
    network: nn.Module
    windows: SlabWindows
    device: str | torch.device
    folder: str | Path
    spacing_mm: Sequence[float]
    percentiles: Sequence[float]
    threshold: float
    weights: str | Path | None = None

    def run(self) -> None:
        """Predict all volumes; one that cannot be used costs a row.

        Raises:
            ConfigError: the folder holds another prediction.
            DataError: the folder cannot be written.
            WeightsError: the network answers every volume with values that are no number.
        """
        rows = {
            one.case_id: failed_row(one.case_id, one.path, one.reason) for one in getattr(self.images, "failures", ())
        }
        case_ids = [*(str(sample["case_id"]) for sample in self.images), *rows]
        require_replaceable(self.folder, case_ids=case_ids, weights=self.weights)
        self.network.eval()
        folder = make_folder(self.folder)
        remove_record(folder)
        broken: list[WeightsError] = []
        for sample in self.images:
            case_id, image = str(sample["case_id"]), str(sample["image_path"])
            try:
                with enough_memory(Path(image)):
                    rows[case_id] = self._predicted(case_id, Path(image))
            except ImageError as error:
                rows[case_id] = failed_row(case_id, image, str(error))
            except WeightsError as error:
                rows[case_id] = failed_row(case_id, image, str(error))
                broken.append(error)
        if broken and len(broken) == len(self.images):
            raise broken[0]
        failed = sum(row["status"] == "failed" for row in rows.values())
        about = {"from_disk": True}
        write_record(folder, rows, failed=failed, threshold=self.threshold, weights=self.weights, about=about)
        words = prediction_words(folder, rows, weights=self.weights)
        Console().print(words, markup=False, highlight=False, soft_wrap=True)

    def _predicted(self, case_id: str, image: Path) -> Row:
        name = file_stem(case_id) + ".nii.gz"
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".from-disk-") as made:
            scratch = Path(made)
            with volume_on_disk(image, scratch) as volume:
                volume.require_numbers()
                grid = working_grid(volume.shape, volume.affine, self.spacing_mm)
                require_room(scratch, 2 * _BYTES * int(np.prod(grid.shape, dtype=np.int64)), image)
                seen = _on_grid(volume, grid, scratch / "image")
                probability = self._probability(case_id, seen, grid, scratch / "probability")
                sums = self._write(probability, grid, volume, name)
                return done_row(case_id, str(image), name, shape=volume.shape, sums=sums)

    def _probability(self, case_id: str, seen: SlabStore, grid: WorkingGrid, path: Path) -> SlabStore:
        pieces = list(slabs(grid.shape, grid.slow_axis, grid.shape, np.eye(4)))
        low, high = streamed_percentiles(lambda: map(seen.read, pieces), self.percentiles)
        scaling = ScaleIntensityRange(low, high, b_min=0.0, b_max=1.0, clip=True)
        found = SlabStore(path, grid.shape, grid.slow_axis)
        for logits in self.windows(
            seen, lambda piece: np.asarray(scaling(piece)), self.network, pick_device(str(self.device))
        ):
            require_finite(logits, case_id=case_id, weights=self.weights)
            found.append(torch.from_numpy(logits).sigmoid_().numpy())
        return found

    def _write(self, probability: SlabStore, grid: WorkingGrid, volume: VolumeFile, name: str) -> ProbabilitySums:
        """Write mask and probability on the voxels of the file; return what the probabilities add up to."""
        folder, sums = Path(self.folder), ProbabilitySums(0.0, 0.0, 0)
        to_grid = np.linalg.inv(grid.affine) @ volume.affine
        with (
            volume_writer(folder / "probabilities" / name, np.float32, like=volume) as probabilities,
            volume_writer(folder / "masks" / name, np.uint8, like=volume) as masks,
        ):
            for box in slabs(volume.shape, 2, grid.shape, to_grid):
                values = resampled(probability.read, grid.shape, to_grid, box).clip(0, 1)
                probabilities.append(values)
                masks.append(values >= self.threshold)
                sums += ProbabilitySums.of(values, threshold=self.threshold)
        return sums


def predict_from_disk(prediction: DiskPrediction) -> None:
    """Run the prediction; what the sheet's `run` calls. Raises: DataError."""
    prediction.run()


def _on_grid(volume: VolumeFile, grid: WorkingGrid, path: Path) -> SlabStore:
    to_file = np.linalg.inv(volume.affine) @ grid.affine
    store = SlabStore(path, grid.shape, grid.slow_axis)
    for box in slabs(grid.shape, grid.slow_axis, volume.shape, to_file):
        store.append(resampled(volume.read, volume.shape, to_file, box))
    return store
