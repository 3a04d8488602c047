"""A warning of names that may be one lesion, patient or group in two spellings."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from dermaseg_monai.manifest import Manifest


def warn_of_like_names(manifests: "Sequence[Manifest]") -> None:
    """Print a line for every kind of name; to the terminal alone, because reports carry no names of patients."""
    from dermaseg_monai.manifest import like_names  # noqa: PLC0415

    for found in like_names(manifests):
        typer.secho(f"warning: {found}", fg="yellow")
