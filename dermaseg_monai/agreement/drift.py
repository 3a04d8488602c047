"""Whether an annotator's hand changes over time: EWMA charts with control limits."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from jaxtyping import Float

from dermaseg_monai.manifest.moment import read_moment

SMOOTHING: Final = 0.2
LIMIT: Final = 3.0
"""λ and L: with independent normal values one false alarm in about 560 outlines, and a lasting change by one standard
deviation is seen after about 10 (Lucas and Saccucci 1990, 10.2307/1269835)."""
FIRST_PERIOD: Final = 30
"""Outlines, by date, from which centre and spread are taken; all where there are fewer than twice as many."""
LEAST_OUTLINES: Final = 8
DRIFT_MEASURES: Final = ("offset_percent", "dice_consensus")

DRIFT_COLUMNS: Final = (
    "annotator", "measure", "number", "created_at", "case_id", "value", "ewma", "centre", "low", "high", "first_period",
    "out",
)  # fmt: skip
"""The columns of a chart in long form, a row per outline: `number` counts an annotator's outlines by date from 1, `low`
and `high` are the control limits at that number, `first_period` says whether centre and spread come from it too, `out`
whether the EWMA lies beyond a limit."""


@dataclass(frozen=True)
class Drift:
    """The charts, and what could not be charted.

    Attributes:
        table: `DRIFT_COLUMNS`.
        without_date: outlines that have none.
        unreadable: outlines whose date is no ISO 8601 date or time.
        first_unreadable: one of those dates.
        uncharted: annotators with fewer than `LEAST_OUTLINES` dated outlines, or all of one moment.
    """

    table: pd.DataFrame
    without_date: int
    unreadable: int
    first_unreadable: str | None
    uncharted: tuple[str, ...]

    def alarms(self) -> pd.DataFrame:
        """Return the row of each chart at which it first goes beyond a limit, the largest `shift` of a measure first.

        `times` is how often it is beyond, `shift` how far the outlines beyond lie from the centre on average. Where one
        annotator drifts the others' charts may go beyond too; who drifts has the largest shift.
        """
        out = self.table[self.table["out"].astype(bool)]
        charts = out.groupby(["annotator", "measure"], sort=True)
        first = charts.first()
        first["times"] = charts.size()
        first["shift"] = charts["value"].mean() - first["centre"]
        first = first.reset_index()
        order = first.assign(large=-first["shift"].astype(float).abs())
        order = order.sort_values(["measure", "large", "annotator"], ascending=[False, True, True], ignore_index=True)
        return order.drop(columns="large")


def chart_drift(masks: pd.DataFrame) -> Drift:
    """Chart the signed offset and the Dice of every annotator against the others' consensus over time.

    z_t = λ x_t + (1 - λ) z_{t-1} from z_0 = centre; limits centre ± L σ √(λ / (2 - λ) · (1 - (1 - λ)^{2t})). Centre and
    σ (standard deviation, n - 1) are those of the annotator's own first `FIRST_PERIOD` outlines, or of all where there
    are fewer than twice as many, which hides slow drift. An offset that changes shows in the others' charts too, in the
    opposite direction and weaker the more readers there are: they are what it is measured against.

    Outlines are ordered by `created_at`, then by case: dates without a time leave the order within a day open. Dates
    without a zone count as UTC. No date is guessed: what is no ISO 8601 date is left out and counted.

    Args:
        masks: a row per outline (`MASK_COLUMNS`, `BIAS_COLUMNS`).
    """
    compared = masks[masks["offset_percent"].notna()] if len(masks) else masks
    given = compared["created_at"].notna() if len(compared) else pd.Series(dtype=bool)
    moments = (
        {text: read_moment(str(text)) for text in compared.loc[given, "created_at"].unique()} if len(given) else {}
    )
    bad = [text for text, moment in moments.items() if moment is None]
    dated = compared[given & ~compared["created_at"].isin(bad)] if len(compared) else compared
    charts: list[pd.DataFrame] = []
    uncharted: list[str] = []
    for name, own in dated.groupby("annotator", sort=True):
        moment = own["created_at"].map(moments)
        if len(own) < LEAST_OUTLINES or len(set(moment)) == 1:
            uncharted.append(str(name))
            continue
        in_order = own.assign(moment=moment).sort_values(["moment", "case_id"], kind="stable")
        charts += list(_charts(in_order))
    table = pd.concat(charts, ignore_index=True) if charts else pd.DataFrame(columns=list(DRIFT_COLUMNS))
    unreadable = int(compared["created_at"].isin(bad).sum()) if bad else 0
    return Drift(table, int((~given).sum()), unreadable, str(bad[0]) if bad else None, tuple(uncharted))


def who_moved(alarms: pd.DataFrame) -> list[str]:
    """Return the annotators whose own hand moved, as far as the charts tell it from the echo in those of the others.

    In the offset, whose echo goes the other way, these are who has the largest shift and who shifts in the same
    direction; where no offset goes beyond a limit, who has the largest shift of Dice, which falls for everybody.

    Args:
        alarms: of `Drift.alarms`.
    """
    for measure in DRIFT_MEASURES:
        own = alarms[alarms["measure"] == measure]
        if len(own):
            alike = (
                (own["shift"] * own["shift"].iloc[0] > 0) if measure == "offset_percent" else own.index == own.index[0]
            )
            return sorted(map(str, own.loc[alike, "annotator"]))
    return []


def ewma(values: Float[np.ndarray, " n"], *, centre: float) -> Float[np.ndarray, " n"]:
    """Return the exponentially weighted moving average, which starts from `centre`."""
    smoothed = np.empty(len(values))
    last = centre
    for at, value in enumerate(values):
        last = SMOOTHING * value + (1 - SMOOTHING) * last
        smoothed[at] = last
    return smoothed


def _charts(own: pd.DataFrame) -> Iterator[pd.DataFrame]:
    first = FIRST_PERIOD if len(own) >= 2 * FIRST_PERIOD else len(own)
    number = np.arange(1, len(own) + 1)
    for measure in DRIFT_MEASURES:
        values = own[measure].to_numpy(dtype=float)
        centre, spread = float(values[:first].mean()), float(values[:first].std(ddof=1))
        reach = LIMIT * spread * np.sqrt(SMOOTHING / (2 - SMOOTHING) * (1 - (1 - SMOOTHING) ** (2 * number)))
        smoothed = ewma(values, centre=centre)
        chart: dict[str, Any] = {
            "annotator": own["annotator"].to_numpy(),
            "measure": measure,
            "number": number,
            "created_at": own["created_at"].to_numpy(),
            "case_id": own["case_id"].to_numpy(),
            "value": values,
            "ewma": smoothed,
            "centre": centre,
            "low": centre - reach,
            "high": centre + reach,
            "first_period": number <= first,
            # the last digits of a chart that never moves are no alarm
            "out": np.abs(smoothed - centre) > reach + 1e-9,
        }
        yield pd.DataFrame(chart, columns=list(DRIFT_COLUMNS))
