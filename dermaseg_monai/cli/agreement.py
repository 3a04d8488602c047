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
_REPEAT_QUANTILE = 0.95


@agreement_app.callback(invoke_without_command=True)
def agreement(  # noqa: PLR0913 (each is one option of the command line)
    context: typer.Context,
    *,
    out: Annotated[Path | None, typer.Option(help="Folder to write tables and summary into.")] = None,
    manifest: Annotated[Path | None, typer.Option(help="Manifest with several annotations per case.")] = None,
    dataset_dir: Annotated[Path | None, typer.Option(help="Folder of its files; default: the manifest's.")] = None,
    root: Annotated[Path | None, typer.Option(help="Folder of masks, instead of a manifest.")] = None,
    pattern: Annotated[str | None, typer.Option(help="Their names, as '{case}_ann-{annotator}.png'.")] = None,
    pairs: Annotated[Path | None, typer.Option(help="CSV of pairs computed elsewhere, instead of masks.")] = None,
    leave_out: Annotated[str | None, typer.Option(help="Annotators of --pairs who are no people, e.g. ST,MV.")] = None,
    table: Annotated[list[Path] | None, typer.Option(help="CSV that says more about the cases; repeatable.")] = None,
    id_column: Annotated[str, typer.Option(help="Its column with the case.")] = "id",
    attributes: Annotated[str | None, typer.Option(help="Columns or attributes to divide the pairs by.")] = None,
    group_column: Annotated[str | None, typer.Option(help="Its column with the patient or lesion.")] = None,
    cases: Annotated[
        Path | None, typer.Option(help="Only these cases: a list of ids, or a CSV whose first column.")
    ] = None,
    tolerance_px: Annotated[
        str, typer.Option(help="Of surface Dice: a number, or 'auto', from annotators who drew a case twice.")
    ] = "2",
    flag_below: Annotated[float, typer.Option(min=0, max=1, help="A pair with a lower Dice is flagged.")] = 0.7,
    images: Annotated[
        Path | None, typer.Option(help="Photographs named by case, for --root; drawn on the page.")
    ] = None,
    tracking_uri: Annotated[
        str | None, typer.Option("--tracking-uri", "--tracking_uri", help="Log to this MLflow store too.")
    ] = None,
    fail_under: Annotated[float | None, typer.Option(min=0, max=1, help="Exit 1 when mean Dice is lower.")] = None,
) -> None:
    """Measure every pair of outlines and who draws how; write tables, pictures of errors, a summary and a page."""
    if context.invoked_subcommand is not None:
        return
    if out is None:
        raise ConfigError("Say where the tables and the summary go: --out DIR.")
    from dermaseg_monai.agreement import only_cases, reader_tables, with_attributes  # noqa: PLC0415
    from dermaseg_monai.agreement.study import write_study  # noqa: PLC0415
    from dermaseg_monai.cli.agreement_errors import draw_errors  # noqa: PLC0415
    from dermaseg_monai.cli.agreement_page import photographs, tracker_of, write_page  # noqa: PLC0415

    tracker = None if tracking_uri is None else tracker_of(tracking_uri, out, manifest)
    shown = photographs(manifest, dataset_dir, images)
    names = [word.strip() for word in (attributes or "").split(",") if word.strip()]
    found, measured, covered, notes, failures = _pairs(
        manifest=manifest, dataset_dir=dataset_dir, root=root, pattern=pattern, pairs=pairs,
        leave_out=leave_out, tolerance_px=tolerance_px, attributes=names if manifest is not None else [],
    )  # fmt: skip
    if table:
        found = with_attributes(found, table, id_column=id_column, attributes=names, group_column=group_column)
        measured = replace(measured, pairs=found)  # who draws how is bootstrapped over the same groups
    elif names and manifest is None:
        raise ConfigError(f"--attributes {attributes} needs a table that has them: --table CSV --id-column COLUMN.")
    if cases is not None:
        found = only_cases(found, cases)
        measured = measured.only(set(found["case_id"]))
        notes.append(f"Only the cases of {cases.name}.")
    readers = reader_tables(measured, seed=_SEED)
    study = write_study(
        out, found, measured.masks, factors=names, notes=notes, failures=failures, below_dice=flag_below, seed=_SEED,
        votes=measured.votes, sections=readers.sections(),
    )  # fmt: skip
    _write_coverage(out / "coverage.csv", covered)
    typer.echo(study.text)
    if len(readers.bias):
        readers.write(out)
    draw_errors(out / "errors", readers.worst(), measured.masks, shown)
    for failure in failures:
        typer.echo(f"Left out: {failure}", err=True)
    write_page(out, shown, tracker)
    if fail_under is not None and study.dice < fail_under:
        raise ConfigError(
            f"Mean pairwise Dice is {study.dice:.3f}, below --fail-under {fail_under}. See {out / 'flags.csv'}."
        )
    if failures:
        raise typer.Exit(1)


def _write_coverage(path: Path, covered: "pd.DataFrame") -> None:
    from dermaseg_monai.files import replacing  # noqa: PLC0415

    if len(covered):
        with replacing(path) as temporary:
            covered.to_csv(temporary, index=False)


def _pairs(
    *, manifest: Path | None, dataset_dir: Path | None, root: Path | None, pattern: str | None,
    pairs: Path | None, leave_out: str | None, tolerance_px: str, attributes: list[str],
) -> "tuple[pd.DataFrame, Measured, pd.DataFrame, list[str], tuple[str, ...]]":  # fmt: skip
    import pandas as pd  # noqa: PLC0415

    from dermaseg_monai.agreement import measure, read_pairs, readings_of_folder, readings_of_manifest  # noqa: PLC0415
    from dermaseg_monai.agreement.coverage import coverage, coverage_words  # noqa: PLC0415
    from dermaseg_monai.agreement.measurement import no_masks  # noqa: PLC0415
    from dermaseg_monai.manifest import Manifest  # noqa: PLC0415

    if [manifest, root, pairs].count(None) != 2:  # noqa: PLR2004 (one of three)
        raise ConfigError("Give the outlines in one way: --manifest FILE, or --root DIR --pattern P, or --pairs CSV.")
    given_px = _given_px(tolerance_px)
    if pairs is not None:
        if given_px is None:
            raise ConfigError("--tolerance-px auto needs the masks; --pairs has none. Leave one of them out.")
        words = [word.strip() for word in (leave_out or "").split(",") if word.strip()]
        found, left = read_pairs(pairs, leave_out=words)
        note = f"Pairs as {pairs.name} gives them; {left} rows with {', '.join(words) or 'nobody'} left out."
        return found, no_masks(found), pd.DataFrame(), [note], ()
    notes: list[str] = []
    if manifest is not None:
        read = readings_of_manifest(Manifest.load(manifest), dataset_dir or manifest.parent)
    else:
        if pattern is None or root is None:
            raise ConfigError("--root needs --pattern, as in --pattern '{case}_ann-{annotator}.png'.")
        read, strange = readings_of_folder(root, pattern)
        if strange:
            notes.append(f"{len(strange)} images do not fit {pattern!r} and are no outlines, first {strange[0].name}.")
    used_px, more = _tolerance(read, given_px)
    definitions = "HD95: the larger of both directed 95th percentiles."
    band = f"Band around the lesion: {_BAND_DIAMETERS:g} equivalent diameters of the union of all outlines."
    notes = [
        f"Surface Dice at {used_px:.4g} px. {definitions} Two empty outlines score {_BOTH_EMPTY:g}.",
        *more,
        band,
        *notes,
    ]
    measured = measure(read, tolerance_px=used_px, both_empty=_BOTH_EMPTY, band_diameters=_BAND_DIAMETERS)
    table = measured.pairs
    known: dict[str, dict[str, Any]] = {case.id: dict(case.attributes) for case in read}
    for name in attributes:
        if not any(name in row for row in known.values()):
            choices = ", ".join(sorted({key for row in known.values() for key in row})) or "none"
            raise ConfigError(f"No case of {manifest} has the attribute {name!r}; there are {choices}.")
        table[name] = [known[case_id].get(name) for case_id in table["case_id"]]
    covered = coverage([case.id for case in read], measured.masks)
    notes += coverage_words(covered, measured.masks)
    return table, measured, covered, notes, measured.failures


def _given_px(text: str) -> float | None:
    if text == "auto":
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise ConfigError(f"--tolerance-px is {text!r}, but it is a number of pixels from 0, or auto.")
    return value


def _tolerance(read: "list[ReadCase]", given_px: float | None) -> tuple[float, list[str]]:
    from dermaseg_monai.agreement.tolerance import repeat_tolerance  # noqa: PLC0415

    if given_px is not None:
        return given_px, []
    found = repeat_tolerance(read, quantile=_REPEAT_QUANTILE)
    return found.px, [found.note()]
