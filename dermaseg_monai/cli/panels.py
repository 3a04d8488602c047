"""`dermaseg panels`: pictures of what a checkpoint does, case by case and on a contact sheet."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dermaseg_monai.errors import ConfigError, DataError

if TYPE_CHECKING:  # these draw with matplotlib, which `dermaseg --help` does not wait for
    from dermaseg_monai.report import Predictions

_SHEET_CASES = 4


def panels(
    checkpoint: Annotated[Path, typer.Argument(help="Run folder, model.safetensors, or a prediction folder.")],
    *,
    split: Annotated[Literal["val", "test"], typer.Option(help="What a checkpoint is evaluated on.")] = "test",
    case: Annotated[list[str] | None, typer.Option(help="Id of a case to draw; repeat for several.")] = None,
    contact_sheet: Annotated[
        int | None, typer.Option(min=1, max=20, help="Best, median and worst cases, so many of each; default: 4.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write; default: panels beside the predictions.")] = None,
    manifest: Annotated[Path | None, typer.Option(help="Manifest of the pictures; default: the run's own.")] = None,
    dataset_dir: Annotated[Path | None, typer.Option(help="Where its paths start; default: the run's own.")] = None,
) -> None:
    """Draw reference, prediction, errors, boundary and uncertainty of a trained network.

    A checkpoint is evaluated first, by its bundle and with its own configuration, unless that was done. Without --case
    the contact sheet is drawn, and a picture of each of its cases; with it these cases, and the sheet when it is asked
    for. Cases that cannot be shown are named.
    """
    predictions = _open(checkpoint, split, manifest=manifest, dataset_dir=dataset_dir)
    folder = out or predictions.folder / "panels"
    for row in [predictions.row(case_id) for case_id in dict.fromkeys(case or ())]:
        _draw_case(predictions, row.case_id, folder)
    if case and contact_sheet is None:
        return
    chosen = _draw_sheet(predictions, contact_sheet or _SHEET_CASES, folder)
    for case_id in () if case else chosen:
        try:
            _draw_case(predictions, case_id, folder)
        except DataError as error:
            typer.echo(f"Not drawn: {error}", err=True)
    for case_id, reason in predictions.unshown().items():
        typer.echo(f"Not in the ranking: {case_id!r}: {reason}", err=True)


def _open(checkpoint: Path, split: str, *, manifest: Path | None, dataset_dir: Path | None) -> "Predictions":
    from dermaseg_monai.cli.checkpoint import Checkpoint  # noqa: PLC0415
    from dermaseg_monai.cli.folder_data import folder_data  # noqa: PLC0415
    from dermaseg_monai.report import Predictions  # noqa: PLC0415

    folder = checkpoint
    if not (checkpoint / "cases.csv").is_file():
        found = Checkpoint.find(checkpoint)
        folder = found.prediction_folder(split, manifest)
        if not found.is_evaluated(folder):
            typer.echo(f"Evaluating {found.weights} on {split} into {folder} ...")
            found.evaluate(folder, split, manifest=manifest, dataset_dir=dataset_dir)
    try:
        manifest, dataset_dir = folder_data(folder, manifest, dataset_dir)
    except ConfigError as error:
        raise ConfigError(f"{error}{_outlines_in(folder)}") from error
    return Predictions(folder, manifest=manifest, dataset_dir=dataset_dir)


def _outlines_in(folder: Path) -> str:
    """Return where the outlines of a prediction without references are seen, as a sentence."""
    places = [folder / name for name in ("index.html", "overlays") if (folder / name).exists()]
    return f" Panels show references too; the outlines alone are in {places[0]}." if places else ""


def _draw_case(predictions: "Predictions", case_id: str, folder: Path) -> None:
    from dermaseg_monai.images import write_rgb  # noqa: PLC0415
    from dermaseg_monai.report import Panels  # noqa: PLC0415

    row, drawer = predictions.row(case_id), Panels()
    views = predictions.views(row, side_px=drawer.column_px)
    picture = drawer.draw(views, case_id=case_id, scores="    ".join(row.score_words))
    path = folder / "cases" / row.picture_name
    write_rgb(path, picture)
    typer.echo(f"Wrote {path}")


def _draw_sheet(predictions: "Predictions", count: int, folder: Path) -> list[str]:
    from dermaseg_monai.images import write_rgb  # noqa: PLC0415
    from dermaseg_monai.report import draw_contact_sheet, pick  # noqa: PLC0415

    write_rgb(folder / "contact_sheet.png", draw_contact_sheet(predictions, cases=count))
    typer.echo(f"Wrote {folder / 'contact_sheet.png'}")
    return [ranked.row.case_id for group in pick(predictions.rows, count).values() for ranked in group]
