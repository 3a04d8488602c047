"""`dermaseg average`: the mean of the weights of several trainings."""

from pathlib import Path
from typing import Annotated

import typer


def average(
    weights: Annotated[list[Path], typer.Argument(help="Files model.safetensors, or folders that hold one.")],
    out: Annotated[Path, typer.Option(help="Folder for the new model.safetensors.")],
) -> None:
    """Average the weights of several trainings of one network: one network, as fast as one (a model soup).

    The trainings should have begun from the same weights (--initial_weights).

    Whether the mean is better than its parts, only validation says.
    """
    from dermaseg_monai.engines.soup import average_weights  # noqa: PLC0415

    files = [path / "model.safetensors" if path.is_dir() else path for path in weights]
    typer.echo(f"Wrote {average_weights(files, out)}, the mean of {len(files)} files.")
