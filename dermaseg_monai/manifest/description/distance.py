"""How far apart two groups of images are, beside how far apart two groups drawn from one pot would be."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int

DRAWS: Final = 200
"""Permutations behind the reference."""

Sides = Bool[np.ndarray, "draws n"]
"""True where an image stands on the side of B; the first row is how it really is."""


def permuted_sides(is_b: Bool[np.ndarray, " n"], groups: Sequence[int], *, seed: int) -> Sides:
    """Return the true sides in row 0 and, below, `DRAWS` random ones, in which a group stays on one side.

    Images of one lesion or patient resemble each other, so whole groups change sides, in random order until B has as
    many images as it really has (the last group may bring a few more).
    """
    codes = np.unique(np.asarray(groups), return_inverse=True)[1]
    sizes = np.bincount(codes)
    target = int(is_b.sum())
    rng = np.random.default_rng(seed)
    sides = np.empty((DRAWS + 1, len(is_b)), dtype=bool)
    sides[0] = is_b
    for draw in range(1, DRAWS + 1):
        order = rng.permutation(len(sizes))
        before = np.concatenate([[0], np.cumsum(sizes[order])[:-1]])
        chosen = np.zeros(len(sizes), dtype=bool)
        chosen[order[before < target]] = True
        sides[draw] = chosen[codes]
    return sides


def wasserstein(values: Float[np.ndarray, " n"], sides: Sides) -> Float[np.ndarray, " draws"]:
    """Return the Wasserstein-1 distance between the two sides, in the unit of the values, for every row of `sides`.

    W = ∫ |F_A(x) − F_B(x)| dx, 0 or more; values must not be NaN; NaN where a side is empty.

    Source: Vaserstein 1969; of ITA as a distance between data sets: arXiv:2603.29694.
    """
    order = np.argsort(values, kind="stable")
    gaps = np.diff(values[order])
    result = np.empty(len(sides))
    for at, side in enumerate(sides):
        b = side[order]
        n_b = int(b.sum())
        n_a = len(b) - n_b
        below_b = np.cumsum(b)[:-1]
        below_a = np.arange(1, len(b)) - below_b
        apart = np.abs(below_a / n_a - below_b / n_b) if n_a and n_b else np.full(len(gaps), np.nan)
        result[at] = float((apart * gaps).sum()) if n_a and n_b else np.nan
    return result


def total_variation(codes: Int[np.ndarray, " n"], sides: Sides) -> Float[np.ndarray, " draws"]:
    """Return ½ Σ |p_A − p_B| over the categories, in [0, 1]: the share of images that would have to change.

    NaN where a side is empty.
    """
    one_hot = (codes[:, None] == np.arange(int(codes.max()) + 1)[None]).astype(float)
    in_b = sides.astype(float) @ one_hot
    in_a = one_hot.sum(axis=0) - in_b
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = np.abs(in_a / in_a.sum(axis=1, keepdims=True) - in_b / in_b.sum(axis=1, keepdims=True))
    return apart.sum(axis=1) / 2
