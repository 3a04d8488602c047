"""The command `dermaseg`: people come in here. Commands import what they need when they run."""

import sys

import typer

from dermaseg_monai import __version__
from dermaseg_monai.cli.ablate import ablate
from dermaseg_monai.cli.agreement import agreement_app
from dermaseg_monai.cli.average import average
from dermaseg_monai.cli.bundle import bundle_app
from dermaseg_monai.cli.compare import compare
from dermaseg_monai.cli.data import data_app
from dermaseg_monai.cli.ensemble import ensemble
from dermaseg_monai.cli.generalise import generalise
from dermaseg_monai.cli.leak_worth import leak_worth
from dermaseg_monai.cli.panels import panels
from dermaseg_monai.cli.quality import quality
from dermaseg_monai.cli.review import review
from dermaseg_monai.cli.stress import stress
from dermaseg_monai.errors import DermasegError

app = typer.Typer(
    name="dermaseg",
    help="Skin lesion segmentation in dermoscopy: data, training bundles, results. Not a medical device.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    # the keys of a sheet have underscores: both spellings are taken
    context_settings={"token_normalize_func": lambda word: word.replace("_", "-")},
)
app.add_typer(data_app, name="data")
app.add_typer(bundle_app, name="bundle")
app.add_typer(agreement_app, name="agreement")
app.command("ablate")(ablate)
app.command("panels")(panels)
app.command("average")(average)
app.command("ensemble")(ensemble)
app.command("quality")(quality)
app.command("review")(review)
app.command("compare")(compare)
app.command("generalise")(generalise)
app.command("leak-worth")(leak_worth)
app.command("stress")(stress)


@app.callback(invoke_without_command=True)
def _version(*, version: bool = typer.Option(False, "--version", help="Print the version and stop.")) -> None:
    if version:
        typer.echo(f"dermaseg_monai {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line; a `DermasegError` becomes one line on stderr and exit code 1."""
    try:
        app()
    except DermasegError as error:
        sys.stderr.write(f"dermaseg: error: {' '.join(str(error).split())}\n")
        sys.exit(1)


__all__ = ["app", "main"]
