"""`dermaseg bundle`: where the shipped bundles are, and a trained network as a model that MLflow serves."""

from pathlib import Path
from typing import Annotated

import typer

bundle_app = typer.Typer(help="Find the shipped MONAI bundles, and serve what they trained.", no_args_is_help=True)


@bundle_app.command("path")
def path(name: str = typer.Argument(help="Name of the bundle, e.g. ba_deeplab.")) -> None:
    """Print the folder of a bundle, for --config_file $(dermaseg bundle path ba_deeplab)/configs/train.json."""
    from dermaseg_monai.bundle.roots import bundle_root  # noqa: PLC0415

    typer.echo(bundle_root(name))


@bundle_app.command("mlflow-model")
def mlflow_model(
    out: Annotated[Path, typer.Option(help="New folder to write.")],
    *,
    weights: Annotated[
        Path | None, typer.Option(help="model.safetensors of a training; default: the released one of BA-DeepLabV3.")
    ] = None,
    config_file: Annotated[
        list[Path] | None,
        typer.Option(help="Inference sheet of its bundle, repeat for overlays; default: BA-DeepLabV3's."),
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Lesion from this probability on; default: the sheet's.")
    ] = None,
) -> None:
    """Write a network as an MLflow model, for `mlflow models serve` and the model registry."""
    import os  # noqa: PLC0415
    import shlex  # noqa: PLC0415

    os.environ["MONAI_EVAL_EXPR"] = "0"  # read when MONAI is imported
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")  # a bar for each file that it copies
    from dermaseg_monai.predict.served_model import save_served_model  # noqa: PLC0415

    overrides = {} if threshold is None else {"threshold": threshold}
    segmenter = save_served_model(out, weights, config_file=config_file, overrides=overrides)
    typer.echo(f"Wrote {out}: {segmenter.weights}, lesion from a probability of {segmenter.threshold:g} on.")
    place = shlex.quote(str(out))
    typer.echo(f"Serve it: mlflow models serve --model-uri {place} --env-manager local --port 5001")
    typer.echo(
        "Ask it:   curl http://127.0.0.1:5001/invocations --header 'Content-Type: application/json' "
        f"--data @{place}/serving_input_example.json"
    )
