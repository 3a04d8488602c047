"""A prediction folder of three cases, drawn by hand."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from dermaseg_monai.images import write_mask, write_probability
from dermaseg_monai.manifest import index_folder

SHAPE = (40, 60)
LABEL = np.zeros(SHAPE, dtype=bool)
LABEL[10:30, 20:40] = True  # 400 px


@dataclass(frozen=True)
class Study:
    root: Path
    manifest: Path
    predictions: Path

    def rows(self) -> list[dict[str, str]]:
        with (self.predictions / "cases.csv").open(newline="") as stream:
            return list(csv.DictReader(stream))

    def write_rows(self, rows: list[dict[str, str]]) -> None:
        with (self.predictions / "cases.csv").open("w", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def make_study(folder_of_all: Path) -> Study:
    """Cases a, b and c, of which the prediction lies 0, 4 and 10 columns beside the reference."""
    root, folder = folder_of_all / "set", folder_of_all / "run" / "evaluate_test"
    manifest = folder_of_all / "manifest.json"
    found: list[dict[str, str]] = []
    for name, shift in {"a": 0, "b": 4, "c": 10}.items():
        gps = Image.Exif()
        gps[0x010E] = "name of a patient"
        (root / "images").mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((*SHAPE, 3), 180, dtype=np.uint8)).save(root / "images" / f"{name}.jpg", exif=gps)
        write_mask(root / "masks" / f"{name}.png", LABEL)
        pred = np.roll(LABEL, shift, axis=1)
        write_mask(folder / "masks" / f"{name}.png", pred)
        write_probability(folder / "boundary" / f"{name}.png", pred.astype(np.float32))
        jaccard = (20 - shift) / (20 + shift)
        scores = {"dice": (20 - shift) / 20, "jaccard": jaccard, "hd95_px": float(shift), "label_px": 400}
        cells = {"case_id": name, "image": f"{name}.jpg", "status": "ok", "reason": "", "file": f"{name}.png"}
        found.append(cells | {key: str(value) for key, value in scores.items()})
    index_folder(root, split="test").save(manifest)
    config = {"split": "test", "manifest": str(manifest), "dataset_dir": str(root)}
    (folder / "run.json").write_text(json.dumps({"bundle": "ba_deeplab", "config": config}))
    made = Study(root, manifest, folder)
    made.write_rows(found)
    return made
