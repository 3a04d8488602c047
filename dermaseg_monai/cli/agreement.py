"""`dermaseg agreement`: how far people agree who outline the same lesions."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from dermaseg_monai.cli.agreement_adjudicate import adjudicate
from dermaseg_monai.cli.agreement_ceiling import ceiling
from dermaseg_monai.cli.agreement_consensus import consensus
from dermaseg_monai.cli.agreement_qualify import qualify
from dermaseg_monai.cli.agreement_read import independent_readings
from dermaseg_monai.cli.agreement_scope import chosen_cases, require_folder
from dermaseg_monai.cli.agreement_tolerance import AUTO, tolerance_for
from dermaseg_monai.cli.comma_list import comma_list
from dermaseg_monai.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

    from dermaseg_monai.agreement import Measured
    from dermaseg_monai.agreement.reading import ReadCase


class _Group(TyperGroup):
    context_class = typer.Context  # what a callback declares; typer itself makes one of another class


agreement_app = typer.Typer(cls=_Group, help="How far people agree who outline the same lesions.")
agreement_app.command("ceiling")(ceiling)
agreement_app.command("consensus")(consensus)
agreement_app.command("qualify")(qualify)
agreement_app.command("read")(independent_readings)
agreement_app.command("adjudicate")(adjudicate)

_SEED = 0
_BOTH_EMPTY = 1.0  # two readers who see no lesion agree
_BAND_DIAMETERS = 0.2  # as much skin around a disc as the disc itself


@agreement_app.callback(invoke_without_command=True)
def agreement(  # noqa: PLR0913 (each is one option of the command line)
    context: typer.Context,
    *,
    out: Annotated[Path | None, typer.Option(help="Folder to write tables and summary into.")] = None,
    manifest: Annotated[Path | None, typer.Option(help="Manifest with several annotations per case.")] = None,
    dataset_dir: Annotated[Path | None, typer.Option(help="Folder of its files; default: the manifest's.")] = None,
    root: Annotated[Path | None, typer.Option(help="Folder of masks, instead of a manifest.")] = None,
    pattern: Annotated[
        str | None,
        typer.Option(help="Their names, as '{annotator}/{case}.png'; without an ending: every type of image."),
    ] = None,
    pairs: Annotated[Path | None, typer.Option(help="CSV of pairs computed elsewhere, instead of masks.")] = None,
    leave_out: Annotated[str | None, typer.Option(help="Annotators of --pairs who are no people, e.g. ST,MV.")] = None,
    table: Annotated[list[Path] | None, typer.Option(help="CSV that says more about the cases; repeatable.")] = None,
    id_column: Annotated[str, typer.Option(help="Its column with the case.")] = "id",
    attributes: Annotated[str | None, typer.Option(help="Columns or attributes to divide the pairs by.")] = None,
    group_column: Annotated[str | None, typer.Option(help="Its column with the patient or lesion.")] = None,
    cases: Annotated[
        Path | None, typer.Option(help="Only these cases: a list of ids, or a CSV; its first column has the ids.")
    ] = None,
    tolerance_px: Annotated[
        str | None,
        typer.Option(help="Of surface Dice, for pictures: a number (default 2), or 'auto', from repeated outlines."),
    ] = None,
    tolerance_mm: Annotated[
        str | None, typer.Option(help="The same for volumes, needed there: 0.2, or 'auto'.")
    ] = None,
    flag_below: Annotated[float, typer.Option(min=0, max=1, help="A pair with a lower Dice is flagged.")] = 0.7,
    images: Annotated[
        Path | None, typer.Option(help="Photographs named by case, for --root; drawn on the page.")
    ] = None,
    tracking_uri: Annotated[str | None, typer.Option(help="Log to this MLflow store too.")] = None,
    fail_under: Annotated[float | None, typer.Option(min=0, max=1, help="Exit 1 when mean Dice is lower.")] = None,
) -> None:
    """Measure every pair of outlines and who draws how; write tables, pictures of errors, a summary and a page."""
    if context.invoked_subcommand is not None:
        return
    if out is None:
        raise ConfigError("Say where the tables and the summary go: --out DIR.")
    from dermaseg_monai.agreement import only_cases, reader_tables, with_attributes  # noqa: PLC0415
    from dermaseg_monai.agreement.coverage import capital_words, coverage_words  # noqa: PLC0415
    from dermaseg_monai.agreement.study import write_study  # noqa: PLC0415
    from dermaseg_monai.cli.agreement_errors import draw_errors  # noqa: PLC0415
    from dermaseg_monai.cli.agreement_page import photographs, tracker_of, write_page  # noqa: PLC0415

    tracker = None if tracking_uri is None else tracker_of(tracking_uri, out, manifest)
    shown = photographs(manifest, dataset_dir, images)
    names = comma_list(attributes)
    tolerance = {"tolerance_px": tolerance_px, "tolerance_mm": tolerance_mm}
    if names and manifest is None and not table:
        raise ConfigError(f"--attributes {attributes} needs a table that has them: --table CSV --id-column COLUMN.")
    if pairs is None:
        read, warnings = _read(manifest=manifest, dataset_dir=dataset_dir, root=root, pattern=pattern, images=images)
        read = chosen_cases(read, cases)
        warnings += capital_words(read)
        require_folder(out)
        found, measured, covered, more = _measured(read, tolerance, names if manifest is not None and not table else [])
        notes = [*more, *coverage_words(covered, measured.masks)]
    else:
        found, measured, covered, notes = _of_others(pairs, leave_out, tolerance, other=manifest or root)
        warnings = []
        found = found if cases is None else only_cases(found, cases)
    if table:
        found = with_attributes(found, table, id_column=id_column, attributes=names, group_column=group_column)
        measured = replace(measured, pairs=found)  # who draws how is bootstrapped over the same groups
    notes += [] if cases is None else [f"Only the cases of {cases.name}."]
    readers = reader_tables(measured, seed=_SEED)
    study = write_study(
        out, found, measured.masks, factors=names, notes=notes, failures=measured.failures, below_dice=flag_below,
        seed=_SEED, votes=measured.votes, sections=readers.sections(), warnings=warnings,
    )  # fmt: skip
    _write_coverage(out / "coverage.csv", covered)
    typer.echo(study.text)
    if len(readers.bias):
        readers.write(out)
    draw_errors(out / "errors", readers.worst(), measured.masks, shown)
    for failure in measured.failures:
        typer.echo(f"Left out: {failure}", err=True)
    write_page(out, shown, tracker)
    if fail_under is not None and study.dice < fail_under:
        raise ConfigError(
            f"Mean pairwise Dice is {study.dice:.3f}, below --fail-under {fail_under}. See {out / 'flags.csv'}."
        )
    if measured.failures:
        raise typer.Exit(1)


def _write_coverage(path: Path, covered: "pd.DataFrame") -> None:
    from dermaseg_monai.metrics.spreadsheet import write_table  # noqa: PLC0415

    if len(covered):
        write_table(path, covered)


def _read(
    *, manifest: Path | None, dataset_dir: Path | None, root: Path | None, pattern: str | None, images: Path | None
) -> "tuple[list[ReadCase], list[str]]":
    from dermaseg_monai.agreement import readings_of_folder, readings_of_manifest  # noqa: PLC0415
    from dermaseg_monai.cli.agreement_page import photographs  # noqa: PLC0415
    from dermaseg_monai.manifest import Manifest  # noqa: PLC0415

    if [manifest, root].count(None) != 1:
        raise ConfigError("Give the outlines in one way: --manifest FILE, or --root DIR --pattern P, or --pairs CSV.")
    if manifest is not None:
        return readings_of_manifest(Manifest.load(manifest), dataset_dir or manifest.parent), []
    if pattern is None or root is None:
        raise ConfigError("--root needs --pattern, as in --pattern '{case}_ann-{annotator}.png'.")
    shown = photographs(None, None, images)
    read, strange = readings_of_folder(root, pattern, photographs=shown)
    read = [replace(case, image=shown.get(case.id)) for case in read]
    words = f"Left out: {len(strange)} images are hidden or do not fit {pattern!r} and are no outlines"
    return read, [f"{words}, first {strange[0].relative_to(root.expanduser()).as_posix()}."] if strange else []


def _measured(
    read: "list[ReadCase]", tolerance: dict[str, str | None], attributes: list[str]
) -> "tuple[pd.DataFrame, Measured, pd.DataFrame, list[str]]":
    from dermaseg_monai.agreement import measure  # noqa: PLC0415
    from dermaseg_monai.agreement.coverage import coverage  # noqa: PLC0415

    unit, used, more = tolerance_for(read, **tolerance)
    lengths = "Lengths in px." if unit == "px" else "Volumes: lengths in mm and mm³ by the affine of each file."
    distances = "HD95: the larger of both directed 95th percentiles."
    notes = [
        f"{lengths} Surface Dice at {used:.4g} {unit}. {distances} Two empty outlines score {_BOTH_EMPTY:g}.",
        *more,
        f"Band around the lesion: {_BAND_DIAMETERS:g} equivalent diameters of the union of all outlines.",
    ]
    measured = measure(
        read,
        tolerance_px=used if unit == "px" else None,
        tolerance_mm=used if unit == "mm" else None,
        both_empty=_BOTH_EMPTY,
        band_diameters=_BAND_DIAMETERS,
    )
    table = measured.pairs
    known: dict[str, dict[str, Any]] = {case.id: dict(case.attributes) for case in read}
    for name in attributes:
        if not any(name in row for row in known.values()):
            choices = ", ".join(sorted({key for row in known.values() for key in row})) or "none"
            raise ConfigError(f"No case of the manifest has the attribute {name!r}; there are {choices}.")
        table[name] = [known[case_id].get(name) for case_id in table["case_id"]]
    return table, measured, coverage([case.id for case in read], measured.masks), notes


def _of_others(
    pairs: Path, leave_out: str | None, tolerance: dict[str, str | None], *, other: Path | None
) -> "tuple[pd.DataFrame, Measured, pd.DataFrame, list[str]]":
    import pandas as pd  # noqa: PLC0415

    from dermaseg_monai.agreement import read_pairs  # noqa: PLC0415
    from dermaseg_monai.agreement.measurement import no_masks  # noqa: PLC0415

    if other is not None:
        raise ConfigError("Give the outlines in one way: --manifest FILE, or --root DIR --pattern P, or --pairs CSV.")
    if AUTO in tolerance.values():
        raise ConfigError("--tolerance-px auto needs the masks; --pairs has none. Leave one of them out.")
    words = comma_list(leave_out)
    found, left = read_pairs(pairs, leave_out=words)
    note = f"Pairs as {pairs.name} gives them; {left} rows with {', '.join(words) or 'nobody'} left out."
    return found, no_masks(found), pd.DataFrame(), [note]
