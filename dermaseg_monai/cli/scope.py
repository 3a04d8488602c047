"""`dermaseg data scope`: what the masks of a data set mean."""

from pathlib import Path
from typing import Annotated

import typer

from dermaseg_monai.errors import ConfigError, DataError


def scope(
    manifest: Annotated[Path, typer.Argument(help="Manifest (.json).")],
    document: Annotated[
        str | None, typer.Argument(metavar="[SCOPE]", help="Scope document (.yaml), or a shipped one: isic, ham10000.")
    ] = None,
    *,
    out: Annotated[Path | None, typer.Option(help="With SCOPE: manifest to write (.json).")] = None,
) -> None:
    """Check an annotation scope, put it into a manifest and print it; without SCOPE print the manifest's own.

    Structure, modality, edge definition, ambiguous cases, minimum size, border rule, background: a null says that the
    authors of the masks do not state it. The document is part of the manifest's digest.
    """
    from dataclasses import replace  # noqa: PLC0415

    from dermaseg_monai.manifest import Manifest, find_scope, read_scope  # noqa: PLC0415

    if (document is None) != (out is None):
        given, lacking = ("--out", "SCOPE") if document is None else (document, "--out NEW.json")
        raise ConfigError(f"{given} without {lacking}: dermaseg data scope {manifest} SCOPE --out NEW.json")
    found = Manifest.load(manifest)
    if document is not None and out is not None:
        found = replace(found, scope=read_scope(find_scope(document)))
        found.save(out)
    if found.scope is None:
        raise DataError(f"{manifest} has no scope. Give it one: dermaseg data scope {manifest} isic --out NEW.json")
    for label, text in found.scope.lines:
        typer.echo(f"{label + ':':<18}{text}")
    if out is not None:
        typer.echo(f"Wrote {out}: {len(found.cases)} cases, digest {found.digest[:12]}")
