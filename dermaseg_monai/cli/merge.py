"""`dermaseg data merge`: several data sets as one."""

from pathlib import Path
from typing import Annotated

import typer


def merge(
    manifests: Annotated[list[Path], typer.Argument(help="Manifests (.json) of two or more sets.")],
    *,
    dataset_dir: Annotated[
        list[Path] | None, typer.Option(help="Folder of a manifest's files, in their order; default: beside it.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Manifest to write (.json).")],
    name: Annotated[str | None, typer.Option(help="Name of the new set; default: the file's.")] = None,
) -> None:
    """Write one manifest of the cases of several, with the splits that they have.

    Nothing is copied: its paths start from the folder that holds all sets, which is printed. Look for leaks between
    the sets next.
    """
    from dermaseg_monai.errors import ConfigError  # noqa: PLC0415
    from dermaseg_monai.manifest import Manifest, common_folder  # noqa: PLC0415
    from dermaseg_monai.manifest import merge as merge_manifests  # noqa: PLC0415
    from dermaseg_monai.manifest.data_path import existing_dir  # noqa: PLC0415

    given = dataset_dir or []
    if given and len(given) != len(manifests):
        raise ConfigError(
            f"{len(manifests)} manifests and {len(given)} --dataset-dir. Give one for each, in their order."
        )
    folders = [existing_dir(folder) for folder in given or [path.absolute().parent for path in manifests]]
    read = [Manifest.load(path) for path in manifests]
    merged = merge_manifests(read, folders, name=name or out.stem)
    merged.save(out)
    parts = ", ".join(f"{count} {split}" for split, count in merged.counts.items())
    typer.echo(f"Wrote {out}: {len(merged.cases)} cases ({parts}), digest {merged.digest[:12]}")
    if merged.scope is None and any(one.scope is not None for one in read):
        typer.echo(
            "The masks of these sets were not drawn for the same scope (dermaseg data scope), so it states none."
        )
    kept_apart = [one.name for one in read if one.division is not None or one.prepared_from is not None]
    if kept_apart:
        typer.echo(
            f"How {', '.join(kept_apart)} was divided or reduced stays in its manifest, which the version names."
        )
    root = common_folder(folders)
    typer.echo(f"Its paths start from {root}. Next: dermaseg data leaks {out} --dataset-dir {root}")
