"""What a comparison of the model with people leaves: tables, JSON and a page of Markdown."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from dermaseg_monai.agreement.ceiling import ALPHA, Ceiling, Compared, summarise_ceiling
from dermaseg_monai.files import write_json, write_text
from dermaseg_monai.metrics.interval_text import bracketed
from dermaseg_monai.metrics.spreadsheet import write_table
from dermaseg_monai.metrics.table import Table

_WORDS = {
    "dice": "Dice", "jaccard": "Jaccard", "threshold_jaccard": "threshold Jaccard", "surface_dice": "surface Dice",
    "hd95_px": "HD95, px", "assd_px": "ASSD, px", "hd95_mm": "HD95, mm", "assd_mm": "ASSD, mm",
    "volume_difference_mm3": "volume difference, mm³",
}  # fmt: skip


def ceilings_by(images: pd.DataFrame, factor: str, *, margin_dice: float, seed: int) -> dict[str, Ceiling]:
    """Return the comparison for every value of a column, most images first; an empty value is `not known`."""
    values = images[factor].fillna("not known").astype(str)
    groups = sorted(images.groupby(values), key=lambda item: (-len(item[1]), str(item[0])))
    return {str(value): summarise_ceiling(rows, margin_dice=margin_dice, seed=seed) for value, rows in groups}


def ceiling_table_of(ceiling: Ceiling, notes: Sequence[str] = ()) -> Table:
    """Return both agreements and their difference, a row per score."""
    images = f"{ceiling.n_images} images"
    images += "" if ceiling.n_groups == ceiling.n_images else f" of {ceiling.n_groups} patients or lesions"
    mean = f"Mean over pairs within an image, then over {images}, {100 * ceiling.confidence:g} % intervals (bootstrap)."
    if ceiling.n_without_prediction:
        mean += f" {ceiling.n_without_prediction} without a usable prediction count as missed lesions."
    like = f"On {ceiling.like_a_reader:.0%} of the images the model agrees with people at least as far as the person "
    return Table(
        header=("score", "people – people", "model – people", "difference"),
        rows=[(_WORDS[name], *_cells(one)) for name, one in ceiling.scores.items()],
        notes=(
            ceiling.verdict_words,
            mean,
            like + "who agrees least with the others.",
            f"The test: two one-sided tests at {100 * ALPHA:g} %, images paired, margin {ceiling.margin_dice:g} Dice.",
            "A model that has learned from outlines of these people is nearer to them than a new person would be.",
            *notes,
        ),
    )


def write_ceiling(
    out: str | Path,
    images: pd.DataFrame,
    ceiling: Ceiling,
    *,
    groups: Mapping[str, Mapping[str, Ceiling]],
    notes: Sequence[str],
    failures: Sequence[str],
) -> Table:
    """Write ceiling.csv (a row per image), ceiling_by_<factor>.csv, ceiling.json and ceiling.md; return the table.

    Raises:
        DataError: a file cannot be written.
    """
    folder = Path(out)
    table = ceiling_table_of(ceiling, notes)
    write_table(folder / "ceiling.csv", images.drop(columns="group"))  # patients stay out of what is passed on
    sections = [f"# Model and people\n\n{table.markdown()}"]
    for factor, found in groups.items():
        write_table(folder / f"ceiling_by_{factor}.csv", pd.DataFrame(_factor_rows(factor, found)))
        sections.append(_section(factor, found))
    if failures:
        sections.append("## Not used\n\n" + "\n".join(f"- {line}" for line in failures))
    write_text(folder / "ceiling.md", "\n\n".join(sections) + "\n")
    content: dict[str, Any] = {"ceiling": ceiling.to_dict(), "notes": list(notes), "failures": list(failures)}
    content["groups"] = {
        factor: {value: one.to_dict() for value, one in found.items()} for factor, found in groups.items()
    }
    write_json(folder / "ceiling.json", content)
    return table


def _factor_rows(factor: str, found: Mapping[str, Ceiling]) -> list[dict[str, Any]]:
    return [
        {factor: value, "images": one.n_images, "groups": one.n_groups}
        | {"human_dice": one.scores["dice"].human, "model_dice": one.scores["dice"].model}
        | {"difference": one.scores["dice"].difference, "low": one.scores["dice"].low, "high": one.scores["dice"].high}
        | {"like_a_reader": one.like_a_reader, "within_human_range": one.verdict}
        for value, one in found.items()
    ]


def _section(factor: str, found: Mapping[str, Ceiling]) -> str:
    header = (factor, "images", "people – people", "model – people", "difference in Dice", "within human range")
    rows = [
        (value, str(one.n_images), *_cells(one.scores["dice"]), "yes: " + one.verdict)
        if one.verdict != "not shown"
        else (value, str(one.n_images), *_cells(one.scores["dice"]), one.verdict)
        for value, one in found.items()
    ]
    note = "Groups are tested one by one, without a correction for their number."
    return f"## By {factor}\n\n" + Table(header=header, rows=rows, notes=(note,)).markdown()


def _cells(one: Compared) -> tuple[str, str, str]:
    return (
        bracketed(one.human, one.human_low, one.human_high),
        bracketed(one.model, one.model_low, one.model_high),
        bracketed(one.difference, one.low, one.high, "+.3f"),
    )
