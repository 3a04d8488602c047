"""How like each other the methods of consensus are, by number of readers, and what two readers mean for them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from dermaseg_monai.agreement.consensus_case import Decided
from dermaseg_monai.agreement.consensus_rule import OVERLAP, STAPLE, UNION, ConsensusRule
from dermaseg_monai.metrics.table import Table

_READER = "a reader"
_TWO = 2


def comparison_table(decided: Iterable[Decided]) -> pd.DataFrame:
    """Return readers, one, other, kind, comparisons, dice_mean, dice_median, dice_min.

    `kind` is `method` for two methods, `reader` for a method and one annotator, `readers` for a method and everybody
    (`a reader`); `readers` is the number of readers of the cases. Dice as in `soft_dice`.
    """
    found: dict[tuple[int, str, str, str], list[float]] = defaultdict(list)
    for one in decided:
        n = one.row["readers"]
        for method, other, is_reader, dice in one.alike:
            found[n, "reader" if is_reader else "method", method, other].append(dice)
            if is_reader:
                found[n, "readers", method, _READER].append(dice)
    rows = [
        {"readers": n, "kind": kind, "one": method, "other": other, "comparisons": len(dice)}
        | {"dice_mean": np.mean(dice), "dice_median": np.median(dice), "dice_min": np.min(dice)}
        for (n, kind, method, other), dice in found.items()
    ]
    columns = ["readers", "kind", "one", "other", "comparisons", "dice_mean", "dice_median", "dice_min"]
    # by number of readers and kind; within them in the order of the methods
    return pd.DataFrame(rows, columns=columns).sort_values(["readers", "kind"], kind="stable", ignore_index=True)


def summary_tables(comparison: pd.DataFrame) -> list[tuple[int, Table]]:
    """Return, for each number of readers, mean Dice of every method with every other and with a reader."""
    tables: list[tuple[int, Table]] = []
    for n, rows in comparison[comparison["kind"] != "reader"].groupby("readers"):
        means = {(row["one"], row["other"]): f"{row['dice_mean']:.3f}" for row in rows.to_dict("records")}
        methods = list(dict.fromkeys(name for pair in means for name in pair if name != _READER))
        header = ("mean Dice", *methods, _READER)
        body = [
            (one, *(means.get((one, other)) or means.get((other, one)) or "-" for other in (*methods, _READER)))
            for one in methods
        ]
        tables.append((int(n), Table(header, body)))
    return tables


def summary_notes(decided: Sequence[Decided], comparison: pd.DataFrame, rule: ConsensusRule) -> list[str]:
    """Return what a reader of the summary must know: counts, empty ones, and what two readers mean."""
    count = pd.Series([one.row["status"] for one in decided]).value_counts()
    counted = ", ".join(f"{status} {number}" for status, number in count.items())
    notes = [f"Consensus by {rule.words}. Cases: {counted}."]
    if count.get("empty", 0):
        notes.append(
            f"{count['empty']} consensus masks are empty; they stand in cases.csv and not in the manifest, because an "
            "empty mask would teach that there is no lesion."
        )
    two = [one.row for one in decided if one.row["readers"] == _TWO and one.mask is not None]
    if two:
        notes.append(_of_two(two, len([one for one in decided if one.mask is not None]), comparison))
    if two and rule.weights is not None:
        notes.append("A weighted mask of two readers is the outline of the one who weighs more.")
    return notes


def _of_two(two: Sequence[dict[str, Any]], n_decided: int, comparison: pd.DataFrame) -> str:
    said = (
        f"WARNING: {len(two)} of {n_decided} cases have two readers. Two people cannot outvote each other: a majority "
        "is their union or their overlap, as the tie rule says. STAPLE does not know better: where they differ its "
        "probability is a half or close to it, and what decides is how much of the picture the lesion fills."
    )
    of_two = comparison[(comparison["readers"] == _TWO) & (comparison["kind"] == "method")]
    dice = {(row["one"], row["other"]): row["dice_mean"] for row in of_two.to_dict("records")}
    if (UNION, STAPLE) in dice:
        answers = ("the outline of", "the union", "the overlap")
        sided, union, overlap = (sum(f"STAPLE is {answer}" in row["warning"] for row in two) for answer in answers)
        said += (
            f" Here it is exactly one reader's outline in {sided} of {len(two)} cases, the union in {union}, the "
            f"overlap in {overlap}; its mean Dice is {dice[UNION, STAPLE]:.3f} with the union and "
            f"{dice[OVERLAP, STAPLE]:.3f} with the overlap. (On 2130 such images of IMA++ it was 0.847 with the union, "
            "with three readers or more 0.977 with the majority.)"
        )
    return f"{said} Prefer the soft mean or one reader per epoch for training, and a third reader for a reference."
