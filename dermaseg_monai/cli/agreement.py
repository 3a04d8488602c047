"""`dermaseg agreement`: how far people agree who outline the same lesions."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dermaseg_monai.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

agreement_app = typer.Typer(help="How far people agree who outline the same lesions.")

_SEED = 0
_BOTH_EMPTY = 1.0  # two readers who see no lesion agree


@agreement_app.callback(invoke_without_command=True)
def agreement(  # noqa: PLR0913 (each is one option of the command line)
    out: Annotated[Path, typer.Option(help="Folder to write tables and summary into.")],
    *,
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
    tolerance_px: Annotated[float, typer.Option(min=0, help="Of surface Dice.")] = 2.0,
    flag_below: Annotated[float, typer.Option(min=0, max=1, help="A pair with a lower Dice is flagged.")] = 0.7,
    fail_under: Annotated[float | None, typer.Option(min=0, max=1, help="Exit 1 when mean Dice is lower.")] = None,
) -> None:
    """Measure every pair of outlines; write pairs, images, annotators, factors and flags as CSV, and a summary."""
    from dermaseg_monai.agreement import only_cases, with_attributes  # noqa: PLC0415
    from dermaseg_monai.agreement.study import write_study  # noqa: PLC0415

    names = [word.strip() for word in (attributes or "").split(",") if word.strip()]
    found, masks, notes, failures = _pairs(
        manifest=manifest, dataset_dir=dataset_dir, root=root, pattern=pattern, pairs=pairs,
        leave_out=leave_out, tolerance_px=tolerance_px, attributes=names if manifest is not None else [],
    )  # fmt: skip
    if table:
        found = with_attributes(found, table, id_column=id_column, attributes=names, group_column=group_column)
    elif names and manifest is None:
        raise ConfigError(f"--attributes {attributes} needs a table that has them: --table CSV --id-column COLUMN.")
    if cases is not None:
        found = only_cases(found, cases)
        notes.append(f"Only the cases of {cases.name}.")
    study = write_study(
        out, found, masks, factors=names, notes=notes, failures=failures, below_dice=flag_below, seed=_SEED
    )
    typer.echo(study.text)
    for failure in failures:
        typer.echo(f"Left out: {failure}", err=True)
    typer.echo(f"Wrote {out}")
    if fail_under is not None and study.dice < fail_under:
        raise ConfigError(
            f"Mean pairwise Dice is {study.dice:.3f}, below --fail-under {fail_under}. See {out / 'flags.csv'}."
        )
    if failures:
        raise typer.Exit(1)


def _pairs(
    *, manifest: Path | None, dataset_dir: Path | None, root: Path | None, pattern: str | None,
    pairs: Path | None, leave_out: str | None, tolerance_px: float, attributes: list[str],
) -> "tuple[pd.DataFrame, pd.DataFrame, list[str], tuple[str, ...]]":  # fmt: skip
    import pandas as pd  # noqa: PLC0415

    from dermaseg_monai.agreement import measure, read_pairs, readings_of_folder, readings_of_manifest  # noqa: PLC0415
    from dermaseg_monai.agreement.mask_facts import MASK_COLUMNS  # noqa: PLC0415
    from dermaseg_monai.manifest import Manifest  # noqa: PLC0415

    if [manifest, root, pairs].count(None) != 2:  # noqa: PLR2004 (one of three)
        raise ConfigError("Give the outlines in one way: --manifest FILE, or --root DIR --pattern P, or --pairs CSV.")
    if pairs is not None:
        words = [word.strip() for word in (leave_out or "").split(",") if word.strip()]
        found, left = read_pairs(pairs, leave_out=words)
        note = f"Pairs as {pairs.name} gives them; {left} rows with {', '.join(words) or 'nobody'} left out."
        return found, pd.DataFrame(columns=list(MASK_COLUMNS)), [note], ()
    definitions = "HD95: the larger of both directed 95th percentiles."
    notes = [f"Surface Dice at {tolerance_px:g} px. {definitions} Two empty outlines score {_BOTH_EMPTY:g}."]
    if manifest is not None:
        read = readings_of_manifest(Manifest.load(manifest), dataset_dir or manifest.parent)
    else:
        if pattern is None or root is None:
            raise ConfigError("--root needs --pattern, as in --pattern '{case}_ann-{annotator}.png'.")
        read, strange = readings_of_folder(root, pattern)
        if strange:
            notes.append(f"{len(strange)} images do not fit {pattern!r} and are no outlines, first {strange[0].name}.")
    measured = measure(read, tolerance_px=tolerance_px, both_empty=_BOTH_EMPTY)
    table = measured.pairs
    known: dict[str, dict[str, Any]] = {case.id: dict(case.attributes) for case in read}
    for name in attributes:
        if not any(name in row for row in known.values()):
            choices = ", ".join(sorted({key for row in known.values() for key in row})) or "none"
            raise ConfigError(f"No case of {manifest} has the attribute {name!r}; there are {choices}.")
        table[name] = [known[case_id].get(name) for case_id in table["case_id"]]
    return table, measured.masks, notes, measured.failures
