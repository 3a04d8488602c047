"""Agreement beyond overlap in one table: kappa, alpha and intraclass correlation, each with its definition."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd

from dermaseg_monai.agreement.chance import fleiss_kappa, kappa_sums, pooled_kappa, vote_sums, with_kappa
from dermaseg_monai.agreement.interval import CONFIDENCE, DRAWS, TOO_NARROW, is_too_narrow
from dermaseg_monai.agreement.intraclass_correlation import intraclass
from dermaseg_monai.agreement.krippendorff import interval_alpha, interval_sums, nominal_alpha
from dermaseg_monai.agreement.pair_summary import is_intra
from dermaseg_monai.agreement.unit import named_in, unit_of_columns
from dermaseg_monai.agreement.votes import Votes
from dermaseg_monai.errors import DataError
from dermaseg_monai.metrics.bootstrap import bootstrap_means, group_codes, percentile_interval

RELIABILITY_COLUMNS: Final = ("name", "what", "who", "value", "low", "high", "n", "note", "definition")
"""A row per statistic; `n` counts cases (pairs in a mean over pairs), `note` says why a value is not available
or how far its interval can be trusted."""

_WHERE: Final = {"band": "band", "image": "whole image"}
_ALL: Final = "all readers"
_SOURCES: Final = {
    "Cohen kappa": "lesion or skin per pixel; {mean}; Cohen 1960",
    "Fleiss kappa": "lesion or skin per pixel, pixels of all cases together; Fleiss & Cuzick 1979",
    "Krippendorff alpha": "{of}; missing readings allowed; Krippendorff 2018",
    "ICC(2,1) = ICC(A,1)": "one outline, absolute agreement, readers random; {by}",
}
_BOOTSTRAP: Final = "95 % interval: bootstrap over patients or lesions where known, else images"
_MEASURES: Final = {
    "px": {"area_px": "area (px)", "diameter_px": "equivalent diameter (px)", "log_size": "log area"},
    "mm": {"volume_mm3": "volume (mm³)", "diameter_mm": "equivalent diameter (mm)", "log_size": "log volume"},
}


@dataclass
class _Rows:
    groups: Mapping[str, str | None]
    seed: int
    found: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def add(self, *words: str, value: float | None, bounds: tuple[Any, Any], n: int, note: str = "") -> None:
        """Append one row; `words` are name, what, who and definition."""
        name, what, who, definition = words
        low, high = bounds
        row = {"name": name, "what": what, "who": who, "value": value, "low": low, "high": high}
        self.found.append(row | {"n": n, "note": note, "definition": definition})

    def pooled(self, *words: str, sums: pd.DataFrame, statistic: Callable[[np.ndarray], np.ndarray]) -> None:
        """Append a statistic of sums over cases (rows), with a bootstrap over groups of cases."""
        values = sums.to_numpy(dtype=float)
        value = float(statistic(values.sum(axis=0))) if len(values) else np.nan
        if np.isnan(value):
            reason = "no case with two readers" if len(values) == 0 else "all judgements are the same"
            self.add(*words, value=None, bounds=(None, None), n=len(values), note=f"not available: {reason}")
            return
        cases = [str(name) for name in sums.index]
        codes = group_codes(cases, {case: self.groups.get(case) for case in cases})
        bounds = self._bounds(codes, values, statistic)
        note = TOO_NARROW if is_too_narrow(int(codes.max()) + 1) else ""
        self.add(*words[:3], f"{words[3]}; {_BOOTSTRAP}", value=value, bounds=bounds, n=len(values), note=note)

    def note(self, words: str, *, last: int) -> None:
        """Say one more thing of the last rows."""
        for row in self.found[-last:]:
            row["note"] = "; ".join(filter(None, [row["note"], words]))

    def _bounds(
        self, codes: np.ndarray, values: np.ndarray, statistic: Callable[[np.ndarray], np.ndarray]
    ) -> tuple[float | None, float | None]:
        if codes.max() == 0:
            return None, None
        drawn = statistic(bootstrap_means(values, codes, draws=DRAWS, seed=self.seed) * len(values))
        drawn = drawn[~np.isnan(drawn)]
        return percentile_interval(drawn[:, None], confidence=CONFIDENCE)[0]


def reliability(pairs: pd.DataFrame, masks: pd.DataFrame, votes: Votes | None, *, seed: int) -> pd.DataFrame:
    """Return a row per statistic (`RELIABILITY_COLUMNS`).

    Cohen's kappa over pairs of different people, per two annotators and for one person twice, Fleiss' kappa and nominal
    alpha: on the band and on whole images. Interval alpha and ICC: on area, equivalent diameter and log area (volumes:
    volume), where an annotator's first outline of a case counts and an empty one has no logarithm. What a design cannot
    give has no value and a note.

    Args:
        pairs: `PAIR_COLUMNS`; its cases and groups are those that count.
        masks: `MASK_COLUMNS`; no rows for pairs computed elsewhere.
        votes: counts of pixels; None for pairs computed elsewhere.
        seed: of the bootstrap.
    """
    rows = _Rows(_groups(pairs), seed)
    cases = sorted(rows.groups)
    if votes is None or masks.empty:
        note = "not available: the table of pairs comes without its masks"
        for name, definition in _SOURCES.items():
            blank = definition.format(mean="mean over pairs", of="pixels or sizes", by="sizes")
            rows.add(name, "", _ALL, blank, value=None, bounds=(None, None), n=0, note=note)
        return pd.DataFrame(rows.found, columns=list(RELIABILITY_COLUMNS))
    chosen = votes.of_cases(cases)
    _cohen(rows, with_kappa(pairs, chosen), chosen.band_diameters)
    _of_pixels(rows, chosen)
    _of_sizes(rows, masks[masks["case_id"].isin(set(cases))])
    table = pd.DataFrame(rows.found, columns=list(RELIABILITY_COLUMNS))
    if unit_of_columns(masks) == "mm":
        said = ["what", "note", "definition"]
        table[said] = table[said].replace({"pixel": "voxel", "whole image": "whole volume"}, regex=True)
    return table


def _cohen(rows: _Rows, pairs: pd.DataFrame, band_diameters: float) -> None:
    intra = is_intra(pairs)
    names = pairs["annotator_a"].astype(str) + " – " + pairs["annotator_b"].astype(str)
    kinds = {"pairs of different people": pairs[~intra], "one person twice": pairs[intra]}
    for where in _WHERE:
        what = _what(where, band_diameters)
        for who, chosen in kinds.items():
            values = chosen[["case_id", f"kappa_{where}"]].dropna()
            if chosen.empty:
                continue
            definition = _SOURCES["Cohen kappa"].format(mean="mean over pairs")
            sums = pd.DataFrame({"sum": values[f"kappa_{where}"], "pairs": 1.0}).set_index(values["case_id"])
            rows.pooled("Cohen kappa", what, who, definition, sums=sums, statistic=_mean)
            rows.note(_undefined(len(chosen) - len(values)), last=1)
        for who, chosen in pairs.groupby(names, sort=True):
            definition = _SOURCES["Cohen kappa"].format(mean="pixels of all cases of the two together")
            sums = kappa_sums(chosen, where)
            rows.pooled("Cohen kappa", what, str(who), definition, sums=sums, statistic=pooled_kappa)


def _of_pixels(rows: _Rows, votes: Votes) -> None:
    alpha = _SOURCES["Krippendorff alpha"].format(of="nominal, a unit is a pixel")
    for where in _WHERE:
        what = _what(where, votes.band_diameters)
        sums = vote_sums(votes, where)
        rows.pooled("Fleiss kappa", what, _ALL, _SOURCES["Fleiss kappa"], sums=sums, statistic=fleiss_kappa)
        rows.pooled("Krippendorff alpha", what, _ALL, alpha, sums=sums, statistic=nominal_alpha)


def _of_sizes(rows: _Rows, masks: pd.DataFrame) -> None:
    first = masks.drop_duplicates(["case_id", "annotator"])
    unit = unit_of_columns(masks)
    size = first[named_in(unit, "area_px")].astype(float)
    empty = int((size == 0).sum())
    first = first.assign(log_size=np.log(size.where(size > 0)))
    alpha = _SOURCES["Krippendorff alpha"].format(of="interval, a unit is a case")
    for column, what in _MEASURES[unit].items():
        table = first.pivot_table(index="case_id", columns="annotator", values=column, aggfunc="first").astype(float)
        rows.pooled("Krippendorff alpha", what, _ALL, alpha, sums=interval_sums(table), statistic=interval_alpha)
        _icc(rows, table, what)
        if column == "log_size" and empty:
            rows.note(f"{empty} empty outlines left out", last=2)


def _icc(rows: _Rows, table: pd.DataFrame, what: str) -> None:
    name = "ICC(2,1) = ICC(A,1)"
    ways = {
        "ANOVA": "complete design: mean squares, interval by F; Shrout & Fleiss 1979, McGraw & Wong 1996",
        "REML": "incomplete design: variances by REML, interval by the profile of its likelihood",
    }
    try:
        found = intraclass(table, confidence=CONFIDENCE)
    except DataError as error:
        definition = _SOURCES[name].format(by="needs two readers of two cases")
        rows.add(
            name, what, _ALL, definition, value=None, bounds=(None, None), n=len(table), note=f"not available: {error}"
        )
        return
    definition = _SOURCES[name].format(by=ways[found.estimator])
    rows.add(name, what, _ALL, definition, value=found.value, bounds=(found.low, found.high), n=found.cases)


def _mean(sums: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return np.asarray(sums[..., 0] / sums[..., 1])


def _what(where: str, band_diameters: float) -> str:
    return f"band ({band_diameters:g} diameters)" if where == "band" else _WHERE[where]


def _undefined(count: int) -> str:
    return f"{count} pairs left out: chance alone agrees on every pixel" if count else ""


def _groups(pairs: pd.DataFrame) -> dict[str, str | None]:
    group = pairs["group"] if "group" in pairs else pd.Series(None, index=pairs.index, dtype=object)
    return {str(case): None if pd.isna(name) else str(name) for case, name in zip(pairs["case_id"], group, strict=True)}
