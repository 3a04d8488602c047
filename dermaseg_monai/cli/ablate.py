"""`dermaseg ablate`: many runs from one file."""

from pathlib import Path
from typing import Annotated, Any

import typer

from dermaseg_monai.errors import ConfigError


def ablate(  # noqa: PLR0913 (each is one option of the command line)
    spec: Annotated[str, typer.Argument(help="YAML file, or the name of a shipped one: loss, component, ...")],
    address: Annotated[str | None, typer.Argument(help="With --ray: address of the cluster's head.")] = None,
    *,
    manifest: Annotated[Path | None, typer.Option(help="Manifest of the data, for every run.")] = None,
    dataset_dir: Annotated[Path | None, typer.Option(help="Folder of the files of the manifest.")] = None,
    encoder_weights: Annotated[str | None, typer.Option(help="File or name of encoder weights.")] = None,
    values: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE for every run; an axis takes a list: seed=[0,1].")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the summary; default: results/ablations/NAME.")] = None,
    runs: Annotated[Path | None, typer.Option(help="Folder of the runs; default: runs/ablations/NAME.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Runs at the same time on this machine.")] = 1,
    ray: Annotated[bool, typer.Option("--ray", help="Hand the runs to Ray: a cluster, or this machine.")] = False,
    cpus: Annotated[float, typer.Option(min=0.1, help="With --ray: CPU cores of a run.")] = 1.0,
    gpus: Annotated[float, typer.Option(min=0, help="With --ray: GPUs of a run.")] = 0.0,
    memory_gib: Annotated[float | None, typer.Option(help="With --ray: memory of a run in GiB.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the runs and stop.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Run again what failed before.")] = False,
) -> None:
    """Expand a grid, train and evaluate every run of it, and summarise them; the same command goes on after a stop."""
    if address is not None and not ray:
        raise ConfigError(f"{address!r} is one word too many. For Ray: dermaseg ablate {spec} --ray {address}.")
    given = {"manifest": manifest, "dataset_dir": dataset_dir, "encoder_weights": encoder_weights}
    short = {key: str(value) for key, value in given.items() if value is not None}

    from rich.console import Console  # noqa: PLC0415

    from dermaseg_monai.bundle import project_path  # noqa: PLC0415
    from dermaseg_monai.experiments.batch import show  # noqa: PLC0415
    from dermaseg_monai.experiments.plan import plan  # noqa: PLC0415
    from dermaseg_monai.experiments.shipped import find_spec  # noqa: PLC0415
    from dermaseg_monai.experiments.spec import override, read_spec  # noqa: PLC0415
    from dermaseg_monai.experiments.study import Study, plan_table  # noqa: PLC0415

    found = override(read_spec(find_spec(spec)), {**short, **parsed_values(values or [])})
    folder = (runs or Path(project_path(f"runs/ablations/{found.name}"))).resolve()
    results = (out or Path(project_path(f"results/ablations/{found.name}"))).resolve()
    planned = plan(found, folder)
    console = Console()
    if dry_run:
        show(console, plan_table(planned))
        return
    if ray:
        from dermaseg_monai.experiments.ray_cluster import RayExecutor  # noqa: PLC0415

        executor = RayExecutor(address, cpus=cpus, gpus=gpus, memory_gib=memory_gib)
    else:
        from dermaseg_monai.experiments import LocalExecutor  # noqa: PLC0415

        executor = LocalExecutor(jobs)
    study = Study(found, planned, folder, results, at_once=jobs)
    try:
        whole = study.run(executor, retry_failed=retry_failed, console=console)
    except KeyboardInterrupt:
        typer.echo("Stopped. The same command goes on where it was.", err=True)
        raise typer.Exit(130) from None
    if not whole:
        raise typer.Exit(1)


def parsed_values(words: list[str]) -> dict[str, Any]:
    """Return the values of `--set KEY=VALUE` words.

    Raises:
        ConfigError: a word has another form.
    """
    from dermaseg_monai.experiments.spec import parse_value  # noqa: PLC0415

    found: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise ConfigError(f"--set {word}: expected KEY=VALUE, as in --set max_epochs=2.")
        found[key] = parse_value(value)
    return found
