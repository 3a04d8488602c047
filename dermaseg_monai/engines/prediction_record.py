"""What a prediction folder says of itself: a row per case in cases.csv, and run.json."""

import csv
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dermaseg_monai import __version__
from dermaseg_monai.cells import quoted_row
from dermaseg_monai.engines.stems import file_stem
from dermaseg_monai.files import remove, replacing, sha256_of, write_json
from dermaseg_monai.metrics import ProbabilitySums

PURPOSE = "Supports a clinician's judgement and does not replace it. Not a medical device."

Row = dict[str, Any]

_SHOWN = 3
PARTS = ("masks", "probabilities", "uncertainty", "boundary", "overlays")
"""The sub-folders of a prediction folder, a file per case in each."""
RECORDS = (
    *("cases.csv", "summary.json", "summary.md", "contact_sheet.png", "index.html", "quality.csv", "quality.json"),
    *("confusion.json", "confusion.png", "ceiling.json", "ceiling.csv", "ceiling.md", "ceiling_by_*.csv"),
)
"""What a prediction folder says of its cases, beside run.json; with * for what there may be several of."""


def done_row(case_id: str, image: str, name: str, *, shape: tuple[int, ...], sums: ProbabilitySums) -> Row:
    """Return the row of a case whose mask was written as `name`; `sums` are those of its probabilities."""
    return {
        "case_id": case_id,
        "image": Path(image).name,
        "status": "ok",
        "reason": "",
        "file": name,
        "size_px": "x".join(map(str, shape)),
        "pred_px": sums.mask_px,
        "lesion_fraction": round(sums.mask_px / int(np.prod(shape, dtype=np.int64)), 6),
        "predicted_dice": round(sums.predicted_dice, 6),
    }


def failed_row(case_id: str, image: str, reason: str) -> Row:
    """Return the row of a case that could not be predicted."""
    return {"case_id": case_id, "image": Path(image).name, "status": "failed", "reason": reason}


def prediction_words(folder: str | Path, rows: Mapping[str, Row], *, weights: str | Path | None = None) -> str:
    """Return what a person is told of a prediction: where it is, what failed, whose it is, what to look at first."""
    done = {case_id: row for case_id, row in rows.items() if row["status"] == "ok"}
    failed = len(rows) - len(done)
    left = f", {failed} could not be predicted (cases.csv says why)" if failed else ""
    first = sorted(done, key=lambda case_id: (done[case_id]["pred_px"] != 0, done[case_id]["predicted_dice"], case_id))
    named = ", ".join(f"{case_id} ({_promise(done[case_id])})" for case_id in first[:_SHOWN])
    look = f"\nLook at these first, by predicted Dice: {named}" if named else ""
    used = "" if weights is None else f"\nWeights: {weights}"
    return f"Wrote {folder}: {len(done)} predicted{left}.{used}{look}"


def _promise(row: Row) -> str:
    # a network that is sure of an empty mask promises 1
    return f"{row['predicted_dice']:.2f}" if row["pred_px"] else "no lesion found"


def write_record(
    folder: Path,
    rows: Mapping[str, Row],
    *,
    failed: int,
    threshold: float,
    weights: str | Path | None,
    about: Mapping[str, Any],
    config: Mapping[str, Any] | None = None,
) -> None:
    """Write cases.csv, sorted by case id, and then run.json; a case that failed keeps no file of an earlier prediction.

    `config` says which manifest was predicted where no sheet does (a tracked evaluation writes its whole sheet there).
    Names of cases and files are chosen by others: a spreadsheet executes none of them (`dermaseg_monai.cells`).

    Raises:
        DataError: a file cannot be written.
    """
    for case_id, row in rows.items():
        if row["status"] == "failed":
            _remove_files(folder, case_id)
    _write_table(folder / "cases.csv", [rows[case_id] for case_id in sorted(rows)])
    used = None if weights is None else {"path": str(weights), "sha256": sha256_of(weights)}
    run = {
        "schema": 1,
        "written_at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "dermaseg_monai": __version__,
        "torch": str(torch.__version__),
        "threshold": threshold,
        "cases": len(rows),
        "failed": failed,
        "weights": used,
        "about": dict(about),
        "purpose": PURPOSE,
    }
    if config is not None:
        run["config"] = dict(config)
    write_json(folder / "run.json", run)


def remove_record(folder: Path) -> None:
    """Remove the table and the scores of an earlier prediction, before the first of its masks is written over.

    `run.json` stays until the new one takes its place, because it says whose masks lie there (`require_replaceable`).
    """
    for name in RECORDS:
        for file in sorted(folder.glob(name)):
            remove(file)


def _remove_files(folder: Path, case_id: str) -> None:
    for part in PARTS:
        for suffix in (".png", ".nii.gz"):
            remove(folder / part / f"{file_stem(case_id)}{suffix}")


def _write_table(path: Path, rows: list[Row]) -> None:
    columns = list(dict.fromkeys(key for row in sorted(rows, key=len, reverse=True) for key in row))
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="")
        writer.writeheader()
        writer.writerows(quoted_row(row) for row in rows)
