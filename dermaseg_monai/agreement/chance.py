"""Agreement beyond chance: kappa of Cohen and of Fleiss, on counts of pixels."""

import numpy as np
import pandas as pd
from jaxtyping import Float

from dermaseg_monai.agreement.votes import Votes

Sums = Float[np.ndarray, "... 5"]
"""Over pixels judged by two readers or more: pixels, judgements n, lesion judgements k, k(n-k)/n, k(n-k)/(n-1)."""


def cohen_kappa(
    shared: np.ndarray | float, marked_a: np.ndarray | float, marked_b: np.ndarray | float, total: np.ndarray | float
) -> np.ndarray:
    """Return (pₒ - pₑ) / (1 - pₑ) of two readers, in [-1, 1]; NaN where chance alone agrees on every pixel.

    pₒ is the share of pixels on which both say the same, pₑ what it would be had each spread their lesion pixels at
    random. Source: Cohen 1960 (10.1177/001316446002000104).

    Args:
        shared: pixels that both call lesion.
        marked_a: pixels that the first calls lesion.
        marked_b: pixels that the second calls lesion.
        total: pixels judged.
    """
    both, a, b, n = (np.asarray(given, dtype=float) for given in (shared, marked_a, marked_b, total))
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = (n - a - b + 2 * both) / n
        chance = (a * b + (n - a) * (n - b)) / n**2
        return np.where(chance < 1, (observed - chance) / (1 - chance), np.nan)


def with_kappa(pairs: pd.DataFrame, votes: Votes) -> pd.DataFrame:
    """Return the pairs with band_px, image_px (pixels judged), kappa_band and kappa_image.

    The pixels two readers share follow from Dice and the areas, D (a + b) / 2, and none of them lies outside the band.
    """
    judged = votes.table.groupby("case_id")[["band_px", "image_px"]].sum().reindex(pairs["case_id"])
    found = pairs.assign(**{name: judged[name].to_numpy() for name in judged.columns})
    one, other = (marked.to_numpy(dtype=float) for marked in _marked(pairs))
    shared = np.rint(pairs["dice"].to_numpy(dtype=float) * (one + other) / 2)
    for where in ("band", "image"):
        found[f"kappa_{where}"] = cohen_kappa(shared, one, other, found[f"{where}_px"].to_numpy(dtype=float))
    return found


def _marked(pairs: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return how many pixels, or voxels, each of the two calls lesion."""
    names = ("voxels_a", "voxels_b") if "voxels_a" in pairs else ("area_a_px", "area_b_px")
    return pairs[names[0]].astype(float), pairs[names[1]].astype(float)


def kappa_sums(pairs: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return pixels shared, lesion of either reader, and judged on the `band` or whole `image`; a row per case."""
    one, other = _marked(pairs)
    columns = {"shared": pairs["dice"] * (one + other) / 2, "one": one, "other": other, "total": pairs[f"{where}_px"]}
    return pd.DataFrame(columns).astype(float).groupby(pairs["case_id"]).sum()


def pooled_kappa(sums: Float[np.ndarray, "... 4"]) -> np.ndarray:
    """Return Cohen's kappa of the pixels of several pairs together (`kappa_sums`)."""
    return cohen_kappa(*np.moveaxis(np.asarray(sums, dtype=float), -1, 0))


def vote_sums(votes: Votes, where: str) -> pd.DataFrame:
    """Return the five sums of every case (`Sums`), on the `band` or the whole `image`; a row per case.

    A pixel that one reader alone has judged says nothing about agreement and is left out.
    """
    table = votes.table[votes.table["readers"] > 1]
    n, k = table["readers"].to_numpy(dtype=float), table["lesion_readers"].to_numpy(dtype=float)
    split = k * (n - k)
    pixels = table[f"{where}_px"].to_numpy(dtype=float)
    columns = {"pixels": 1.0, "judged": n, "lesion": k, "split": split / n, "split_less": split / (n - 1)}
    rows = pd.DataFrame({name: value * pixels for name, value in columns.items()})
    return rows.groupby(table["case_id"].to_numpy(), sort=True).sum()


def fleiss_kappa(sums: Sums) -> np.ndarray:
    """Return Fleiss' kappa of lesion or skin for any number of readers, which may differ from pixel to pixel.

    1 - Σ k(n-k)/n / (N (n̄-1) p q) over N pixels, of which n readers judge one and k call it lesion; p is the share of
    lesion among all judgements, n̄ the mean of n. With one n it is the kappa of Fleiss 1971 (10.1037/h0031619). In
    (-1, 1]; NaN where all judgements are the same.

    Source: Fleiss & Cuzick 1979 (10.1177/014662167900300410).
    """
    pixels, judged, lesion, split, _ = np.moveaxis(np.asarray(sums, dtype=float), -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = lesion / judged
        chance = (judged - pixels) * share * (1 - share)
        return np.where(chance > 0, 1 - split / chance, np.nan)
