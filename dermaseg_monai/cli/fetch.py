"""`dermaseg data fetch`: a public data set from its publisher to a verified manifest."""

from pathlib import Path
from typing import Annotated

import typer

from dermaseg_monai.cli.comma_list import comma_list
from dermaseg_monai.errors import ConfigError


def fetch(
    name: Annotated[str, typer.Argument(help="isic2016, isic2017, isic2018, ham10000 or ph2.")],
    root: Annotated[Path, typer.Option(help="Folder to fetch into; made when it is not there.")],
    splits: Annotated[str | None, typer.Option(help="Official parts to fetch, e.g. train,val (isic20..).")] = None,
) -> None:
    """Download a public set, check, unpack, index and verify it; the same command goes on after a stop.

    Licence and citation are shown first and written beside the images. An archive that already lies in the folder
    under its published name is used instead of a download.
    """
    from dermaseg_monai.manifest import RELEASES, SPLITS, fetch_set  # noqa: PLC0415

    if name not in RELEASES:
        raise ConfigError(f"There is no set {name!r}; choose one of {', '.join(RELEASES)}.")
    words = None if splits is None else comma_list(splits)
    try:
        fetched = fetch_set(RELEASES[name], root, splits=words, say=typer.echo)
    except KeyboardInterrupt:
        typer.echo("Stopped. The same command goes on where it was.", err=True)
        raise typer.Exit(130) from None
    for problem in fetched.problems:
        typer.echo(str(problem))
    if fetched.problems:
        typer.echo("Remove the folders of these files and run the same command again.", err=True)
        raise typer.Exit(1)
    counts = ", ".join(f"{fetched.manifest.counts[split]} {split}" for split in SPLITS)
    n_cases, digest = len(fetched.manifest.cases), fetched.manifest.digest[:12]
    typer.echo(f"{fetched.path}: {n_cases} cases ({counts}), all files verified, digest {digest}")
