"""Run the TorchScript and the ONNX export of a bundle on two batches of random images and compare their outputs.

Usage: `python scripts/compare_exports.py bundles/NAME/configs/metadata.json FOLDER`; FOLDER holds model.ts, model.onnx.
The second batch has another number of images of another size than the export was made with.
"""

import json
import sys
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime
import torch

LARGEST_DIFFERENCE: Final = 1e-3
SIZES_PX: Final = (64, 96, 128)


def main(metadata: Path, folder: Path) -> int:
    """Print the largest difference of the outputs; exit code 1 where it is too large."""
    image = json.loads(metadata.read_text(encoding="utf-8"))["network_data_format"]["inputs"]["image"]
    channels, dimensions = image["num_channels"], len(image["spatial_shape"])
    traced = torch.jit.load(folder / "model.ts", map_location="cpu").eval()
    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    random = np.random.default_rng(0)
    largest = 0.0
    for shape in ((1, channels, *[SIZES_PX[0]] * dimensions), (2, channels, *SIZES_PX[-dimensions:])):
        batch = random.random(shape, dtype=np.float32)
        with torch.no_grad():
            expected = traced(torch.from_numpy(batch)).numpy()
        found = np.asarray(session.run(None, {session.get_inputs()[0].name: batch})[0])
        if found.shape != expected.shape:
            print(f"input {shape}: ONNX gives {found.shape}, TorchScript {expected.shape}")
            return 1
        largest = max(largest, float(np.abs(found - expected).max()))
    print(
        f"largest difference of a logit between ONNX and TorchScript: {largest:.2e}, at most {LARGEST_DIFFERENCE:.0e}"
    )
    return 0 if largest <= LARGEST_DIFFERENCE else 1


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
