"""What the search for near-identical pictures costs: 12,000 drawn thumbnails, some of them copies, all compared.

`python benchmarks/leaks.py` writes the pictures into a temporary folder (about 150 MB), takes their fingerprints and
compares every picture with every other one in eight turns and 19 centre crops, as `dermaseg data leaks` does for two
data sets. It prints time, memory, and how many of the copies were found.
"""

import argparse
import os
import platform
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from dermaseg_monai.files import sha256_of
from dermaseg_monai.manifest import Case, FileRecord
from dermaseg_monai.manifest.duplicates import CROPS, WHOLE, fingerprint_cases, near_pairs

HEIGHT, WIDTH = 150, 200
COPY_EVERY: Final = 100
"""Every so many pictures one is a copy of the one before: cut, mirrored, resized, recompressed in turn."""


def picture(seed: int) -> Image.Image:
    """Draw skin of its own with a dark lesion in the middle."""
    rng = np.random.default_rng(seed)
    skin = sum(gaussian_filter(rng.standard_normal((HEIGHT, WIDTH)), spread) * spread * 12 for spread in (1.5, 4, 12))
    rows, columns = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j]
    size = rng.uniform(0.3, 0.8)
    edge = 1 + 0.3 * gaussian_filter(rng.standard_normal((HEIGHT, WIDTH)), 6) * 6
    lesion = rng.uniform(40, 110) / (1 + np.exp(((rows**2 + columns**2) ** 0.5 * edge - size) * 12))
    grey = (rng.uniform(160, 220) + skin - lesion).clip(0, 255)
    return Image.fromarray(np.stack([grey, grey * 0.8, grey * 0.72], axis=2).astype(np.uint8))


def changed(image: Image.Image, way: int) -> Image.Image:
    """Return a copy of a picture: centre crop of 80 %, mirror image, half the size, or none of these."""
    if way == 0:
        return image.crop((WIDTH // 10, HEIGHT // 10, WIDTH - WIDTH // 10, HEIGHT - HEIGHT // 10))
    if way == 1:
        return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return image.resize((WIDTH // 2, HEIGHT // 2)) if way == 2 else image  # noqa: PLR2004


def draw(number: int, *, folder: Path) -> None:
    """Write one picture, recompressed when it is a copy."""
    copied = number % COPY_EVERY == 1
    image = changed(picture(number - 1), number // COPY_EVERY % 4) if copied else picture(number)
    image.save(folder / f"{number:06d}.jpg", quality=60 if copied else 92)


def main() -> None:
    """Draw, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=12_000, help="number of pictures")
    n = parser.parse_args().n
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
        with ProcessPoolExecutor() as pool:
            list(pool.map(partial(draw, folder=folder), range(n), chunksize=100))
        files = sorted(folder.glob("*.jpg"))
        cases = [Case(path.stem, FileRecord(path.name, sha256_of(path)), (), "train") for path in files]
        began = time.perf_counter(), time.process_time()
        found, failures = fingerprint_cases(cases, folder, (WHOLE, *CROPS))
        taken = time.perf_counter(), time.process_time()
        before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        pairs = near_pairs(found, np.arange(n))
        compared = time.perf_counter(), time.process_time()
        again, _ = fingerprint_cases(cases, folder, (WHOLE, *CROPS))
        recalled = time.perf_counter()
    copies = {(number - 1, number) for number in range(1, n, COPY_EVERY)}
    hits = {(pair.first, pair.second) for pair in pairs}
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    comparisons = 8 * len(found.whole.words) * len(found.words)
    print(f"{platform.processor() or platform.machine()}, {len(os.sched_getaffinity(0))} cores, NumPy {np.__version__}")
    print(f"{n} pictures of {WIDTH} x {HEIGHT} px, {len(found.words)} fingerprints, {len(failures)} unreadable")
    print(f"fingerprints: {taken[0] - began[0]:.1f} s ({taken[1] - began[1]:.1f} s of processor), then remembered:")
    print(f"    taken again in {recalled - compared[0]:.1f} s ({len(again.words)} of them)")
    print(f"comparing: {compared[0] - taken[0]:.1f} s ({compared[1] - taken[1]:.1f} s of processor)")
    print(f"    {comparisons / 1e9:.1f} thousand million comparisons of 256 bits")
    print(f"memory: {peak_mb:.0f} MB at most, {peak_mb - before_mb:.0f} MB of them for comparing")
    print(f"copies found: {len(hits & copies)} of {len(copies)}; other pairs: {len(hits - copies)}")


if __name__ == "__main__":
    main()
