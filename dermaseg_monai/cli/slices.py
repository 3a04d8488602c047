"""`dermaseg data slices`: volumes as pictures."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def slices(
    manifest: Annotated[Path, typer.Argument(help="Manifest of NIfTI volumes (.json).")],
    out: Annotated[Path, typer.Option(help="Folder to write; must not exist or be empty.")],
    *,
    dataset_dir: Annotated[Path | None, typer.Option(help="Where its paths start; default: the manifest's.")] = None,
    plane: Annotated[
        Literal["sagittal", "coronal", "axial"] | None, typer.Option(help="Default: whose slices have finest voxels.")
    ] = None,
    neighbours: Annotated[
        int, typer.Option(min=0, help="Red and blue are the slices so far before and after; 0 repeats the slice.")
    ] = 0,
) -> None:
    """Write every slice of the volumes as a picture with its mask, for the bundles of photographs to train on.

    Splits, lesions and patients are kept; the slices of a volume stay on one side.
    """
    from dermaseg_monai.data.slice_set import make_slices  # noqa: PLC0415

    made = make_slices(manifest, dataset_dir or manifest.parent, out, plane=plane, neighbours=neighbours)
    share = f"{made.with_lesion} of them with lesion" + (f", {made.blank} blank ones left out" if made.blank else "")
    typer.echo(f"Wrote {made.pictures} {made.plane} slices ({share}) and {made.manifest}")
