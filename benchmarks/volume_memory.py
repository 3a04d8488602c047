"""How much memory inference from disk takes on a volume that is far larger, beside the bound that the docs state.

`python benchmarks/volume_memory.py` draws a volume of 1000 x 800 x 600 voxels (int16, 960 MB), oblique, 0.1 mm, and
starts the inference sheet with `from_disk.json` in a process of its own. Printed are the most memory that process held
(resident set, `ru_maxrss`), the same before the volume was opened, the difference, and the bound. The network is a
narrow one with untrained weights, for memory does not depend on what it learned. `--spacing 0.1` works on the file's
own grid, `--packed` reads a .nii.gz, `--memory` predicts in memory, for comparison on a volume that fits.
"""

import argparse
import gzip
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nibabel as nib
import numpy as np
from monai.bundle import ConfigParser

from dermaseg_monai.engines.weights import write_weights
from dermaseg_monai.images.volume_file import BLOCK_VOXELS

CONFIGS = Path(__file__).resolve().parents[1] / "bundles" / "unet3d" / "configs"
NARROW = {"channels": [4, 8], "strides": [2], "num_res_units": 0}
WINDOW = 32
MEGABYTE = 1e6

# the process is asked what it holds after everything is imported and the weights are loaded, and at its end
CHILD = """
import json, resource, sys, time, warnings
warnings.simplefilter("ignore")
from monai.bundle import ConfigWorkflow
import dermaseg_monai.engines
files, values = json.loads(sys.argv[1])
run = ConfigWorkflow(config_file=files, workflow_type="infer", logging_file=False, **values)
run.initialize()
run.parser.get_parsed_content("trained_network")
held = lambda: 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before, start, begun = held(), time.perf_counter(), time.process_time()
run.run()
print(json.dumps([before, held(), time.perf_counter() - start, time.process_time() - begun]))
"""


def main() -> None:
    """Draw the volume, predict, print the table."""
    options = parser().parse_args()
    x, y, z = options.shape
    with tempfile.TemporaryDirectory(dir=options.work) as name:
        work = Path(name)
        image = draw(work / "volume.nii", (x, y, z), options.voxel, packed=options.packed)
        size_mb = image.stat().st_size / MEGABYTE
        sheets = ["inference.json"] if options.memory else ["inference.json", "from_disk.json"]
        before, most, seconds, worked = predict(work, image, sheets, options.spacing)
        table = (work / "out" / "cases.csv").read_text(encoding="utf-8").splitlines()
    scale = options.voxel / options.spacing
    print(f"| volume | {x} x {y} x {z} voxels, {size_mb:.0f} MB on disk |\n|---|---|")
    print(f"| working grid | {' x '.join(str(round(count * scale)) for count in (x, y, z))} |")
    print(f"| row | {table[1]} |")
    print(f"| held before | {before / MEGABYTE:.0f} MB |\n| most held | {most / MEGABYTE:.0f} MB |")
    print(f"| for the volume | {(most - before) / MEGABYTE:.0f} MB |")
    print(f"| bound from disk | {bound_bytes(x * y, scale) / MEGABYTE:.0f} MB and what the network needs |")
    print(f"| time | {seconds:.0f} s, {worked:.0f} s of processor time |")


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    line = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    line.add_argument("--shape", type=int, nargs=3, default=[1000, 800, 600], help="voxels of the file")
    line.add_argument("--voxel", type=float, default=0.1, help="edge of a voxel of the file, mm")
    line.add_argument("--spacing", type=float, default=0.2, help="edge of a voxel of the working grid, mm")
    line.add_argument("--packed", action="store_true", help="a .nii.gz, which is unpacked first")
    line.add_argument("--memory", action="store_true", help="predict in memory")
    line.add_argument("--work", type=Path, help="folder for volume and predictions; default: the system's")
    return line


def bound_bytes(across_file: int, scale: float) -> int:
    """Return the bound that the bundle's page states: slabs of windows, or the blocks of a step, whichever is more."""
    across = round(across_file * scale**2)
    return max((12 * WINDOW + 64) * across, 30 * max(BLOCK_VOXELS, 5 * across_file, 5 * across))


def draw(path: Path, shape: tuple[int, int, int], voxel_mm: float, *, packed: bool) -> Path:
    """Write an oblique volume of speckle with a bright ball, slice after slice, and return its path."""
    angle = np.deg2rad(12)
    affine = np.diag([-voxel_mm, voxel_mm, voxel_mm, 1.0])
    affine[:2, :2] = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ affine[:2, :2]
    nib.save(nib.Nifti1Image(np.zeros((*shape[:2], 1), np.int16), affine), path)
    header = nib.Nifti1Image.from_filename(path).header
    header.set_data_shape(shape)
    header.set_data_offset(header.single_vox_offset)
    rng = np.random.default_rng(0)
    columns, rows = np.ogrid[: shape[0], : shape[1]]
    with path.open("wb") as stream:  # in slices, for a process inherits the peak of the one that starts it
        header.write_to(stream)
        stream.write(bytes(header.single_vox_offset - stream.tell()))
        for z in range(shape[2]):
            away = [(columns - shape[0] / 2) ** 2, (rows - shape[1] / 2) ** 2, (z - shape[2] / 2) ** 2]
            ball = sum(away) < shape[2] ** 2 / 9
            stream.write((rng.integers(0, 400, shape[:2], dtype=np.int16) + np.int16(600) * ball).tobytes(order="F"))
    if not packed:
        return path
    with path.open("rb") as plain, gzip.open(f"{path}.gz", "wb", compresslevel=1) as target:
        shutil.copyfileobj(plain, target, 1 << 20)
    path.unlink()
    return Path(f"{path}.gz")


def predict(work: Path, image: Path, sheets: list[str], spacing_mm: float) -> list[float]:
    """Predict in a new process; return the bytes it held before, the most it held, seconds, and those it worked."""
    network = {**json.loads((CONFIGS / "inference.json").read_text(encoding="utf-8"))["network_def"], **NARROW}
    weights = work / "model.safetensors"
    write_weights(weights, ConfigParser({"network_def": network}).get_parsed_content("network_def"), {})
    values = {
        "images": str(image),
        "output_dir": str(work / "out"),
        "weights": str(weights),
        "image_size": WINDOW,
        "spacing_mm": [spacing_mm] * 3,
        "network_def": network,
        "device": "cpu",
    }
    asked = json.dumps([[str(CONFIGS / sheet) for sheet in sheets], values])
    done = subprocess.run([sys.executable, "-c", CHILD, asked], check=True, capture_output=True, text=True)  # noqa: S603 (our own Python)
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
