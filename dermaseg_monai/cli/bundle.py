"""`dermaseg bundle`: where the shipped bundles are."""

import typer

bundle_app = typer.Typer(help="Find the shipped MONAI bundles.", no_args_is_help=True)


@bundle_app.command("path")
def path(name: str = typer.Argument(help="Name of the bundle, e.g. ba_deeplab.")) -> None:
    """Print the folder of a bundle, for --config_file $(dermaseg bundle path ba_deeplab)/configs/train.json."""
    from dermaseg_monai.bundle.roots import bundle_root  # noqa: PLC0415

    typer.echo(bundle_root(name))


@bundle_app.callback()
def _group() -> None:
    pass
