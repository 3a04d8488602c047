"""The result of an agreement study in a folder: tables, flags and a summary."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from dermaseg_monai.agreement.chance import with_kappa
from dermaseg_monai.agreement.explanation import explain_disagreement
from dermaseg_monai.agreement.flags import find_flags
from dermaseg_monai.agreement.interval import too_narrow
from dermaseg_monai.agreement.pair_summary import (
    PairSummary,
    by_annotators,
    by_factor,
    by_image,
    is_intra,
    summarise_pairs,
    written_rows,
)
from dermaseg_monai.agreement.reliability_table import reliability
from dermaseg_monai.agreement.size_band import size_bands
from dermaseg_monai.agreement.statistics_text import model_section, records, reliability_section
from dermaseg_monai.agreement.unit import unit_of_columns
from dermaseg_monai.agreement.votes import Votes
from dermaseg_monai.errors import DataError
from dermaseg_monai.files import make_folder, remove, replacing, write_json
from dermaseg_monai.metrics.interval_text import bracketed
from dermaseg_monai.metrics.spreadsheet import write_table
from dermaseg_monai.metrics.table import Table


@dataclass(frozen=True)
class Study:
    """The summary as text for a terminal, and mean pairwise Dice between different people.

    Where all pairs are of one person who drew twice, it is that person's.
    """

    text: str
    dice: float


def write_study(  # noqa: PLR0913 (what a study consists of)
    out: str | Path,
    pairs: pd.DataFrame,
    masks: pd.DataFrame,
    *,
    factors: Sequence[str],
    notes: Sequence[str],
    failures: Sequence[str],
    below_dice: float,
    seed: int,
    votes: Votes | None = None,
    sections: Sequence[str] = (),
    warnings: Sequence[str] = (),
) -> Study:
    """Write pairs.csv, images.csv, annotators.csv, by_<factor>.csv, masks.csv, flags.csv, summary.json and summary.md.

    And reliability.csv (kappa, alpha, intraclass correlation) and mixed_model.csv (what explains the disagreement).

    Tables of an earlier study in the folder are removed.

    A by_<factor>.csv has the rows of `all pairs` and of pairs of `different people`; the summary shows the latter.

    Args:
        out: folder; made where it is not there.
        pairs: a row per pair (`PAIR_COLUMNS`), and the columns that `factors` name.
        masks: a row per outline (`MASK_COLUMNS`), none for pairs that were computed elsewhere.
        factors: columns of `pairs` to divide by, beside tool and skill.
        notes: sentences for the summary: where the pairs come from, how they were measured.
        failures: outlines that could not be used.
        below_dice: a pair below it is flagged.
        seed: of the bootstrap.
        votes: counts of pixels for kappa and alpha, None for pairs that were computed elsewhere.
        sections: more Markdown for summary.md.
        warnings: sentences that stand at the top of the page too, as which files were left out.

    Raises:
        DataError: no pair is left to summarise, or the folder cannot be written.
    """
    if pairs.empty:
        raise DataError(f"No case has two usable outlines; {len(failures)} could not be used. {' '.join(failures[:1])}")
    folder = make_folder(out)
    intra = is_intra(pairs)
    kinds = {"different people": pairs[~intra], "one person twice": pairs[intra]}
    found = {name: summarise_pairs(rows, below_dice=below_dice, seed=seed) for name, rows in kinds.items() if len(rows)}
    if len(found) > 1:
        found = {"all pairs": summarise_pairs(pairs, below_dice=below_dice, seed=seed)} | found
    tables = _factor_tables(pairs, intra, factors, below_dice, seed)
    flags = find_flags(pairs, masks, below_dice=below_dice)
    statistics = {
        "reliability": reliability(pairs, masks, votes, seed=seed),
        "mixed_model": explain_disagreement(pairs, factors),
    }
    pairs = pairs if votes is None else with_kappa(pairs, votes)
    if unit_of_columns(pairs) == "mm":
        pairs = pairs.rename(columns={"band_px": "band_vox", "image_px": "volume_vox"})
    written: dict[str, pd.DataFrame] = statistics | {"pairs": pairs, "images": by_image(pairs), "flags": flags}
    written["annotators"] = by_annotators(pairs, below_dice=below_dice, seed=seed)
    written |= {"masks": masks} if len(masks) else {}
    written |= {f"by_{name}": table for name, table in tables.items()}
    _forget_earlier(folder)
    for name, table in written.items():
        write_table(folder / f"{name}.csv", table)
    table = _table(found, [*notes, *warnings], failures, flags)
    parts = [table.markdown(), *(_section(name, rows) for name, rows in tables.items())]
    parts += [reliability_section(statistics["reliability"]), model_section(statistics["mixed_model"]), *sections]
    with replacing(folder / "summary.md") as temporary:
        temporary.write_text("# Agreement\n\n" + "\n\n".join(parts) + "\n", encoding="utf-8")
    beyond = {name: records(rows) for name, rows in statistics.items()}
    write_json(folder / "summary.json", _json(found, notes, failures, flags) | {"warnings": list(warnings)} | beyond)
    main = found.get("different people") or next(iter(found.values()))
    return Study(table.plain(), main.scores["dice"].mean)


def _forget_earlier(folder: Path) -> None:
    """Remove the tables of an earlier study of the folder: the page shows every table that it finds."""
    if not (folder / "summary.json").is_file():
        return
    names = ("masks", "bias", "drift", "copies", "errors", "coverage")
    for path in [*(folder / f"{name}.csv" for name in names), *folder.glob("by_*.csv")]:
        remove(path)


def _factor_tables(
    pairs: pd.DataFrame, intra: pd.Series, factors: Sequence[str], below_dice: float, seed: int
) -> dict[str, pd.DataFrame]:
    given = [name for name in ("tool", "skill") if f"{name}_a" in pairs and len(pairs[f"{name}_a"].dropna())]
    bands = size_bands(pairs) if "size" not in factors else None
    if bands is not None:
        pairs, given = pairs.assign(size=bands), [*given, "size"]
    kinds = {"all pairs": pairs, "different people": pairs[~intra]}
    return {
        name: pd.concat(
            [
                by_factor(rows, name, below_dice=below_dice, seed=seed).assign(whose=kind)
                for kind, rows in kinds.items()
                if len(rows)
            ]
        )
        for name in dict.fromkeys([*given, *factors])
    }


def _table(
    found: Mapping[str, PairSummary], notes: Sequence[str], failures: Sequence[str], flags: pd.DataFrame
) -> Table:
    first = next(iter(found.values()))
    drawn = "images" if first.n_groups == first.n_images else "patients or lesions"
    bounds = f"{100 * first.confidence:g} % intervals (bootstrap over {first.n_groups} {drawn})"
    counted = ", ".join(f"{flag} {count}" for flag, count in flags["flag"].value_counts().items()) or "none"
    return Table(
        header=("pairs of", "pairs", "images", "Dice", "Jaccard", "threshold Jaccard", f"below {first.below_dice:g}"),
        rows=written_rows(list(found.items())),
        notes=(
            f"Means over pairs with {bounds}; {first.n_images} images.",
            f"Over images (mean of each image's pairs): {_over_images(found)}.",
            *_of_lengths(found),
            *too_narrow({name: summary.n_groups for name, summary in found.items()}),
            f"Flags: {counted}.",
            *notes,
            *([f"{len(failures)} outlines could not be used."] if failures else []),
        ),
    )


def _over_images(found: Mapping[str, PairSummary]) -> str:
    main = found.get("different people") or next(iter(found.values()))
    names = {"dice": "Dice", "jaccard": "Jaccard", "threshold_jaccard": "threshold Jaccard"}
    parts = []
    for name, word in names.items():
        score = main.scores[name]
        parts.append(f"{word} {bracketed(score.image_mean, score.image_low, score.image_high)}")
    return ", ".join(parts)


def _of_lengths(found: Mapping[str, PairSummary]) -> list[str]:
    """Return what is said of distances, each with its unit; nothing where the pairs have none."""
    main = found.get("different people") or next(iter(found.values()))
    named = {
        "hd95_px": ("HD95", " px"), "assd_px": ("ASSD", " px"), "hd95_mm": ("HD95", " mm"), "assd_mm": ("ASSD", " mm"),
        "surface_dice": ("surface Dice", ""), "volume_difference_mm3": ("volume difference", " mm³"),
    }  # fmt: skip
    parts = []
    for name, (word, unit) in named.items():
        score = main.scores.get(name)
        if score is None:
            continue
        form = ".2f" if unit == " px" else ".3f"
        parts.append(f"{word} {bracketed(score.mean, score.low, score.high, form)}{unit}")
    return [f"Means over pairs: {', '.join(parts)}."] if parts else []


def _section(name: str, table: pd.DataFrame) -> str:
    header = (name, "pairs", "images", "Dice", "median", "Jaccard", "threshold Jaccard", "flagged")
    chosen = table[table["whose"] == "different people"].to_dict("records")
    rows = [
        (
            str(row[name]),
            f"{row['pairs']:.0f}",
            f"{row['images']:.0f}",
            bracketed(row["dice"], row["dice_low"], row["dice_high"]),
            *(f"{row[column]:.3f}" for column in ("dice_median", "jaccard", "threshold_jaccard", "flagged")),
        )
        for row in chosen
    ]
    notes = too_narrow({str(row[name]): row["groups"] for row in chosen})
    return f"## By {name} (pairs of different people)\n\n" + Table(header=header, rows=rows, notes=notes).markdown()


def _json(
    found: Mapping[str, PairSummary], notes: Sequence[str], failures: Sequence[str], flags: pd.DataFrame
) -> dict[str, Any]:
    return {
        "agreement": {name.replace(" ", "_"): summary.to_dict() for name, summary in found.items()},
        "flags": {str(flag): int(count) for flag, count in flags["flag"].value_counts().items()},
        "failures": list(failures),
        "notes": list(notes),
    }
