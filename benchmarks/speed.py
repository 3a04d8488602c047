"""How long the parts of a training and a prediction take, per image, on this machine.

`python benchmarks/speed.py` draws its own images and prints a Markdown table: medians over `--repeats` runs.
"""

import argparse
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from monai.transforms import EnsureChannelFirstd, LoadImaged
from monai.transforms.compose import Compose

from dermaseg_monai.data import Fitd, LesionReader, ToUnitRanged
from dermaseg_monai.images import write_rgb
from dermaseg_monai.losses import BoundaryAwareLoss
from dermaseg_monai.metrics import score_case, summarise
from dermaseg_monai.networks import BADeepLabV3

SIZE_PX = 192
BATCH = 8
SHOWN_FROM_MS = 0.05


def main() -> None:
    """Measure every part and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {platform.machine()}, median of {repeats}\n")
    print("| part | ms per image |\n|---|---|")
    for name, images, part in parts():
        ms = 1000 * median_s(part, repeats) / images
        print(f"| {name} | {f'{ms:.1f}' if ms >= SHOWN_FROM_MS else f'< {SHOWN_FROM_MS}'} |", flush=True)


def median_s(part: Callable[[], object], repeats: int) -> float:
    """Return the median time of `part` in seconds, after one run that does not count."""
    part()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        part()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def parts() -> Iterator[tuple[str, int, Callable[[], object]]]:
    """Yield name, images per call, and call."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        photograph = Path(folder) / "photograph.jpg"
        rough = rng.integers(60, 200, (70, 90, 3), dtype=np.uint8)
        write_rgb(photograph, rough.repeat(10, axis=0).repeat(10, axis=1))
        read = Compose(
            [
                LoadImaged("image", reader=LesionReader(), image_only=True, dtype=None),
                EnsureChannelFirstd("image"),
                Fitd("image", SIZE_PX),
                ToUnitRanged("image"),
            ]
        )
        yield f"read a JPEG of 700 x 900 px, resize to {SIZE_PX} px", 1, lambda: read({"image": photograph})
    for encoder, stride in (
        ("mobilenet_v2", 16),
        ("efficientnet_lite0", 16),
        ("resnet18", 16),
        ("resnet50", 16),
        ("resnet50", 8),
    ):
        yield from network_parts(encoder, stride)
    rows, columns = np.mgrid[:512, :512]
    pred, label = (np.hypot(rows - 256, columns - centre) < 150 for centre in (250, 262))  # noqa: PLR2004
    rules = {"both_empty": 1.0, "tolerance_px": 2.0, "boundary_px": 2}
    yield "all scores of a mask of 512 x 512 px", 1, lambda: score_case(pred, label, case_id="a", **rules)
    scores = [score_case(pred, label, case_id=str(number), **rules) for number in range(100)]
    yield "summary with intervals, 100 images, 2000 draws", 100, lambda: summarise(scores, seed=0)


def network_parts(encoder: str, stride: int) -> Iterator[tuple[str, int, Callable[[], object]]]:
    """Yield prediction and training step of one network."""
    network, loss = BADeepLabV3(encoder, output_stride=stride), BoundaryAwareLoss()
    image = torch.rand(BATCH, 3, SIZE_PX, SIZE_PX)
    label = (torch.rand(BATCH, 1, SIZE_PX, SIZE_PX) > 0.5).float()  # noqa: PLR2004

    def predict() -> torch.Tensor:
        with torch.no_grad():
            return network.eval()(image[:1])

    def step() -> None:
        loss(network.train()(image), label).backward()

    name = f"{encoder}, output stride {stride}, {SIZE_PX} px"
    yield f"{name}: predict one image", 1, predict
    yield f"{name}: forward, loss, backward (batch {BATCH})", BATCH, step


if __name__ == "__main__":
    main()
