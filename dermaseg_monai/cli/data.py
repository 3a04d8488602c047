"""`dermaseg data`: make, index and verify data sets."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dermaseg_monai.cli.comma_list import comma_list
from dermaseg_monai.cli.describe import describe
from dermaseg_monai.cli.fetch import fetch
from dermaseg_monai.cli.leaks import leaks
from dermaseg_monai.cli.merge import merge
from dermaseg_monai.cli.name_warning import warn_of_like_names
from dermaseg_monai.cli.prepare import prepare
from dermaseg_monai.cli.scope import scope
from dermaseg_monai.cli.slices import slices
from dermaseg_monai.cli.split import split
from dermaseg_monai.cli.verify import verify
from dermaseg_monai.cli.weights import weights
from dermaseg_monai.errors import ConfigError

if TYPE_CHECKING:
    from dermaseg_monai.manifest import Manifest

data_app = typer.Typer(help="Make, index and verify data sets.", no_args_is_help=True)


@data_app.command("demo")
def demo(
    out: Annotated[Path, typer.Option(help="Folder to write; must not exist or be empty.")],
    n: Annotated[int, typer.Option(min=10, help="Number of images.")] = 240,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same bytes.")] = 0,
    *,
    readers: Annotated[bool, typer.Option("--readers", help="Five readers with known faults, for agreement.")] = False,
) -> None:
    """Draw a synthetic dermoscopy set: images, reference masks, three annotators (five with --readers), manifest."""
    from dermaseg_monai.data.demo import make_demo, make_panel_demo  # noqa: PLC0415

    make = make_panel_demo if readers else make_demo
    typer.echo(f"Wrote {n} images and {make(out, n=n, seed=seed)}")


@data_app.command("volumes")
def volumes(
    out: Annotated[Path, typer.Option(help="Folder to write; must not exist or be empty.")],
    n: Annotated[int, typer.Option(min=3, help="Number of volumes.")] = 32,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same bytes.")] = 0,
) -> None:
    """Draw synthetic skin volumes (NIfTI): scans, reference masks, two annotators, manifest."""
    from dermaseg_monai.data.volumes import make_volumes  # noqa: PLC0415

    typer.echo(f"Wrote {n} volumes and {make_volumes(out, n=n, seed=seed)}")


@data_app.command("index")
def index(  # noqa: PLR0913 (each is one option of the command line)
    name: Annotated[str, typer.Argument(help="isic2016, isic2017, isic2018, ham10000, ph2, decathlon or folder.")],
    root: Annotated[Path, typer.Option(help="Folder of the data set.")],
    out: Annotated[Path, typer.Option(help="Manifest to write (.json).")],
    *,
    table: Annotated[list[Path] | None, typer.Option(help="CSV, one row per image; repeat to join several.")] = None,
    id_column: Annotated[str | None, typer.Option(help="Column that holds the image id; default: id.")] = None,
    split_column: Annotated[str | None, typer.Option(help="Column with train, val, test or excluded.")] = None,
    lesion_column: Annotated[str | None, typer.Option(help="Column that names the lesion.")] = None,
    patient_column: Annotated[str | None, typer.Option(help="Column that names the patient.")] = None,
    group_column: Annotated[str | None, typer.Option(help="Column of pictures that must stay together.")] = None,
    licence_column: Annotated[str | None, typer.Option(help="Column with the licence of each image.")] = None,
    attribution_column: Annotated[str | None, typer.Option(help="Column with whom to name.")] = None,
    attributes: Annotated[str | None, typer.Option(help="Columns to keep, separated by commas.")] = None,
    images: Annotated[str | None, typer.Option(help="Sub-folder of the images; default: images.")] = None,
    masks: Annotated[str | None, typer.Option(help="Sub-folder of the masks; default: masks.")] = None,
    mask_suffixes: Annotated[
        str | None, typer.Option(help="What names of masks add to the id, e.g. _gt,_label; default: _mask and others.")
    ] = None,
    readers: Annotated[
        str | None,
        typer.Option(
            help="Masks of several people, as 'readers/{annotator}/{case}', with or without an ending (folder)."
        ),
    ] = None,
    set_name: Annotated[str | None, typer.Option("--name", help="Name of the set; default: the folder's.")] = None,
    licence: Annotated[str | None, typer.Option(help="Licence of the whole set (folder).")] = None,
    archive: Annotated[Path | None, typer.Option(help="Metadata table of the ISIC Archive (isic20..).")] = None,
    splits: Annotated[str | None, typer.Option(help="Official parts to read, e.g. train,val (isic20..).")] = None,
    split: Annotated[
        Literal["train", "val", "test", "excluded"] | None,
        typer.Option(help="The split of a set that has none of its own."),
    ] = None,
    foreground: Annotated[str | None, typer.Option(help="Label values that are the lesion, e.g. 1,2.")] = None,
    val_share: Annotated[float, typer.Option(help="Part of the cases for val, lesions kept together.")] = 0.0,
    test_share: Annotated[float, typer.Option(help="Part of the cases for test, lesions kept together.")] = 0.0,
    allow_partial: Annotated[bool, typer.Option("--allow-partial", help="Index what is there.")] = False,
) -> None:
    """Write the manifest of a data set: every file with its size and sha256, every case with its split.

    The columns describe a plain folder (`folder`); the official layouts need none of them.
    """
    from dermaseg_monai.manifest import SPLITS  # noqa: PLC0415
    from dermaseg_monai.manifest import index as build  # noqa: PLC0415

    options: dict[str, object] = {
        "tables": table,
        "id_column": id_column,
        "split_column": split_column,
        "lesion_column": lesion_column,
        "patient_column": patient_column,
        "group_column": group_column,
        "licence_column": licence_column,
        "attribution_column": attribution_column,
        "attributes": None if attributes is None else comma_list(attributes),
        "images": images,
        "masks": masks,
        "mask_suffixes": None if mask_suffixes is None else [word.strip() for word in mask_suffixes.split(",")],
        "readers": readers,
        "name": set_name,
        "licence": licence,
        "archive": archive,
        "splits": None if splits is None else comma_list(splits),
        "split": split,
        "foreground": _numbers(foreground),
        "allow_partial": allow_partial,
    }
    given = {key: value for key, value in options.items() if value}
    manifest = build(name, root, out, val_share=val_share, test_share=test_share, **given)
    counts = ", ".join(f"{manifest.counts[split]} {split}" for split in SPLITS)
    typer.echo(f"Wrote {out}: {len(manifest.cases)} cases ({counts}), digest {manifest.digest[:12]}")
    if readers:
        typer.echo(_reader_words(manifest))
    if manifest.division:
        typer.echo(f"How: {manifest.division}.")
    warn_of_like_names([manifest])
    _warn_of_shares(manifest, val_share, test_share, out)


@data_app.command("datalist")
def datalist(
    manifest: Annotated[Path, typer.Argument(help="Manifest (.json).")],
    out: Annotated[Path, typer.Option(help="Data list to write (.json).")],
    dataset_dir: Annotated[Path | None, typer.Option(help="Folder of the files; default: the manifest's.")] = None,
) -> None:
    """Write a Decathlon-style data list, which MONAI's load_decathlon_datalist reads."""
    from dermaseg_monai.manifest import Manifest, write_decathlon_datalist  # noqa: PLC0415

    write_decathlon_datalist(Manifest.load(manifest), dataset_dir or manifest.parent, out)
    typer.echo(f"Wrote {out}")


def _warn_of_shares(manifest: "Manifest", val_share: float, test_share: float, out: Path) -> None:
    from dermaseg_monai.manifest import Split, missed_shares  # noqa: PLC0415

    shares: dict[Split, float] = {"val": val_share, "test": test_share}
    missed = missed_shares(manifest, shares)
    for one in missed:
        typer.secho(f"warning: {one}.", fg="yellow")
    if missed:
        parts = {"train": 1 - val_share - test_share, **{split: share for split, share in shares.items() if share}}
        ratios = ":".join(f"{100 * share:g}" for share in parts.values())
        command = f"dermaseg data split {out} --ratios {ratios} --parts {','.join(parts)} --out NEW.json"
        typer.echo(f"`{command}` comes nearer to these shares: it fits whole groups to sizes.")


def _reader_words(manifest: "Manifest") -> str:
    drawn = [one for case in manifest.cases for one in case.annotations if one.role == "reader"]
    names = sorted({one.annotator or "" for one in drawn})
    with_reference = sum(case.reference is not None for case in manifest.cases)
    return f"{len(drawn)} outlines by {', '.join(names)}; {with_reference} cases have a reference."


def _numbers(text: str | None) -> list[int] | None:
    if text is None:
        return None
    words = comma_list(text)
    if not all(word.isdecimal() for word in words):
        raise ConfigError(
            f"--foreground is {text!r}; expected label values with commas between, e.g. --foreground 1,2."
        )
    return [int(word) for word in words]


data_app.command("slices")(slices)
data_app.command("scope")(scope)
data_app.command("fetch")(fetch)
data_app.command("verify")(verify)
data_app.command("split")(split)
data_app.command("weights")(weights)
data_app.command("prepare")(prepare)
data_app.command("merge")(merge)
data_app.command("leaks")(leaks)
data_app.command("describe")(describe)
