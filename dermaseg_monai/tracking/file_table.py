"""Which files a run used, as a table for MLflow."""

import csv
from pathlib import Path

from dermaseg_monai.cells import quoted_cells
from dermaseg_monai.files import replacing
from dermaseg_monai.manifest import Manifest


def write_file_table(manifest: Manifest, path: str | Path) -> None:
    """Write case id, split and the sha256 of image and reference, one row per case.

    Paths, patients and attributes stay out: a tracking server has other readers than the data.
    """
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["case_id", "split", "image_sha256", "label_sha256"])
        for case in manifest.cases:
            label = case.reference
            row = [case.id, case.split, case.image.sha256, label.mask.sha256 if label else ""]
            writer.writerow(quoted_cells(row))
