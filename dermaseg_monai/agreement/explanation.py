"""Which of tool, skill, diagnosis and size explains that people disagree: a mixed model of all pairs.

The response is asin √(1 - Dice), in [0, π/2] and 0 for equal outlines. Disagreement is a share: its variance shrinks
towards 0 and 1, which the arcsine evens out, and unlike the logit it takes both ends, outlines that are equal and
outlines that share no pixel. Fixed effects: tools, skills, attributes, size. Random intercepts: the image (some lesions
are hard for everybody) and the two annotators of a pair. Pairs of one person who drew twice are another question and
left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy import special

from dermaseg_monai.agreement.factors import Factor, independent, one_group, one_hand, pair_factors
from dermaseg_monai.agreement.mixed_model import MOST_LEVELS, MixedFit, MixedModel
from dermaseg_monai.agreement.pair_summary import is_intra
from dermaseg_monai.errors import DataError

MODEL_COLUMNS: Final = ("name", "what", "value", "se", "low", "high", "df", "p", "n", "definition")
"""A row per statistic; `what` is a factor, or a factor and a level. `n` counts pairs."""

_FREEDOM: Final = 10
"""Pairs that must remain after every effect has taken one."""
_Z: Final = float(special.ndtri(0.975))
_DEFINITIONS: Final = {
    "share of variance": "of asin √(1 - Dice), model with all factors; Nakagawa & Schielzeth 2013",
    "share of variance without factors": "of asin √(1 - Dice), random intercepts alone",
    "explains alone": "share of variance of the factor in a model of its own (marginal R²)",
    "explains beyond the others": "marginal R² of all factors less that of all others",
    "Wald test": "χ² that all effects of the factor are 0, in the model with all factors",
    "effect": "on asin √(1 - Dice), more is less agreement; 95 % Wald interval",
    "Dice at": "(cos of the prediction)², all other factors at their mean; 95 % Wald interval",
    "fit": "restricted maximum likelihood",
    "left out": "cannot or need not be estimated",
    "caution": "what the design mixes up",
}


@dataclass
class _Rows:
    n: int
    found: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def add(self, name: str, what: str, value: float | None, **more: Any) -> None:  # noqa: ANN401 (numbers and None)
        row = dict.fromkeys(MODEL_COLUMNS) | {"name": name, "what": what, "value": value, "n": self.n} | more
        self.found.append(row | {"definition": _DEFINITIONS[name]})

    def table(self) -> pd.DataFrame:
        return pd.DataFrame(self.found, columns=list(MODEL_COLUMNS))


@dataclass(frozen=True, eq=False)
class _Data:
    response: np.ndarray
    image: np.ndarray | None
    people: np.ndarray | None

    def fit(self, factors: Sequence[Factor]) -> MixedFit:
        model = MixedModel(self.response, _design(factors, len(self.response)), first=self.image, second=self.people)
        return model.fit()


def explain_disagreement(pairs: pd.DataFrame, attributes: Sequence[str]) -> pd.DataFrame:
    """Return the model as rows (`MODEL_COLUMNS`): shares of variance, tests, effects, Dice per level, what is left out.

    `explains alone` and `explains beyond the others` bracket what a factor is worth where factors go together. Tests
    and intervals are Wald's, from the normal distribution: with few pairs of annotators they are too sure of factors
    that belong to annotators, such as the tool; of attributes that the images of one patient share a `caution` says so.
    A model that cannot be fitted is one row `left out` that says why.

    Args:
        pairs: `PAIR_COLUMNS` and the attributes.
        attributes: columns that say more about the case: diagnosis, source.
    """
    people = pairs[~is_intra(pairs)].reset_index(drop=True)
    rows = _Rows(len(people))
    if people.empty:
        rows.add("left out", "everything: no pair of different people", None)
        return rows.table()
    candidates, left_out = pair_factors(people, attributes)
    factors, dependent = independent(candidates)
    data, without = _data(people)
    effects = 1 + sum(factor.columns.shape[1] for factor in factors)
    reason = f"{len(people)} pairs for {effects} effects" if len(people) < effects + _FREEDOM else None
    if reason is None:
        try:
            _fill(rows, data, factors)
        except DataError as error:
            reason = str(error)
    if reason is not None:
        rows = _Rows(len(people))
        rows.add("left out", f"everything: {reason}", None)
    for line in [*left_out, *dependent, *without]:
        rows.add("left out", line, None)
    named = {factor.name for factor in factors if reason is None}
    for line in [*one_hand(people), *one_group(people, [name for name in attributes if name in named])]:
        rows.add("caution", line, None)
    return rows.table()


def _data(pairs: pd.DataFrame) -> tuple[_Data, list[str]]:
    response = np.arcsin(np.sqrt(1 - pairs["dice"].to_numpy(dtype=float)))
    names = pairs["annotator_a"].astype(str) + " – " + pairs["annotator_b"].astype(str)
    image, without_image = _intercept("image", pairs["case_id"].astype(str), most=len(pairs))
    people, without_people = _intercept("two annotators", names, most=MOST_LEVELS)
    return _Data(response, image, people), [*without_image, *without_people]


def _intercept(name: str, values: pd.Series, *, most: int) -> tuple[np.ndarray | None, list[str]]:
    levels, codes = np.unique(values.to_numpy().astype(str), return_inverse=True)
    if len(levels) == len(values):
        return None, [f"random intercept of {name}: one pair each, so it is part of the residual"]
    if len(levels) == 1:
        return None, [f"random intercept of {name}: the same for all pairs ({levels[0]})"]
    if len(levels) > most:
        return None, [f"random intercept of {name}: {len(levels)} levels, more than {most}"]
    return codes, []


def _fill(rows: _Rows, data: _Data, factors: Sequence[Factor]) -> None:
    full, empty = data.fit(factors), data.fit([])
    explained = _marginal(full, factors, rows.n)
    for name, fit, share in (
        ("share of variance", full, explained),
        ("share of variance without factors", empty, 0.0),
    ):
        total = (fit.first + fit.second + fit.residual) / (1 - share)
        parts = {"image": fit.first} if data.image is not None else {}
        parts |= {"two annotators": fit.second} if data.people is not None else {}
        parts["residual"] = fit.residual
        if fit is full:
            rows.add(name, "all factors", share)
        for what, part in parts.items():
            rows.add(name, what, part / total)
    for number, factor in enumerate(factors):
        others = [*factors[:number], *factors[number + 1 :]]
        alone, left = data.fit([factor]), data.fit(others)
        rows.add("explains alone", factor.name, _marginal(alone, [factor], rows.n))
        rows.add("explains beyond the others", factor.name, explained - _marginal(left, others, rows.n))
    start = 1
    for factor in factors:
        stop = start + len(factor.labels)
        _effects(rows, full, factor, slice(start, stop))
        _predictions(rows, full, factors, factor, slice(start, stop))
        start = stop
    rows.add("fit", "restricted log likelihood", full.log_likelihood)
    rows.add("fit", "residual variance", full.residual)


def _marginal(fit: MixedFit, factors: Sequence[Factor], n: int) -> float:
    fixed = float(np.var(_design(factors, n) @ fit.effects))
    return fixed / (fixed + fit.first + fit.second + fit.residual)


def _effects(rows: _Rows, fit: MixedFit, factor: Factor, place: slice) -> None:
    effects, covariance = fit.effects[place], fit.covariance[place, place]
    chi2 = float(effects @ np.linalg.solve(covariance, effects))
    freedom = len(effects)
    rows.add("Wald test", factor.name, chi2, df=freedom, p=float(special.chdtrc(freedom, chi2)))
    counts = {label: count for label, _, count in factor.points}
    for label, effect, variance in zip(factor.labels, effects, np.diag(covariance), strict=True):
        se = sqrt(variance)
        bounds = {"low": effect - _Z * se, "high": effect + _Z * se}
        p = float(2 * special.ndtr(-abs(effect / se)))
        n = counts.get(label.split(" (against ")[0], rows.n)
        rows.add("effect", f"{factor.name}: {label}", float(effect), se=se, **bounds, p=p, n=n)


def _predictions(rows: _Rows, fit: MixedFit, factors: Sequence[Factor], factor: Factor, place: slice) -> None:
    mean = _design(factors, rows.n).mean(axis=0)
    for label, at, count in factor.points:
        where = mean.copy()
        where[place] = at
        angle, se = float(where @ fit.effects), sqrt(float(where @ fit.covariance @ where))
        low, value, high = (float(np.cos(np.clip(angle + step * se, 0, np.pi / 2)) ** 2) for step in (_Z, 0, -_Z))
        rows.add("Dice at", f"{factor.name}: {label}", value, low=low, high=high, n=count)


def _design(factors: Sequence[Factor], n: int) -> np.ndarray:
    return np.column_stack([np.ones(n), *(factor.columns for factor in factors)])
