"""`dermaseg data describe`: what a data set looks like, and what another one holds that it does not."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dermaseg_monai.errors import ConfigError, DataError

if TYPE_CHECKING:
    from dermaseg_monai.manifest.description import Comparison, Described

_SHOWN = 8
_BRIEF = (
    "age",
    "lesion_area",
    "border_contact",
    "contrast",
    "ita",
    "hair",
    "ruler",
    "bubbles",
    "dark_corners",
    "ink",
    "patches",
)


def describe(
    manifest: Annotated[Path, typer.Argument(help="Manifest (.json).")],
    *,
    against: Annotated[
        list[Path] | None, typer.Option(help="Manifest of a set to put beside it; repeat for several.")
    ] = None,
    dataset_dir: Annotated[
        list[Path] | None,
        typer.Option(
            help="Folder of the files, for MANIFEST and then for each --against; default: the manifests' own."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder to write; default: MANIFEST_description beside the manifest.")
    ] = None,
    html: Annotated[bool, typer.Option("--html", help="Write a page with figures and pictures too.")] = False,
) -> None:
    """Measure every image: sizes, lesion, contrast, colour, skin tone, artefacts; and compare splits, sources, sets.

    Writes images.csv (one row per image), summary.json and, with --html, index.html. Estimates of artefacts and skin
    tone are rules, not labels: each is explained on the page.
    """
    from dermaseg_monai.files import write_json  # noqa: PLC0415
    from dermaseg_monai.manifest.description import (  # noqa: PLC0415
        compare_sets,
        compare_sources,
        compare_splits,
        summarise,
        write_table,
    )

    described = _described([manifest, *(against or [])], dataset_dir or [])
    _require_measured(described)
    first, *others = described
    comparisons = [
        *compare_splits(first),
        *compare_sources(first),
        *(compare_sets(first, other) for other in others),
    ]
    folder = out or manifest.parent / f"{manifest.stem}_description"
    found = {"sets": [summarise(one) for one in described], "comparisons": [one.to_json() for one in comparisons]}
    write_json(folder / "summary.json", found)
    write_table(folder / "images.csv", described)
    _show(first, comparisons)
    if html:
        from dermaseg_monai.report.description_page import write_description_page  # noqa: PLC0415

        write_description_page(folder / "index.html", described, comparisons)
    names = "images.csv, summary.json" + (", index.html" if html else "")
    typer.echo(f"Wrote {names} to {folder}")


def _described(manifests: Sequence[Path], folders: Sequence[Path]) -> "list[Described]":
    from dermaseg_monai.manifest import Manifest  # noqa: PLC0415
    from dermaseg_monai.manifest.data_path import existing_dir  # noqa: PLC0415
    from dermaseg_monai.manifest.description import describe as measure  # noqa: PLC0415

    if folders and len(folders) != len(manifests):
        raise ConfigError(
            f"--dataset-dir is given {len(folders)} times for {len(manifests)} manifests. "
            "Give one folder for MANIFEST and one for each --against, in their order, or none."
        )
    loaded = [Manifest.load(path) for path in manifests]
    places = [existing_dir(place) for place in folders or [path.parent for path in manifests]]
    names: list[str] = []
    for one in loaded:
        twins = sum(name == one.name or name.startswith(f"{one.name} (") for name in names)
        names.append(f"{one.name} ({twins + 1})" if twins else one.name)
    return [measure(one, place, name=name) for one, place, name in zip(loaded, places, names, strict=True)]


def _require_measured(described: "Sequence[Described]") -> None:
    for one in described:
        failed = [row for row in one.rows if row.status == "failed"]
        if failed and len(failed) == len(one.rows):
            raise DataError(
                f"None of the {len(failed)} images of {one.name} could be measured, first {failed[0].case_id}: "
                f"{failed[0].reason.rstrip('.')}. Give the folder of its files: --dataset-dir DIR."
            )


def _show(first: "Described", comparisons: "Sequence[Comparison]") -> None:
    from rich.console import Console  # noqa: PLC0415

    from dermaseg_monai.manifest.description import FEATURES, features_of  # noqa: PLC0415
    from dermaseg_monai.metrics.table import Table  # noqa: PLC0415

    console = Console()
    found = features_of(first.rows)
    rows: list[list[str]] = []
    for feature in (feature for feature in FEATURES if feature.name in _BRIEF):
        about = found[feature.name]
        quantiles = about.get("quantiles", {})
        cells = [f"{quantiles[key]:.3g}" if quantiles else "–" for key in ("0.05", "0.5", "0.95")]
        name = f"{feature.title} ({feature.unit})" if feature.unit else feature.title
        rows.append([name, f"{about['known']:,}", *cells])
    failed = sum(row.status == "failed" for row in first.rows)
    notes = [f"{failed} images could not be measured; images.csv says why."] if failed else []
    console.print(Table([first.name, "known", "5 %", "median", "95 %"], rows, notes).rich())
    for one in comparisons:
        rows = [
            [at.feature.title, f"{at.value:.3g}", f"{at.chance:.3g}", f"{at.size:.2f}"]
            for at in one.distances[:_SHOWN]
            if at.beyond_chance
        ]
        if rows:
            console.print(Table([f"{one.b} beside {one.a}", "distance", "by chance", "size"], rows).rich())
        if one.of_one_group:
            words = f"{one.b} beside {one.a}: {len(one.of_one_group)} features are not compared, "
            console.print(f"{words}all their images are of one lesion or patient.", markup=False, highlight=False)
        new = "; ".join(f"{at.feature.title} {at.what} ({100 * at.share_b:.0f} %)" for at in one.novelties[:_SHOWN])
        console.print(f"In {one.b}, hardly in {one.a}: {new or 'nothing'}", markup=False, highlight=False)
