"""`dermaseg agreement consensus`: one mask out of those of several readers."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from dermaseg_monai.cli.agreement_scope import require_folder


def consensus(
    *,
    manifest: Annotated[Path, typer.Option(help="Manifest with several annotations per case; it is not changed.")],
    out: Annotated[Path, typer.Option(help="Folder to write, beside or below the data, without a manifest.")],
    method: Annotated[
        Literal["majority", "staple", "mean", "shape", "weighted"],
        typer.Option(help="Vote, STAPLE (extra `agreement`), soft mean, average of shapes, weighted mean."),
    ],
    tie: Annotated[
        Literal["lesion", "skin", "refuse"],
        typer.Option(help="What exactly half of the votes mean: with two readers, wherever they differ."),
    ],
    weights: Annotated[
        str | None,
        typer.Option(help="For weighted: CSV of annotator and weight (or sensitivity, specificity); pooled."),
    ] = None,
    dataset_dir: Annotated[Path | None, typer.Option(help="Folder of its files; default: the manifest's.")] = None,
) -> None:
    """Write a consensus mask and a map of disagreement per case, all methods compared, and a manifest with the masks.

    The consensus is an annotation of role `consensus`. A case's reference stays its newest adjudicated mask, else its
    reference. Empty ones are named and left out of the manifest.
    """
    from dermaseg_monai.agreement.consensus_folder import write_consensus  # noqa: PLC0415
    from dermaseg_monai.manifest import Manifest  # noqa: PLC0415

    loaded = Manifest.load(manifest)
    require_folder(out)
    done = write_consensus(loaded, dataset_dir or manifest.parent, out, method=method, tie=tie, weights=weights)
    typer.echo(done.text)
    if done.manifest is None:
        typer.echo(f"Wrote {out}; no case has a consensus, so there is no manifest.")
    else:
        typer.echo(f"Wrote {done.manifest}; its paths start from {done.dataset_dir}")
    for line in done.complaints:
        typer.echo(line, err=True)
    if done.n_failures or done.manifest is None:
        raise typer.Exit(1)
