"""Which files a run used, as a table for MLflow."""

from pathlib import Path

from dermaseg_monai.files import write_csv
from dermaseg_monai.manifest import Manifest


def write_file_table(manifest: Manifest, path: str | Path) -> None:
    """Write case id, split and the sha256 of image and reference, one row per case.

    Paths, patients and attributes stay out: a tracking server has other readers than the data.
    """
    rows = (
        (case.id, case.split, case.image.sha256, case.reference.mask.sha256 if case.reference else "")
        for case in manifest.cases
    )
    write_csv(path, ["case_id", "split", "image_sha256", "label_sha256"], rows)
