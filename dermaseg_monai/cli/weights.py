"""`dermaseg data weights`: how much of the masks is lesion, and the class weights that follow."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from dermaseg_monai.manifest import Manifest
    from dermaseg_monai.manifest.class_frequency import ClassFrequency


def weights(
    manifest: Annotated[Path, typer.Argument(help="Manifest (.json).")],
    dataset_dir: Annotated[Path | None, typer.Option(help="Folder of the files; default: the manifest's.")] = None,
    *,
    overlay: Annotated[
        Path | None, typer.Option(help="Overlay to write: training with weighted_ce and these weights (.json).")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Figures to write (.json).")] = None,
) -> None:
    """Count lesion and skin in the masks of every split and print the class weights w = N / (2 N_class).

    Every mask counts alike, as on the square grid of a training. The overlay goes behind the sheet of a bundle:
    python -m monai.bundle run training --config_file "['train.json','weights.json']".
    """
    from rich import box  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    from dermaseg_monai.errors import DataError  # noqa: PLC0415
    from dermaseg_monai.files import write_json  # noqa: PLC0415
    from dermaseg_monai.manifest import SPLITS, Manifest, class_frequencies  # noqa: PLC0415
    from dermaseg_monai.manifest.data_path import existing_dir  # noqa: PLC0415

    loaded = Manifest.load(manifest)
    found = class_frequencies(loaded, existing_dir(dataset_dir or manifest.parent), SPLITS[:3])
    if not found:
        raise DataError(f"No case of {manifest} in train, val or test has a reference mask; there is nothing to count.")
    table = Table("split", box=box.SIMPLE, pad_edge=False)
    for title in ("masks", "lesion", "skin", "pooled lesion", "w lesion", "w skin"):
        table.add_column(title, justify="right")
    for frequency in found:
        lesion, skin = frequency.weights
        pooled = frequency.lesion_px / frequency.all_px
        shares = [f"{share:.2%}" for share in (frequency.lesion_share, frequency.skin_share, pooled)]
        table.add_row(frequency.split, str(frequency.n_masks), *shares, f"{lesion:.4f}", f"{skin:.4f}")
    Console(highlight=False).print(table)
    typer.echo("Lesion and skin are means over masks; the weights w = N / (2 N_class) come from them. The pooled")
    typer.echo("share counts pixels as stored, so that large photographs count more.")
    if out is not None:
        write_json(out, {"manifest": loaded.name, "digest": loaded.digest, "splits": [one.to_json() for one in found]})
        typer.echo(f"Wrote {out}")
    if overlay is not None:
        write_json(overlay, _sheet(loaded, found, manifest))
        typer.echo(f"Wrote {overlay}, for --config_file \"['train.json','{overlay}']\" with this manifest.")


def _sheet(manifest: "Manifest", found: "list[ClassFrequency]", path: Path) -> dict[str, Any]:
    """Return the overlay: a loss with the weights of the training masks, which refuses another manifest."""
    from dermaseg_monai.errors import DataError  # noqa: PLC0415

    train = [frequency for frequency in found if frequency.split == "train"]
    if not train:
        raise DataError(f"{path} has no training masks to take weights from. Split it: dermaseg data split {path} ...")
    lesion, skin = train[0].weights
    return {
        "loss#overlap": "weighted_ce",
        "loss#pixel_weights": {
            "_target_": "dermaseg_monai.data.counted_weights",
            "_mode_": "callable",
            "lesion": lesion,
            "skin": skin,
            "digest": manifest.digest,
            "manifest": "@manifest",
        },
    }
