"""`dermaseg generalise`: train on one data set, test on another, for all pairs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from dermaseg_monai.errors import ConfigError

if TYPE_CHECKING:
    from dermaseg_monai.experiments.generalisation_plan import GivenWeights


def generalise(  # noqa: PLR0913 (each is one option of the command line)
    manifests: Annotated[list[Path], typer.Argument(help="Manifests of the data sets, two or more (.json).")],
    *,
    dataset_dir: Annotated[
        list[str] | None, typer.Option(help="Folder per manifest, in order, or NAME=FOLDER.")
    ] = None,
    weights: Annotated[
        list[str] | None, typer.Option(help="NAME=RUN: weights that were trained on this set; no training then.")
    ] = None,
    network: Annotated[str, typer.Option(help="Bundle, or network of bundles/baselines.")] = "ba_deeplab",
    split: Annotated[Literal["val", "test"], typer.Option(help="What every network is tested on.")] = "test",
    values: Annotated[
        list[str] | None,
        typer.Option("--set", help="KEY=VALUE for every training (overlays and loss too); evaluate#KEY for the tests."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the matrix; default: those of the sets.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the summary; default: results/generalisation/NAME.")
    ] = None,
    runs: Annotated[Path | None, typer.Option(help="Folder of the runs; default: runs/generalisation.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Networks at the same time on this machine.")] = 1,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be run and stop.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Run again what failed before.")] = False,
) -> None:
    """Train on each data set, test on all of them, and say what it costs to have been trained elsewhere.

    A set that was trained is not trained again, a network is tested once per set; the same command goes on after a
    stop. Cases that two sets share are counted and left out beside the score over all.
    """
    from rich.console import Console  # noqa: PLC0415

    from dermaseg_monai.bundle import project_path  # noqa: PLC0415
    from dermaseg_monai.cli.ablate import parsed_values  # noqa: PLC0415
    from dermaseg_monai.experiments import LocalExecutor  # noqa: PLC0415
    from dermaseg_monai.experiments.batch import show  # noqa: PLC0415
    from dermaseg_monai.experiments.generalisation import Generalisation, plan_table  # noqa: PLC0415
    from dermaseg_monai.experiments.generalisation_plan import plan_generalisation  # noqa: PLC0415
    from dermaseg_monai.experiments.generalisation_sets import named, read_sets, slug  # noqa: PLC0415

    sets = read_sets(manifests, dataset_dir or [], split=split)
    given = named(weights or [], [one.name for one in sets], option="--weights")
    found = {"network": network, **parsed_values(values or [])}
    title = slug(name or "-".join(one.name for one in sets))
    folder = (runs or Path(project_path("runs/generalisation"))).resolve()
    planned = plan_generalisation(
        sets,
        values=found,
        given={one: _weights(Path(path)) for one, path in given.items()},
        split=split,
        runs=folder,
    )
    console = Console()
    if dry_run:
        show(console, plan_table(planned))
        return
    results = (out or Path(project_path(f"results/generalisation/{title}"))).resolve()
    matrix = Generalisation(title, sets, planned, split, found, folder, results, jobs)
    try:
        whole = matrix.run(LocalExecutor(jobs), retry_failed=retry_failed, console=console)
    except KeyboardInterrupt:
        typer.echo("Stopped. The same command goes on where it was.", err=True)
        raise typer.Exit(130) from None
    if not whole:
        raise typer.Exit(1)


def _weights(path: Path) -> "GivenWeights":
    from dermaseg_monai.cli.checkpoint import Checkpoint  # noqa: PLC0415
    from dermaseg_monai.engines.training_record import read_training_cases  # noqa: PLC0415
    from dermaseg_monai.experiments.generalisation_plan import GivenWeights  # noqa: PLC0415
    from dermaseg_monai.report import read_run  # noqa: PLC0415

    found = Checkpoint.find(path)
    if not (found.bundle / "configs" / "train.json").is_file():
        raise ConfigError(f"The bundle {found.bundle} of {path} has no configs/train.json. Give weights of another.")
    digests = [row.manifest for row in read_training_cases(found.weights) or ()]
    manifest: Any = read_run(found.weights.resolve().parent).get("manifest")
    if not digests and isinstance(manifest, dict) and isinstance(manifest.get("digest"), str):
        digests = [manifest["digest"]]  # a run of before training cases were written
    return GivenWeights(found.weights, found.bundle, found.config, tuple(dict.fromkeys(digests)))
