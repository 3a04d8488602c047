"""`dermaseg leak-worth`: what a leak between the parts of a split adds to the scores."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dermaseg_monai.errors import ConfigError, DataError

if TYPE_CHECKING:
    from dermaseg_monai.experiments.leak_worth import Side

_SEED = 0


def leak_worth(
    leaky: Annotated[Path, typer.Argument(help="Evaluation of the network of the split with leaks (cases.csv).")],
    clean: Annotated[Path, typer.Argument(help="Evaluation of the same recipe on the split without.")],
    out: Annotated[Path, typer.Option(help="Folder for the page, the plot and the figures.")],
) -> None:
    """Compare one recipe on a split that divides lesions with the same on one that does not.

    Both were trained on the train part of their own manifest and scored on the same part (val or test) of it.
    """
    from dermaseg_monai.experiments import leak_worth as pricing  # noqa: PLC0415
    from dermaseg_monai.experiments.leak_worth_files import (  # noqa: PLC0415
        differences_table,
        means_table,
        write_leak_worth,
    )

    (one, first), (other, second) = _side(leaky, "with leaks"), _side(clean, "without")
    found = pricing.leak_worth(one, other, seed=_SEED)
    files = write_leak_worth(out, found, one, other, [first, second])
    typer.echo("\n\n".join(table.plain() for table in (means_table(found), differences_table(found))))
    for path in files:
        typer.echo(f"Wrote {path}")


def _side(folder: Path, name: str) -> "tuple[Side, str]":
    from dermaseg_monai.cli.folder_data import data_of  # noqa: PLC0415
    from dermaseg_monai.experiments.leak_worth import side_of  # noqa: PLC0415
    from dermaseg_monai.manifest import Manifest  # noqa: PLC0415
    from dermaseg_monai.metrics import read_scores  # noqa: PLC0415
    from dermaseg_monai.report import read_run  # noqa: PLC0415

    run = read_run(folder)
    config: dict[str, Any] = run.get("config") or {}
    data, split = data_of(config), config.get("split")
    if data is None or not isinstance(split, str):
        raise ConfigError(
            f"{folder / 'run.json'} does not say which split of which manifest was scored. "
            "Give a folder that a bundle's evaluation wrote: runs/BUNDLE/TIME/evaluate_val."
        )
    manifest = Manifest.load(data[0])
    scored = (run.get("manifest") or {}).get("digest")
    if scored != manifest.digest:
        raise DataError(f"{data[0]} has changed since {folder} was scored with it. Evaluate again.")
    known = f"{manifest.name}, digest {manifest.digest[:12]}, {split} part"
    about = f"Split {name}: {known}, scored in {folder} at {run.get('started_at')}."
    if not _checked_taught(folder, Path(str(config.get("weights"))), manifest):
        about += (
            " Nothing beside its weights says what they were trained on: the train part of this manifest is assumed."
        )
    return side_of(name, manifest, read_scores(folder / "cases.csv"), split), about


def _checked_taught(folder: Path, weights: Path, manifest: Any) -> bool:  # noqa: ANN401 (a Manifest)
    """Refuse weights of another manifest; False where nothing beside them says what they were trained on."""
    from dermaseg_monai.engines.training_record import read_training_cases  # noqa: PLC0415

    taught = {row.manifest for row in read_training_cases(weights) or ()}
    if taught and not any(manifest.digest.startswith(digest) for digest in taught):
        raise DataError(
            f"{folder}: {weights} was trained on another manifest than {manifest.name} (digest "
            f"{manifest.digest[:12]}), on which it was scored. What was trained on is not known: give the "
            "evaluation on its own manifest."
        )
    return bool(taught)
