"""`dermaseg agreement adjudicate`: what a senior reader decides, out to Label Studio and back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dermaseg_monai.cli.comma_list import comma_list
from dermaseg_monai.cli.label_tool import new_manifest, people_of, require_new
from dermaseg_monai.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from dermaseg_monai.arrays import BoolMask as Mask
    from dermaseg_monai.images import Rgb
    from dermaseg_monai.manifest import Case, Manifest

_AGAIN = " (again"  # after the name of who drew the case twice


def adjudicate(
    manifest: Annotated[Path, typer.Option(help="Manifest of the cases.")],
    out: Annotated[Path, typer.Option(help="New folder for queue and tasks; with --import the new manifest (.json).")],
    *,
    dataset_dir: Annotated[Path | None, typer.Option(help="Folder of its files; default: the manifest's.")] = None,
    study: Annotated[Path | None, typer.Option(help="Folder that `dermaseg agreement` wrote.")] = None,
    malignant: Annotated[str | None, typer.Option(help="Diagnoses that come first: 'ATTRIBUTE=VALUE,VALUE'.")] = None,
    pred: Annotated[Path | None, typer.Option(help="Folder of predictions, whose uncertainty raises a case.")] = None,
    image_url: Annotated[
        str | None, typer.Option(help="Where Label Studio finds the files; default: pictures go into the tasks.")
    ] = None,
    import_: Annotated[
        Path | None, typer.Option("--import", help="JSON export with the senior reader's masks.")
    ] = None,
    queue: Annotated[Path | None, typer.Option(help="The queue.csv that the tasks of the export came with.")] = None,
    seniors: Annotated[
        str | None, typer.Option(help="Who may decide, by account number or e-mail: '4=dr-ada,7=dr-bo'.")
    ] = None,
) -> None:
    """Write the ranked queue and its Label Studio tasks (--study); or take the decisions back (--import)."""
    from dermaseg_monai.manifest import Manifest  # noqa: PLC0415

    if (study is None) == (import_ is None):
        raise ConfigError("Say what to do: --study DIR makes the queue, --import EXPORT.json takes the decisions back.")
    known, root = Manifest.load(manifest), dataset_dir or manifest.parent
    if import_ is not None:
        if queue is None or seniors is None:
            raise ConfigError("--import needs --queue queue.csv and --seniors 'ACCOUNT=NAME,...': who was asked what.")
        from dermaseg_monai.agreement.adjudication_queue import read_queue  # noqa: PLC0415

        people = people_of(seniors, "--seniors")
        typer.echo(new_manifest(known, root, import_, out, asked=read_queue(queue), people=people, role="adjudicated"))
        return
    assert study is not None, "one of the two"  # noqa: S101
    require_new(out)
    table, notes = _queue(known, root, study, malignant, pred)
    tasks = _tasks(
        known, root, table, image_url, _colours(known, study)
    )  # before anything is written: a picture may be unreadable
    if len(tasks) < len(table):
        notes.append(
            f"{len(table) - len(tasks)} cases are volumes and have no task, because Label Studio paints on "
            "photographs: decide them in an editor of NIfTI, and add the masks to the manifest with role adjudicated."
        )
    _write(table, notes, tasks, out)
    typer.echo("\n".join([_words(table, known), *notes, f"Wrote {out}"]))


def _queue(
    known: "Manifest", root: Path, study: Path, malignant: str | None, pred: Path | None
) -> "tuple[pd.DataFrame, list[str]]":
    from dermaseg_monai.agreement.adjudication_queue import QUEUE_FORMULA, adjudication_queue  # noqa: PLC0415
    from dermaseg_monai.agreement.model_uncertainty import UNCERTAINTY_FORMULA, read_uncertainty  # noqa: PLC0415

    uncertainty = {} if pred is None else read_uncertainty(pred)
    table = adjudication_queue(known, root, study, malignant=_diagnoses(malignant), uncertainty=uncertainty)
    notes = [f"Order: {QUEUE_FORMULA}."]
    if malignant is None:
        notes.append("No diagnosis was given (--malignant): no case is put first for it.")
    if pred is not None:
        unasked = table["uncertainty"].isna().tolist().count(True)
        notes.append(f"Model: {UNCERTAINTY_FORMULA}. {unasked} cases of the queue have no prediction.")
    return table, notes


def _diagnoses(text: str | None) -> tuple[str, list[str]] | None:
    if text is None:
        return None
    name, sign, values = text.partition("=")
    if not sign or not name.strip():
        raise ConfigError(f"--malignant {text!r} is not understood; write 'diagnosis=melanoma,basal cell carcinoma'.")
    return name.strip(), comma_list(values)


def _write(table: "pd.DataFrame", notes: list[str], tasks: list[dict[str, Any]], out: Path) -> None:
    from dermaseg_monai.exchange import ADJUDICATION_PAGE  # noqa: PLC0415
    from dermaseg_monai.files import write_json, write_text  # noqa: PLC0415
    from dermaseg_monai.metrics.spreadsheet import write_table  # noqa: PLC0415

    write_table(out / "queue.csv", table)
    write_text(out / "README.txt", "\n".join(notes) + "\n")
    if tasks:
        write_json(out / "tasks.json", tasks)
        write_text(out / "labelling.xml", ADJUDICATION_PAGE)


def _colours(known: "Manifest", study: Path) -> "dict[str, Rgb]":
    """Return the colours of the page of the study; a reader who is not in it has that of the manifest."""
    from dermaseg_monai.agreement.reading import annotators_of  # noqa: PLC0415
    from dermaseg_monai.images import reader_colours  # noqa: PLC0415
    from dermaseg_monai.report.agreement_readers import readers_of  # noqa: PLC0415
    from dermaseg_monai.report.study_tables import StudyTables  # noqa: PLC0415

    return reader_colours(annotators_of(known)) | reader_colours(readers_of(StudyTables.read(study)))


def _tasks(
    known: "Manifest", root: Path, table: "pd.DataFrame", image_url: str | None, colours: "Mapping[str, Rgb]"
) -> list[dict[str, Any]]:
    cases = {case.id: case for case in known.cases}
    rows: list[dict[str, Any]] = table.to_dict(orient="records")  # pyright: ignore[reportCallIssue] (pandas' stub)
    painted = [(cases[row["case_id"]], row) for row in rows if not _of_volume(cases[row["case_id"]])]
    return [_task(case, row, root, image_url, colours) for case, row in painted]


def _of_volume(case: "Case") -> bool:
    from dermaseg_monai.images import is_volume  # noqa: PLC0415

    return is_volume(case.image.path)


def _task(
    case: "Case", row: dict[str, Any], root: Path, image_url: str | None, colours: "Mapping[str, Rgb]"
) -> dict[str, Any]:
    from dermaseg_monai.exchange import embedded_picture, task  # noqa: PLC0415
    from dermaseg_monai.images import CONSENSUS_RGB, read_image  # noqa: PLC0415
    from dermaseg_monai.report import draw_outline_panel  # noqa: PLC0415

    image = read_image(root / case.image.path).pixels
    masks = _masks(case, root, image.shape[:2])
    facts = f"rank {row['rank']}, least Dice {row['least_dice']:.3f}, {row['flags']}"
    looks = {name: colours.get(_person(name), CONSENSUS_RGB) for name in masks}
    picture = embedded_picture(draw_outline_panel(image, masks, colours=looks, case_id=case.id, words=[facts]))
    place = embedded_picture(image) if image_url is None else image_url + case.image.path
    # Label Studio begins with the last of them: with nobody's own
    order = dict(reversed(masks.items()))
    return task(case.id, str(row["digest"]), place, shown={"outlines": picture, "facts": facts}, masks=order)


def _masks(case: "Case", root: Path, size: tuple[int, ...]) -> "dict[str, Mask]":
    from dermaseg_monai.agreement import readings_of_case  # noqa: PLC0415
    from dermaseg_monai.agreement.consensus_methods import majority  # noqa: PLC0415
    from dermaseg_monai.images import read_mask  # noqa: PLC0415

    drawn: dict[str, Mask] = {}
    votes: dict[str, Mask] = {}
    for reading in readings_of_case(case, root):
        mask = read_mask(reading.mask)
        if mask.shape != size:
            continue  # the study has named it among its failures
        votes.setdefault(reading.annotator, mask)  # who drew twice has one vote
        times = sum(_person(name) == reading.annotator for name in drawn)
        drawn[reading.annotator + (f"{_AGAIN}, {times})" if times else "")] = mask
    if not drawn:
        raise DataError(f"Case {case.id!r} has no outline on the grid of its picture. Correct the manifest first.")
    return {f"consensus (more than half of {len(votes)})": majority(list(votes.values()), tie="skin"), **drawn}


def _person(name: str) -> str:
    return name.split(_AGAIN, maxsplit=1)[0]


def _words(table: "pd.DataFrame", known: "Manifest") -> str:
    first = table["malignant"].tolist().count(True)
    said = f"{len(table)} of {len(known.cases)} cases of {known.name} wait for a decision, {first} of them malignant."
    return said if len(table) else f"{said} Nothing to adjudicate; there are no tasks."
