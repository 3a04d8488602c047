"""The page of an agreement study, and its run in MLflow."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from dermaseg_monai.errors import DataError, DermasegError

if TYPE_CHECKING:
    from dermaseg_monai.tracking import MLflowTracker

_PRIVATE = frozenset({"pairs.csv", "masks.csv", "errors.csv", "copies.csv"})  # patients, and where files lie


def photographs(manifest: Path | None, dataset_dir: Path | None, images: Path | None) -> dict[str, Path]:
    """Return the photograph of each case: those of the manifest, or those of a folder named by case.

    Raises:
        DataError: there is no such folder or manifest, or two photographs have one name.
    """
    from dermaseg_monai.images.picture import PHOTOGRAPH_SUFFIXES  # noqa: PLC0415
    from dermaseg_monai.manifest import Manifest  # noqa: PLC0415
    from dermaseg_monai.manifest.listing import files_below, images_by_id  # noqa: PLC0415

    if images is not None:
        if not images.is_dir():
            raise DataError(f"There is no folder {images}. Pass the folder with the photographs with --images.")
        return images_by_id(files_below(images, PHOTOGRAPH_SUFFIXES))
    if manifest is None:
        return {}
    root = dataset_dir or manifest.parent
    return {case.id: root / case.image.path for case in Manifest.load(manifest).cases}


def tracker_of(tracking_uri: str, out: Path, manifest: Path | None) -> "MLflowTracker":
    """Return the tracker of a study; the address is checked before anything is measured.

    Raises:
        ConfigError: the address is none that MLflow takes.
    """
    from dermaseg_monai.tracking import MLflowTracker  # noqa: PLC0415

    return MLflowTracker(
        tracking_uri=tracking_uri, experiment="agreement", output_dir=out, run_name=out.name, manifest=manifest
    )


def write_page(out: Path, shown: Mapping[str, Path], tracker: "MLflowTracker | None") -> None:
    """Write index.html beside the tables, say so, and log everything where that is wanted.

    Tables are there already: neither a page that cannot be drawn nor a store that is away costs them.
    """
    from dermaseg_monai.report.agreement_page import write_agreement_page  # noqa: PLC0415

    try:
        typer.echo(f"Wrote {write_agreement_page(out, shown)} and the tables beside it")
    except DermasegError as error:
        typer.echo(f"Wrote {out}, without its page: {error}", err=True)
    if tracker is not None:
        _log(out, tracker)


def _log(out: Path, tracker: "MLflowTracker") -> None:
    tracker.start(job="agreement")
    figures = _figures(json.loads((out / "summary.json").read_text(encoding="utf-8")))
    tracker.log_metrics(figures, step=0)
    tracker.note_figures(figures)
    for path in sorted(out.iterdir()):
        if path.suffix in {".csv", ".json", ".md", ".html"} and path.name not in {*_PRIVATE, "run.json"}:
            tracker.log_file(path, "agreement")
    tracker.end("FINISHED")
    typer.echo(f"Logged to MLflow: {tracker.view_command}")


def _figures(summary: Mapping[str, Any]) -> dict[str, float]:
    """Return mean, bounds and median of every score of each kind of pairs, and the counts."""
    figures: dict[str, float] = {}
    for kind, found in summary["agreement"].items():
        figures |= {f"{kind}_pairs": float(found["n_pairs"]), f"{kind}_images": float(found["n_images"])}
        for name, score in found["scores"].items():
            parts = {"": score["mean"], "_low": score["low"], "_high": score["high"], "_median": score["median"]}
            figures |= {f"{kind}_{name}{end}": float(value) for end, value in parts.items() if value is not None}
    return figures
