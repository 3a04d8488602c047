"""`dermaseg ensemble`: the mean of what several networks predicted."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dermaseg_monai.predict import Ensemble, Member, Reference

_SHOWN = 3


def ensemble(
    folders: Annotated[list[Path], typer.Argument(help="Prediction folders of the same pictures, two or more.")],
    out: Annotated[Path, typer.Option(help="Folder to write.")],
    *,
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Lesion from this probability on; default: the members' own.")
    ] = None,
    manifest: Annotated[
        Path | None, typer.Option(help="Manifest of the references; default: the first folder's own.")
    ] = None,
    dataset_dir: Annotated[Path | None, typer.Option(help="Where its paths start; default: the folder's own.")] = None,
    images: Annotated[
        Path | None, typer.Option(help="Folder of the photographs, for overlays; default: the manifest's own.")
    ] = None,
    tracking_uri: Annotated[str | None, typer.Option(help="Log to this MLflow store too.")] = None,
) -> None:
    """Average the probabilities of several networks, of any kind and size; the mean is scored when they were.

    Predict or evaluate with each network first. The column member_dice of cases.csv says how far the networks agree
    on a picture. A mean of photographs that is not scored has a page, index.html, as every such prediction. The mean of
    the weights of trainings from one start (dermaseg average) is one network and as fast.
    """
    from dermaseg_monai.engines.prediction_record import prediction_words  # noqa: PLC0415
    from dermaseg_monai.images import is_volume  # noqa: PLC0415
    from dermaseg_monai.predict import (  # noqa: PLC0415
        average_predictions,
        open_members,
        photographs_in,
        require_apart,
        require_mean_replaceable,
    )
    from dermaseg_monai.report import PredictionPage  # noqa: PLC0415

    members = open_members(folders)
    require_apart(out, members)
    reference = _reference(members, manifest, dataset_dir)
    require_mean_replaceable(out, members, reference)  # before a tracker writes its own run.json
    photographs = {} if reference is None else reference.photographs
    if images is not None:
        photographs = photographs_in(images, members[0])
    with _tracked(tracking_uri, out, reference, members) as finish:
        done = average_predictions(members, out, threshold=threshold, reference=reference, photographs=photographs)
        finish(done)
    if done.summary is not None:
        typer.echo(f"{done.summary}\n")
    for case_id, reason in list(done.failed.items())[:_SHOWN]:
        typer.echo(f"{case_id}: {reason}", err=True)
    typer.echo(prediction_words(out, done.rows))
    if done.summary is None and not any(is_volume(row["image"]) for row in done.rows.values()):
        PredictionPage(out).write()


@contextmanager
def _tracked(
    uri: str | None, out: Path, reference: "Reference | None", members: "Sequence[Member]"
) -> "Generator[Callable[[Ensemble], None]]":
    """Open a run in MLflow for the block, which calls what it is given with its result; does nothing without `uri`."""
    if uri is None:
        yield lambda _done: None
        return
    from dermaseg_monai.bundle.sheet import Sheet  # noqa: PLC0415
    from dermaseg_monai.tracking import MLflowTracker, summary_figures  # noqa: PLC0415
    from dermaseg_monai.tracking.training import status_of  # noqa: PLC0415

    config = {"members": [str(member.folder) for member in members], **(reference.config if reference else {})}
    tracker = MLflowTracker(
        tracking_uri=uri,
        experiment="ensemble",
        output_dir=out,
        run_name=out.name,
        sheet=Sheet(config=config),
        manifest=reference.manifest if reference else None,
    )

    def finish(done: "Ensemble") -> None:
        if done.summary is not None:
            figures = summary_figures(done.summary, (reference.split if reference else None) or "all")
            tracker.log_metrics(figures, step=0)
            tracker.note_figures(figures)
        for name in ("cases.csv", "summary.json", "summary.md"):
            if (out / name).is_file():
                tracker.log_file(out / name, "evaluation")

    tracker.start(job="evaluation")
    try:
        yield finish
    except BaseException as error:
        tracker.end(status_of(error))
        raise
    tracker.end("FINISHED")
    typer.echo(f"Logged to MLflow: {tracker.view_command}")


def _reference(members: "Sequence[Member]", manifest: Path | None, dataset_dir: Path | None) -> "Reference | None":
    from dermaseg_monai.cli.folder_data import folder_data  # noqa: PLC0415
    from dermaseg_monai.predict import Reference  # noqa: PLC0415

    if manifest is None and not any(member.is_scored for member in members):
        return None
    first = members[0]
    manifest, dataset_dir = folder_data(first.folder, manifest, dataset_dir)
    config = first.run.get("config") or {}
    return Reference.open(manifest, dataset_dir, case_ids=list(first.rows), config=config)
