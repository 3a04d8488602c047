"""`dermaseg agreement ceiling`: a model beside people, on the same images."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dermaseg_monai.cli.agreement_scope import chosen_cases, require_folder
from dermaseg_monai.cli.agreement_tolerance import tolerance_for
from dermaseg_monai.cli.comma_list import comma_list
from dermaseg_monai.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

    from dermaseg_monai.agreement import ReadCase

_SEED = 0
_BOTH_EMPTY = 1.0


def ceiling(  # noqa: PLR0913 (each is one option of the command line)
    *,
    pred: Annotated[Path, typer.Option(help="Prediction folder, or a folder of masks named by case.")],
    out: Annotated[Path, typer.Option(help="Folder to write tables and summary into.")],
    margin: Annotated[float, typer.Option(help="So much less Dice still counts as the same, e.g. 0.05.")],
    manifest: Annotated[Path | None, typer.Option(help="Manifest with several annotations per case.")] = None,
    dataset_dir: Annotated[Path | None, typer.Option(help="Folder of its files; default: the manifest's.")] = None,
    root: Annotated[Path | None, typer.Option(help="Folder of masks, instead of a manifest.")] = None,
    pattern: Annotated[
        str | None,
        typer.Option(help="Their names, as '{annotator}/{case}.png'; without an ending: every type of image."),
    ] = None,
    photographs_dir: Annotated[
        Path | None,
        typer.Option("--images", help="Folder of the photographs, where it lies below --root: they are no outlines."),
    ] = None,
    split: Annotated[
        Literal["train", "val", "test"] | None, typer.Option(help="Only these cases of the manifest.")
    ] = None,
    cases: Annotated[
        Path | None, typer.Option(help="Only these cases: a list of ids, or a CSV; its first column has the ids.")
    ] = None,
    attributes: Annotated[str | None, typer.Option(help="Attributes or columns to divide the images by.")] = None,
    table: Annotated[list[Path] | None, typer.Option(help="CSV that says more about the cases; repeatable.")] = None,
    id_column: Annotated[str, typer.Option(help="Its column with the case.")] = "id",
    group_column: Annotated[str | None, typer.Option(help="Its column with the patient or lesion.")] = None,
    tolerance_px: Annotated[
        str | None, typer.Option(help="Of surface Dice, for pictures: a number (default 2), or 'auto'.")
    ] = None,
    tolerance_mm: Annotated[
        str | None, typer.Option(help="The same for volumes, needed there: 0.2, or 'auto'.")
    ] = None,
    missing: Annotated[
        Literal["refuse", "zero"], typer.Option(help="Unusable predictions: stop, or count as missed lesions.")
    ] = "refuse",
) -> None:
    """Compare a model with people: how far it agrees with them beside how far they agree with each other.

    Every image with outlines of two people counts. 'Within human range' is said only when two one-sided tests on the
    paired images show it with the margin given here.
    """
    from dermaseg_monai.agreement import ceiling_table, summarise_ceiling, with_attributes  # noqa: PLC0415
    from dermaseg_monai.agreement.ceiling_files import ceilings_by, write_ceiling  # noqa: PLC0415

    if not 0 < margin < 1:
        raise ConfigError(f"--margin is {margin}; a difference in Dice lies between 0 and 1. 0.05 is usual.")
    read = _cases(manifest, dataset_dir, root=root, pattern=pattern, images=photographs_dir, split=split)
    read = chosen_cases(read, cases)
    require_folder(out)
    unit, used, more = tolerance_for(read, tolerance_px=tolerance_px, tolerance_mm=tolerance_mm)
    found = ceiling_table(
        read,
        pred,
        tolerance_px=used if unit == "px" else None,
        tolerance_mm=used if unit == "mm" else None,
        both_empty=_BOTH_EMPTY,
        missing=missing,
    )
    names = comma_list(attributes)
    images = found.images
    if table:
        images = with_attributes(images, table, id_column=id_column, attributes=names, group_column=group_column)
    elif names:
        images = _with_own(images, read, names)
    summary = summarise_ceiling(images, margin_dice=margin, seed=_SEED)
    groups = {name: ceilings_by(images, name, margin_dice=margin, seed=_SEED) for name in names}
    notes = [
        f"Surface Dice at {used:.4g} {unit}. HD95: the larger of both directed 95th percentiles.",
        f"Two empty outlines score {_BOTH_EMPTY:g}. Predictions: {pred.name}.",
        *more,
    ]
    written = write_ceiling(out, images, summary, groups=groups, notes=notes, failures=found.failures)
    typer.echo(written.plain())
    for failure in found.failures:
        typer.echo(f"Not used: {failure}", err=True)
    typer.echo(f"Wrote {out}")
    if found.failures:
        raise typer.Exit(1)


def _cases(
    manifest: Path | None,
    dataset_dir: Path | None,
    *,
    root: Path | None,
    pattern: str | None,
    images: Path | None,
    split: str | None,
) -> "list[ReadCase]":
    from dermaseg_monai.agreement import readings_of_folder, readings_of_manifest  # noqa: PLC0415
    from dermaseg_monai.cli.agreement_page import photographs  # noqa: PLC0415
    from dermaseg_monai.manifest import Manifest  # noqa: PLC0415

    if (manifest is None) == (root is None):
        raise ConfigError("Give the outlines of people in one way: --manifest FILE, or --root DIR --pattern P.")
    if images is not None and root is None:
        raise ConfigError("--images is for --root; a manifest names its photographs.")
    if manifest is not None:
        loaded = Manifest.load(manifest)
        chosen = {case.id for case in loaded.cases if split is None or case.split == split}
        if not chosen:
            raise ConfigError(f"{manifest} has no case of the split {split}. Leave --split out, or give another.")
        # of the whole manifest: cases of a split may belong together through one outside of it
        return [case for case in readings_of_manifest(loaded, dataset_dir or manifest.parent) if case.id in chosen]
    if pattern is None or root is None or split is not None:
        raise ConfigError("--root needs --pattern, as in '{case}_ann-{annotator}.png', and knows no --split.")
    return readings_of_folder(root, pattern, photographs=photographs(None, None, images))[0]


def _with_own(images: "pd.DataFrame", read: "list[ReadCase]", names: list[str]) -> "pd.DataFrame":
    known = {case.id: case.attributes for case in read}
    choices = sorted({key for row in known.values() for key in row})
    for name in names:
        if name not in choices:
            raise ConfigError(
                f"No case has the attribute {name!r}; there are {', '.join(choices) or 'none'}. Or give --table CSV."
            )
    return images.assign(**{name: [known[case_id].get(name) for case_id in images["case_id"]] for name in names})
