"""`dermaseg data prepare`: huge originals made small once."""

from pathlib import Path
from typing import Annotated

import typer


def prepare(
    manifest: Annotated[Path, typer.Argument(help="Manifest of the originals (.json).")],
    out: Annotated[Path, typer.Option(help="Folder to write: new, empty, or one that this command began.")],
    size: Annotated[int, typer.Option(min=16, help="Pixels of the shorter side; smaller pictures stay as they are.")],
    dataset_dir: Annotated[Path | None, typer.Option(help="Folder of the files; default: the manifest's.")] = None,
) -> None:
    """Reduce every image and mask to one size and write them with a manifest of their own, which training reads.

    Run it again to go on after it was cut off. A case that cannot be used is left out and named at the end, and the
    exit code is then 1.
    """
    from dermaseg_monai.manifest import Manifest  # noqa: PLC0415
    from dermaseg_monai.manifest import prepare as make_small  # noqa: PLC0415

    done = make_small(Manifest.load(manifest), dataset_dir or manifest.parent, out, short_side_px=size)
    cases = done.manifest.cases
    ready = f", {done.n_ready} of them from before" if done.n_ready else ""
    typer.echo(f"Wrote {done.path}: {len(cases)} cases{ready}, digest {done.manifest.digest[:12]}")
    typer.echo(f"Train on it: --manifest {done.path} --dataset_dir {done.path.parent}")
    for fault in done.faults:
        typer.echo(f"Left out: {fault.case_id}: {fault.detail}", err=True)
    if done.faults:
        typer.echo(f"{len(done.faults)} of {len(done.faults) + len(cases)} cases are left out.", err=True)
        raise typer.Exit(1)
