"""What `dermaseg data split` says of the splits it made."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from dermaseg_monai.manifest import NAMED_SPLITS, SPLITS, Manifest, StratumFit, divided, groups_within, stratum_fits

_ROWS: Final = 12


def show_split(
    manifest: Manifest, attributes: Sequence[str], *, where: Path, before: Manifest, name: str | None
) -> None:
    """Print sizes, groups, how well the classes of `attributes` fit, and a warning where lesions are divided.

    `before` is the manifest as it was; `name` that of a published split, whose grouped variant the warning offers.
    """
    console = _console()
    console.print(f"Wrote {where}: {len(manifest.cases)} cases ({_counts(manifest)}), digest {manifest.digest[:12]}")
    console.print(f"How: {manifest.division}.")
    _show_excluded(console, manifest, before)
    groups = groups_within([case for case in manifest.cases if case.split != "excluded"], manifest.cases)
    console.print(f"{len(groups)} groups (lesion, patient, group, same picture).")
    if attributes:
        _show_fits(console, stratum_fits(manifest, attributes))
    _warn_of_divided(console, manifest, name)


def show_folds(made: Mapping[Path, Manifest], attributes: Sequence[str], *, before: Manifest) -> None:
    """Print a line per fold, with the class whose shares of train and val differ most from those of both."""
    console = _console()
    for where, fold in made.items():
        worst = ""
        if attributes:
            fit = _worst(stratum_fits(_without_test(fold), attributes))
            worst = f"; worst class {fit.attribute} {fit.value}, {100 * fit.error:.2f} points"
        console.print(f"Wrote {where}: {_counts(fold)}, digest {fold.digest[:12]}{worst}")
    last = list(made.values())[-1]
    console.print(f"How: {str(last.division).partition('fold ')[0]}whole groups in every fold; test stays test.")
    _show_excluded(console, last, before)
    _warn_of_divided(console, last, None)


def _console() -> Console:
    return Console(soft_wrap=True, highlight=False, markup=False)


def _counts(manifest: Manifest) -> str:
    return ", ".join(f"{manifest.counts[split]} {split}" for split in SPLITS)


def _without_test(manifest: Manifest) -> Manifest:
    """Return the manifest without what no fold touches."""
    cases = tuple(replace(case, split="excluded") if case.split == "test" else case for case in manifest.cases)
    return replace(manifest, cases=cases)


def _show_excluded(console: Console, manifest: Manifest, before: Manifest) -> None:
    already = before.counts["excluded"]
    new = manifest.counts["excluded"] - already
    if new or already:
        console.print(f"{new} cases became excluded; {already} were so before.")


def _warn_of_divided(console: Console, manifest: Manifest, name: str | None) -> None:
    found = divided(manifest)
    if found is None:
        return
    whole = f" --named {name}_grouped keeps them whole." if f"{name}_grouped" in NAMED_SPLITS else ""
    console.print(f"warning: {found}. Their scores are not those of unknown lesions.{whole}", style="yellow")


def _show_fits(console: Console, fits: Sequence[StratumFit]) -> None:
    table = Table("attribute", "value", box=box.SIMPLE, pad_edge=False)
    for title in ("cases", "all", *fits[0].shares, "points off"):
        table.add_column(title, justify="right")
    for attribute in dict.fromkeys(fit.attribute for fit in fits):
        rows = [fit for fit in fits if fit.attribute == attribute]
        for fit in rows[:_ROWS]:
            shares = [f"{share:.1%}" for share in (fit.share, *fit.shares.values())]
            table.add_row(attribute, fit.value, str(fit.count), *shares, f"{100 * fit.error:.2f}")
        if len(rows) > _ROWS:
            table.add_row(attribute, f"{len(rows) - _ROWS} rarer", str(sum(fit.count for fit in rows[_ROWS:])))
    console.print(table)
    fit = _worst(fits)
    console.print(f"Worst of {len(fits)} classes: {fit.attribute} {fit.value}, {100 * fit.error:.2f} points.")


def _worst(fits: Sequence[StratumFit]) -> StratumFit:
    return max(fits, key=lambda fit: fit.error)
