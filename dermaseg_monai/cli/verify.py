"""`dermaseg data verify`: is every file there, unchanged and usable, and what about the masks is worth a look?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from dermaseg_monai.manifest import Inspection

_LISTED: Final = 10


def verify(
    manifest: Annotated[Path, typer.Argument(help="Manifest (.json).")],
    dataset_dir: Annotated[Path | None, typer.Option(help="Folder of the files; default: the manifest's.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for problems.csv and problems.html with pictures.")] = None,
) -> None:
    """Check every file of a manifest; exit code 1 when a case cannot be used.

    Errors: a file is missing, changed, cannot be decoded, has another size, or a mask is not binary, does not lie on
    the voxels of its volume or has the name of another case. Findings, which fail nothing: masks that are empty, full,
    tiny, in several regions, with holes or at the border, images or masks that stand there twice, and volumes whose
    header names another case.
    """
    from dermaseg_monai.manifest import Manifest, inspect, write_problem_table  # noqa: PLC0415

    found = Manifest.load(manifest)
    inspection = inspect(found, dataset_dir or manifest.parent)
    _print(inspection)
    if out is not None:
        from dermaseg_monai.report import write_problem_page  # noqa: PLC0415

        write_problem_table(out / "problems.csv", inspection)
        write_problem_page(
            out / "problems.html", inspection, manifest=found, dataset_dir=dataset_dir or manifest.parent
        )
        typer.echo(f"Wrote {out / 'problems.csv'} and {out / 'problems.html'}")
    bad = len({problem.case_id for problem in inspection.problems})
    if bad:
        typer.echo(f"{bad} of {len(found.cases)} cases cannot be used (digest {found.digest[:12]}).")
        raise typer.Exit(1)
    typer.echo(f"{len(found.cases)} cases are as {manifest} says (digest {found.digest[:12]}).")


def _print(inspection: "Inspection") -> None:
    """Print the first of each kind, and the counts."""
    from dermaseg_monai.manifest import counts_of, rows_of  # noqa: PLC0415

    counts = list(counts_of(inspection))
    listed = dict.fromkeys((kind for _, kind, _, _ in counts), 0)
    for row in rows_of(inspection):
        listed[row.kind] += 1
        if listed[row.kind] <= _LISTED:
            typer.echo(f"{row.level:<8} {row.kind:<12} {row.case_id}: {row.detail}")
        elif listed[row.kind] == _LISTED + 1:
            typer.echo(f"{row.level:<8} {row.kind:<12} ... (all in the table: --out FOLDER)")
    if counts:
        typer.echo(f"\n{'':<8} {'kind':<12} {'number':>7}")
    for level, kind, number, about in counts:
        typer.echo(f"{level:<8} {kind:<12} {number:>7,}  {about}")
    if counts:
        typer.echo()
