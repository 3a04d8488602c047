"""What an agreement study costs: 10,000 images that three people outlined, every pair with every score.

`python benchmarks/agreement.py` draws masks of 450 x 600 px into a temporary folder (about 25 MB), measures all of them
with `dermaseg_monai.agreement.measure`, and prints time and memory as Markdown. Beside it stand MONAI's metrics
(HausdorffDistanceMetric at 95, SurfaceDistanceMetric, SurfaceDiceMetric, DiceMetric) over the pairs of the first
images, one process and one thread each, and the largest difference between the two. MONAI takes its percentile in
single precision; its own distances with the percentile in double precision are compared too. Processor seconds count
all processes; times on the clock depend on what else the machine does.
"""

import argparse
import os
import platform
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil
from PIL import Image, ImageDraw

from dermaseg_monai.agreement import ReadCase, Reading, measure, score_pairs
from dermaseg_monai.images import read_mask
from dermaseg_monai.manifest.processes import usable_cores

HEIGHT_PX, WIDTH_PX = 450, 600
PEOPLE: Final = ("a", "b", "c")
TOLERANCE_PX: Final = 2.0
SCORES: Final = ("dice", "surface_dice", "assd_px", "hd95_px", "hd95_px, percentile in double")


@dataclass(frozen=True)
class Spent:
    """Seconds on the clock and of the processor, and the most memory of all processes together."""

    clock_s: float
    cpu_s: float
    peak_mb: float


def main() -> None:
    """Draw, measure, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=10_000, help="images; three masks each")
    images: int = parser.parse_args().images
    load = os.getloadavg()[0]
    print(f"{images:,} images x {len(PEOPLE)} annotators at {WIDTH_PX} x {HEIGHT_PX} px.")
    print(f"{usable_cores()} usable cores, load {load:.1f}, {platform.machine()}.\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with ProcessPoolExecutor(usable_cores(), mp_context=get_context("spawn")) as pool:
            list(pool.map(partial(draw_case, folder=folder), range(images), chunksize=100))
        cases = [
            ReadCase(f"{number:05d}", tuple(Reading(who, folder / f"{number:05d}_{who}.png") for who in PEOPLE))
            for number in range(images)
        ]
        found: list[Any] = []
        whole = spent(lambda: found.append(measure(cases, tolerance_px=TOLERANCE_PX, both_empty=1.0)))
        pairs = found[0].pairs
        print("| all pairs | |\n|---|---:|")
        print(f"| pairs | {len(pairs):,} |\n| masks | {len(found[0].masks):,} |")
        print(f"| clock | {whole.clock_s:.0f} s |\n| processor, all processes | {whole.cpu_s:.0f} s |")
        print(f"| processor per pair, with reading | {1000 * whole.cpu_s / len(pairs):.2f} ms |")
        print(f"| peak memory, all processes (shared pages counted in each) | {whole.peak_mb:.0f} MB |")
        print(f"| mean pairwise Dice | {pairs['dice'].mean():.4f} |\n")
        print(beside_monai(cases[: min(100, images)]))


def beside_monai(cases: list[ReadCase]) -> str:
    """Score the pairs of some cases both ways, from masks in memory, and return times, ratio and differences."""
    import torch  # noqa: PLC0415 (the processes that measure must not load it)

    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", category=FutureWarning, module="monai")
    masks = [[read_mask(reading.mask) for reading in case.readings] for case in cases]
    ours: list[dict[str, float]] = []
    theirs: list[dict[str, float]] = []
    monai_rows(masks[0][:2])  # MONAI is loaded before the clock runs
    ours_s = processor_s(lambda: ours.extend(row for case in masks for row in our_rows(case)))
    theirs_s = processor_s(lambda: theirs.extend(row for case in masks for row in monai_rows(case)))
    exact = [hd95_in_double(one, other) for case in masks for one, other in combinations(case, 2)]
    rows = [f"| processor per pair | {1000 * ours_s / len(ours):.2f} ms | {1000 * theirs_s / len(ours):.2f} ms |"]
    rows.append(f"| ratio | 1 | {theirs_s / ours_s:.1f} |")
    for name in SCORES:
        known = exact if name not in theirs[0] else [row[name] for row in theirs]
        found = [row[name.partition(",")[0]] for row in ours]
        # of a score in [0, 1] the difference itself, of a distance that of its value
        far = max(abs(one - other) / max(1.0, other) for one, other in zip(found, known, strict=True))
        rows.append(f"| largest difference: {name} | | {far:.1e} |")
    head = f"| {len(ours)} pairs of {len(cases)} images, in memory | dermaseg_monai | MONAI |"
    return "\n".join([head, "|---|---:|---:|", *rows])


def our_rows(masks: list[np.ndarray]) -> list[dict[str, float]]:
    """Return the scores of all pairs of a case."""
    return [dict(row) for row in score_pairs(masks, tolerance_px=TOLERANCE_PX, both_empty=1.0).values()]


def monai_rows(masks: list[np.ndarray]) -> list[dict[str, float]]:
    """Return the same scores by MONAI's metrics."""
    import torch  # noqa: PLC0415
    from monai.metrics.hausdorff_distance import HausdorffDistanceMetric  # noqa: PLC0415
    from monai.metrics.meandice import DiceMetric  # noqa: PLC0415
    from monai.metrics.surface_dice import SurfaceDiceMetric  # noqa: PLC0415
    from monai.metrics.surface_distance import SurfaceDistanceMetric  # noqa: PLC0415

    metrics: dict[str, Any] = {
        "hd95_px": HausdorffDistanceMetric(percentile=95),
        "assd_px": SurfaceDistanceMetric(symmetric=True),
        "surface_dice": SurfaceDiceMetric(class_thresholds=[TOLERANCE_PX]),
        "dice": DiceMetric(),
    }
    tensors = [torch.from_numpy(mask)[None, None] for mask in masks]
    return [{name: metric(*pair).item() for name, metric in metrics.items()} for pair in combinations(tensors, 2)]


def hd95_in_double(one: np.ndarray, other: np.ndarray) -> float:
    """Return the percentile of MONAI's own distances."""
    import torch  # noqa: PLC0415
    from monai.metrics.utils import get_edge_surface_distance  # noqa: PLC0415

    pair = (torch.from_numpy(one).float(), torch.from_numpy(other).float())
    _, distances, _ = get_edge_surface_distance(*pair, symmetric=True)
    return max(torch.quantile(directed.double(), 0.95).item() for directed in distances)


def draw_case(number: int, *, folder: Path) -> None:
    """Write three outlines of one lesion: the same shape, drawn tighter or looser and with a hand that trembles."""
    rng = np.random.default_rng(number)
    angles = np.linspace(0, 2 * np.pi, 180, endpoint=False)
    size, centre = rng.uniform(50, 150), rng.uniform((200, 180), (400, 270))
    shape = 1 + waves(rng, angles, 0.12)
    for at, who in enumerate(PEOPLE):
        radius = size * (1 + 0.06 * (at - 1)) * (shape + waves(rng, angles, 0.04))
        points = centre + radius[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        mask = Image.new("L", (WIDTH_PX, HEIGHT_PX))
        ImageDraw.Draw(mask).polygon([tuple(point) for point in points], fill=255)
        mask.save(folder / f"{number:05d}_{who}.png")


def waves(rng: np.random.Generator, angles: np.ndarray, strength: float) -> np.ndarray:
    """Return a closed wavy line around 0."""
    parts = (rng.normal(0, strength / k) * np.cos(k * angles + rng.uniform(0, 2 * np.pi)) for k in range(2, 14))
    return np.sum(list(parts), axis=0)


def spent(call: Callable[[], object]) -> Spent:
    """Return what a call takes, with the processes that it starts and waits for."""
    peak = [0.0]
    done = threading.Event()

    def watch() -> None:
        me = psutil.Process()
        while not done.wait(0.1):
            peak[0] = max(peak[0], sum(map(resident_mb, [me, *me.children(recursive=True)])))

    watcher = threading.Thread(target=watch)
    watcher.start()
    clock, before = time.perf_counter(), os.times()
    call()
    clock_s, after = time.perf_counter() - clock, os.times()
    done.set()
    watcher.join()
    return Spent(clock_s, sum(after[:4]) - sum(before[:4]), peak[0])


def resident_mb(process: psutil.Process) -> float:
    """Return the memory of a process, 0 when it has just ended."""
    try:
        return process.memory_info().rss / 1e6
    except psutil.Error:
        return 0.0


def processor_s(call: Callable[[], object]) -> float:
    """Return the seconds of this process that a call takes."""
    before = time.process_time()
    call()
    return time.process_time() - before


if __name__ == "__main__":
    main()
