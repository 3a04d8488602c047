"""What `dermaseg data prepare` saves: the start of a training on photographs of 12 to 30 Mpx, before and after.

`python benchmarks/prepare.py` draws its own photographs and prints Markdown. "Check" is what every training does first
(hash and decode), "first epoch" reads, resizes and converts each image with its mask once, as a cache does. Processor
times count all processes and threads and, unlike times on the clock, do not depend on what else the machine does.
"""

import argparse
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from monai.transforms import EnsureChannelFirstd, LoadImaged
from monai.transforms.compose import Compose
from PIL import Image, ImageDraw

from dermaseg_monai.data import Fitd, LesionReader, MaskReader, ToUnitRanged, cases
from dermaseg_monai.images import read_image, read_small, write_mask
from dermaseg_monai.images.reduction import reduce_rgb
from dermaseg_monai.manifest import Manifest, index_folder, prepare
from dermaseg_monai.manifest.processes import usable_cores

SIZES_PX = ((3000, 4000), (4000, 6000), (4480, 6720))
GRAINS = ((8, 18.0), (32, 18.0), (128, 18.0), (512, 9.0), (2000, 2.0))
HAIRS = 60


@dataclass(frozen=True)
class Spent:
    """Seconds on the clock and of the processor."""

    clock_s: float
    cpu_s: float


@dataclass(frozen=True)
class Costs:
    """What the start of a training takes for all images, and the megabytes on disk."""

    check: Spent
    epoch: Spent
    mb: float

    @classmethod
    def measure(cls, manifest: Path, *, image_size: int) -> "Costs":
        """Check and read every case."""
        samples: list[dict[str, str]] = []
        check = spent(lambda: samples.extend(cases(manifest, manifest.parent, "train")))
        read = chain(image_size)
        epoch = spent(lambda: [read(sample) for sample in samples])
        files = [Path(sample[key]) for sample in samples for key in ("image", "label")]
        return cls(check, epoch, sum(path.stat().st_size for path in files) / 1e6)


def main() -> None:
    """Draw, measure, prepare, measure again and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=9, help="photographs, a third of each size")
    parser.add_argument("--size", type=int, default=512, help="shorter side of the prepared photographs in px")
    parser.add_argument("--image-size", type=int, default=320, help="side of the network's square in px")
    args = parser.parse_args()
    torch.set_num_threads(1)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
        big, small = folder / "big", folder / "small"
        draw_set(big, args.n)
        before = Costs.measure(big / "manifest.json", image_size=args.image_size)
        manifest = Manifest.load(big / "manifest.json")
        made = spent(lambda: prepare(manifest, big, small, short_side_px=args.size))
        again = spent(lambda: prepare(manifest, big, small, short_side_px=args.size))
        shutil.rmtree(folder / "cache", ignore_errors=True)  # what was just verified is checked once more
        after = Costs.measure(small / "manifest.json", image_size=args.image_size)
        sizes = ", ".join(f"{height * width / 1e6:.0f}" for height, width in SIZES_PX)
        print(f"{args.n} photographs of {sizes} Mpx, prepared at {args.size} px, read at {args.image_size} px.")
        print(f"{usable_cores()} usable cores, load {load:.1f}, {platform.machine()}.\n")
        print(table(before, after, args.n))
        print(f"\nPrepare: {made.clock_s / args.n:.2f} s per image, {made.cpu_s / args.n:.2f} s of the processor.")
        print(f"A second run over what is ready: {again.clock_s:.2f} s.\n")
        print(differences(manifest, big, small, args.size))


def table(before: Costs, after: Costs, n: int) -> str:
    """Return times and sizes per image and their ratios."""
    rows = [
        ("check, ms on the clock", 1000 * before.check.clock_s, 1000 * after.check.clock_s),
        ("check, ms of the processor", 1000 * before.check.cpu_s, 1000 * after.check.cpu_s),
        ("first epoch, ms on the clock", 1000 * before.epoch.clock_s, 1000 * after.epoch.clock_s),
        ("first epoch, ms of the processor", 1000 * before.epoch.cpu_s, 1000 * after.epoch.cpu_s),
        ("on disk, kB", 1000 * before.mb, 1000 * after.mb),
    ]
    lines = [f"| {name} | {old / n:,.0f} | {new / n:,.1f} | {old / new:.0f} |" for name, old, new in rows]
    return "\n".join(["| per image | originals | prepared | ratio |", "|---|---:|---:|---:|", *lines])


def differences(manifest: Manifest, big: Path, small: Path, short_side_px: int) -> str:
    """Return how far pixels are from a full decode reduced alike: after the reduced decode, and as they are stored."""
    stored = {case.id: case.image.path for case in Manifest.load(small / "manifest.json").cases}
    decoded, written = [], []
    for case in manifest.cases:
        path = big / case.image.path
        found = read_image(small / stored[case.id]).pixels
        size_px = (found.shape[0], found.shape[1])
        full = reduce_rgb(read_image(path).pixels, size_px).astype(np.int16)
        decoded.append(np.abs(full - reduce_rgb(read_small(path, least_px=2 * short_side_px), size_px)).ravel())
        written.append(np.abs(full - found).ravel())
    words = (("Reduced decode", np.concatenate(decoded)), ("As stored (JPEG once more)", np.concatenate(written)))
    return "\n".join(
        f"{name}: mean {values.mean():.2f} of 255, 99 % within {np.quantile(values, 0.99):.0f}, at most {values.max()}."
        for name, values in words
    )


def chain(image_size: int) -> Compose:
    """Return what the sheets do before a cache."""
    keys = ("image", "label")
    return Compose(
        [
            LoadImaged("image", reader=LesionReader(), image_only=True, dtype=None),
            LoadImaged("label", reader=MaskReader(), image_only=True, dtype=None),
            EnsureChannelFirstd(keys),
            Fitd(keys, image_size),
            ToUnitRanged("image"),
        ]
    )


def draw_set(root: Path, n: int) -> None:
    """Draw photographs with grain, hairs and an elliptic lesion, and index them."""
    (root / "images").mkdir(parents=True)
    for number in range(n):
        height, width = SIZES_PX[number % len(SIZES_PX)]
        rng = np.random.default_rng(number)
        rows, columns = np.ogrid[:height, :width]
        lesion = ((rows / height - 0.5) / 0.3) ** 2 + ((columns / width - 0.5) / 0.25) ** 2 < 1
        photograph(rng, lesion).save(root / "images" / f"{number:03}.jpg", quality=92)
        write_mask(root / "masks" / f"{number:03}.png", lesion)
    index_folder(root).save(root / "manifest.json")


def photograph(rng: np.random.Generator, lesion: np.ndarray) -> Image.Image:
    """Return skin, a darker lesion and hairs."""
    height, width = lesion.shape
    values = np.empty((height, width, 3), dtype=np.uint8)
    for channel, (skin, shade) in enumerate(((195, 90), (150, 80), (125, 60))):
        level = np.where(lesion, np.float32(skin - shade), np.float32(skin))
        for cells, strength in GRAINS:
            noise = rng.normal(0, strength, (cells, cells * width // height)).astype(np.float32)
            level += np.asarray(Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC))
        values[..., channel] = level.clip(0, 255)
    image = Image.fromarray(values)
    pen = ImageDraw.Draw(image)
    for _ in range(HAIRS):
        start, angle = rng.uniform(0, 1, 2) * (width, height), rng.uniform(0, 2 * np.pi)
        end = start + height / 2 * np.array([np.cos(angle), np.sin(angle)])
        pen.line((*start, *end), fill=(60, 40, 30), width=max(2, height // 400))
    return image


def spent(call: Callable[[], object]) -> Spent:
    """Return what a call takes, with the processes that it starts and waits for."""
    clock, before = time.perf_counter(), os.times()
    call()
    after = os.times()
    return Spent(time.perf_counter() - clock, sum(after[:4]) - sum(before[:4]))


if __name__ == "__main__":
    main()
