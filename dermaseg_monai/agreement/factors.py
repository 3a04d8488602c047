"""What may explain disagreement, as columns of a linear model: tools, skills, attributes of the case, size."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from jaxtyping import Float

from dermaseg_monai.agreement.pair_summary import both_values
from dermaseg_monai.agreement.unit import named_in, unit_of_columns

SIZE: Final = "size"
_RARE: Final = 5
"""A level with fewer pairs is put together with its likes: its own effect would say nothing."""
_MANY: Final = 30
"""A column of text with more levels is no factor; a column of numbers with more than `_STEPS` values is a slope."""
_STEPS: Final = 10


@dataclass(frozen=True, eq=False)
class Factor:
    """Columns of a design.

    Attributes:
        name: as in the tables.
        columns: one per level but the most frequent (0 or 1), or one of numbers; a row per pair.
        labels: what the effect of each column is.
        points: where a prediction is asked for: its label, the values of the columns there, pairs at it.
    """

    name: str
    columns: Float[np.ndarray, "n k"]
    labels: tuple[str, ...]
    points: tuple[tuple[str, Float[np.ndarray, " k"], int], ...]


def pair_factors(pairs: pd.DataFrame, attributes: Sequence[str]) -> tuple[list[Factor], list[str]]:
    """Return the factors of these pairs, and why others are none, a line each.

    The tools of the two readers, their skills, the attributes, and size (log₂ of the mean of both areas in px, or
    volumes in mm³, so that its effect is that of a doubling). Text is a factor of levels: empty is `not known`, levels
    of fewer than 5 pairs are `rare`. Numbers of more than 10 values are a slope per standard deviation; where one is
    missing it is the mean.
    """
    found: list[Factor] = []
    left_out: list[str] = []
    for name in dict.fromkeys(["tool", "skill", *attributes, SIZE]):
        values = _values(pairs, name)
        if values is None or not len(values.dropna()):
            left_out.append(f"{name}: not known of any pair")
        elif name == SIZE and values.dropna().eq(values.dropna().iloc[0]).all():
            left_out.append(
                f"{name}: the same for all pairs ({2 ** values.dropna().iloc[0]:.4g} {_unit_of_size(pairs)})"
            )
        elif name == SIZE or (values.nunique() > _STEPS and pd.api.types.is_numeric_dtype(values)):
            found.append(_slope(name, values.astype(float), unit=_unit_of_size(pairs)))
        else:
            factor = _levels(name, values)
            if isinstance(factor, str):
                left_out.append(factor)
            else:
                found.append(factor)
    return found, left_out


def independent(factors: Sequence[Factor]) -> tuple[list[Factor], list[str]]:
    """Return the factors without columns that follow from the intercept and the columns before, and a line for each."""
    kept: list[Factor] = []
    left_out: list[str] = []
    basis = np.ones((len(factors[0].columns), 1)) if factors else np.empty((0, 1))
    basis = basis / np.linalg.norm(basis)
    for factor in factors:
        chosen = []
        for number, column in enumerate(factor.columns.T):
            rest = column - basis @ (basis.T @ column)
            rest = rest - basis @ (basis.T @ rest)  # twice is enough
            if np.linalg.norm(rest) > 1e-8 * np.linalg.norm(column):
                basis = np.column_stack([basis, rest / np.linalg.norm(rest)])
                chosen.append(number)
            else:
                left_out.append(f"{factor.name}, {factor.labels[number]}: follows from the factors before it")
        if chosen:
            points = tuple((label, at[chosen], count) for label, at, count in factor.points)
            labels = tuple(factor.labels[number] for number in chosen)
            kept.append(Factor(factor.name, factor.columns[:, chosen], labels, points))
    return kept, left_out


def one_hand(pairs: pd.DataFrame) -> list[str]:
    """Return a line for each tool and each skill that one annotator alone has: it and the person go together."""
    found = []
    for name in ("tool", "skill"):
        if f"{name}_a" not in pairs:
            continue
        sides = [pairs[[f"annotator_{side}", f"{name}_{side}"]].set_axis(["who", name], axis=1) for side in "ab"]
        alone = pd.concat(sides).dropna().astype(str).drop_duplicates().groupby(name)["who"].agg(list)
        found += [
            f"{name} {value} is that of {who[0]} alone, so its effect is that person's as well"
            for value, who in alone.items()
            if len(who) == 1 and len(alone) > 1
        ]
    return found


def one_group(pairs: pd.DataFrame, attributes: Sequence[str]) -> list[str]:
    """Return a line for each attribute that images of one patient or lesion share.

    The model has an intercept per image and none per patient: it takes what these images say of the attribute for as
    many independent voices.
    """
    if "group" not in pairs:
        return []
    images = pairs.dropna(subset=["group"]).drop_duplicates("case_id")
    several = images[images["group"].map(images["group"].value_counts()) > 1]
    grouped = several.groupby("group")
    found = []
    for name in attributes:
        values = grouped[name].nunique(dropna=False)
        alike = int((values == 1).sum())
        if alike:
            found.append(
                f"{name} is the same for all images of {alike} of {grouped.ngroups} patients or lesions with several "
                f"images ({len(several)} of {pairs['case_id'].nunique()} images), and the model takes images as "
                "independent: its test and intervals are too sure"
            )
    return found


def _values(pairs: pd.DataFrame, name: str) -> pd.Series | None:
    if name in pairs:
        numbers = pd.to_numeric(pairs[name], errors="coerce")  # a table of others says 55 as text
        return numbers if numbers.notna().equals(pairs[name].notna()) and numbers.nunique() > _STEPS else pairs[name]
    sizes = [named_in(unit_of_columns(pairs), side) for side in ("area_a_px", "area_b_px")]
    if name == SIZE and set(sizes) <= set(pairs.columns):
        mean = pairs[sizes].astype(float).mean(axis=1)
        return pd.Series(np.log2(mean.where(mean > 0)), index=pairs.index)
    if name in {"tool", "skill"} and f"{name}_a" in pairs and pairs[[f"{name}_a", f"{name}_b"]].notna().any(axis=None):
        return both_values(pairs, name)
    return None


def _unit_of_size(pairs: pd.DataFrame) -> str:
    return "px" if unit_of_columns(pairs) == "px" else "mm³"


def _slope(name: str, values: pd.Series, *, unit: str) -> Factor:
    middle, spread = values.mean(), values.std(ddof=0)
    step = 1.0 if name == SIZE else spread
    column = ((values - middle) / step).fillna(0.0).to_numpy()
    label = (
        f"per doubling of the mean {'area' if unit == 'px' else 'volume'}"
        if name == SIZE
        else f"per {spread:.3g} more (its standard deviation)"
    )
    points = []
    for share in (0.1, 0.9):
        at = float(values.quantile(share))
        value = (f"{2**at:.0f} px" if unit == "px" else f"{2**at:.3g} {unit}") if name == SIZE else f"{at:.3g}"
        points.append((f"{value} (quantile {share:g})", np.array([(at - middle) / step]), int(values.notna().sum())))
    return Factor(name, column[:, None], (label,), tuple(points))


def _levels(name: str, values: pd.Series) -> Factor | str:
    known = values.astype(object).where(values.notna(), "not known").astype(str)
    counts = known.value_counts()
    known = known.where(known.map(counts) >= _RARE, "rare")
    counts = known.value_counts()
    if len(counts) == 1:
        return f"{name}: the same for all pairs ({counts.index[0]})"
    if len(counts) > _MANY:
        return f"{name}: {len(counts)} levels, more than {_MANY}"
    reference, *others = sorted(counts.index, key=lambda level: (-counts[level], level))
    columns = np.column_stack([(known == level).to_numpy(dtype=float) for level in others])
    labels = tuple(f"{level} (against {reference})" for level in others)
    at = np.vstack([np.zeros(len(others)), np.eye(len(others))])
    points = tuple((level, at[number], int(counts[level])) for number, level in enumerate([reference, *others]))
    return Factor(name, columns, labels, points)
