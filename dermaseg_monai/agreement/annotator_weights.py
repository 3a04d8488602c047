"""How much each reader counts in a weighted consensus: from a table, or counted over the whole data set."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from dermaseg_monai.agreement.consensus_methods import Mask, soft_mean
from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.metrics.grid import bounding_box
from dermaseg_monai.metrics.spreadsheet import read_cells


@dataclass(frozen=True)
class AgainstOthers:
    """How often one reader agrees with the others, in pixels of one case or summed over many.

    `lesion_px` is the sum over pixels of the share of the other readers who call them lesion, `hit_px` the part of it
    that this reader calls lesion too; `skin_px` and `spared_px` likewise for skin.
    """

    lesion_px: float = 0.0
    hit_px: float = 0.0
    skin_px: float = 0.0
    spared_px: float = 0.0

    def __add__(self, other: "AgainstOthers") -> "AgainstOthers":
        return AgainstOthers(
            self.lesion_px + other.lesion_px,
            self.hit_px + other.hit_px,
            self.skin_px + other.skin_px,
            self.spared_px + other.spared_px,
        )

    @property
    def sensitivity(self) -> float:
        """Share of what others call lesion that this reader calls lesion, 0 where there is none."""
        return self.hit_px / self.lesion_px if self.lesion_px else 0.0

    @property
    def specificity(self) -> float:
        """Share of the skin around the lesion that this reader leaves out, 0 where there is none."""
        return self.spared_px / self.skin_px if self.skin_px else 0.0


def against_others(masks: Sequence[Mask]) -> list[AgainstOthers]:
    """Count each reader of one case against the soft mean of the others; `masks` holds one of each person.

    Counted in the box around all outlines, grown by a quarter of its sides on each side: over the whole picture the
    specificity of anybody is nearly 1, and the looser outline would weigh more. No STAPLE is in it, which with two
    readers takes the side of one.

    Raises:
        ValueError: fewer than two masks, or as `soft_mean`.
    """
    if len(masks) < 2:  # noqa: PLR2004
        raise ValueError(f"A reader is judged by the others: two masks or more are needed; got {len(masks)}.")
    box = bounding_box(soft_mean(masks) > 0)
    if box is None:
        return [AgainstOthers() for _ in masks]
    place = tuple(_grown(side, length) for side, length in zip(box, masks[0].shape, strict=True))
    near = [mask[place] for mask in masks]
    found: list[AgainstOthers] = []
    for at, mask in enumerate(near):
        lesion = soft_mean([*near[:at], *near[at + 1 :]])
        skin = 1 - lesion
        found.append(
            AgainstOthers(float(lesion.sum()), float(lesion[mask].sum()), float(skin.sum()), float(skin[~mask].sum()))
        )
    return found


def pooled_weights(counted: Mapping[str, AgainstOthers]) -> pd.DataFrame:
    """Return annotator, sensitivity, specificity and weight, by name.

    The weight is Youden's J = sensitivity + specificity - 1: 1 for one whom all others follow, 0 (and never less) for
    one who draws at random. Source: Youden 1950 (10.1002/1097-0142(1950)3:1<32::AID-CNCR2820030106>3.0.CO;2-3).
    """
    rows = [
        {"annotator": name, "sensitivity": one.sensitivity, "specificity": one.specificity}
        for name, one in sorted(counted.items())
    ]
    table = pd.DataFrame(rows, columns=["annotator", "sensitivity", "specificity"])
    return table.assign(weight=_youden(table))


def read_weights(path: str | Path, annotators: Iterable[str]) -> dict[str, float]:
    """Return the weight of each annotator from a CSV: annotator and weight, or annotator, sensitivity, specificity.

    Without a column weight it is Youden's J, as in `pooled_weights`.

    Raises:
        DataError: the file cannot be read, or lacks these columns.
        ConfigError: an annotator is missing or stands there twice, or a weight is not a number of 0 or more.
    """
    source = Path(path)
    try:
        # an annotator may be called NA: only an empty cell is empty
        table = read_cells(pd.read_csv(source, dtype={"annotator": str}, keep_default_na=False, na_values=[""]))
    except (OSError, ValueError) as error:
        raise DataError(f"{source} cannot be read as a table: {error}. Pass a CSV with --weights.") from error
    if not {"annotator", "weight"} <= set(table) and not {"annotator", "sensitivity", "specificity"} <= set(table):
        raise DataError(
            f"{source} has the columns {', '.join(map(str, table.columns))}; needed are annotator and weight, or "
            "annotator, sensitivity and specificity."
        )
    names = sorted(set(annotators))
    counted = table["annotator"].value_counts()
    wrong = [name for name in names if counted.get(name, 0) != 1]
    if wrong:
        times = "no row" if wrong[0] not in counted else f"{counted[wrong[0]]} rows"
        raise ConfigError(
            f"{source} has {times} for annotator {wrong[0]!r}. Give every annotator one row and a weight."
        )
    rates = ["weight"] if "weight" in table else ["sensitivity", "specificity"]
    given = table.assign(**{name: pd.to_numeric(table[name], errors="coerce") for name in rates})
    numbers = given["weight"] if "weight" in given else _youden(given)
    found = {name: float(number) for name, number in zip(table["annotator"], numbers, strict=True) if name in names}
    bad = [name for name, number in found.items() if not np.isfinite(number) or number < 0]
    if bad:
        raise ConfigError(f"The weight of {bad[0]!r} in {source} is no number of 0 or more. Correct the table.")
    if not any(found.values()):
        raise ConfigError(f"All weights in {source} are 0, so that nobody would count. Correct the table.")
    return found


def _youden(table: pd.DataFrame) -> pd.Series:
    return (table["sensitivity"] + table["specificity"] - 1).clip(lower=0)


def _grown(side: slice, length: int) -> slice:
    margin = int(np.ceil((side.stop - side.start) / 4))
    return slice(max(0, side.start - margin), min(length, side.stop + margin))
