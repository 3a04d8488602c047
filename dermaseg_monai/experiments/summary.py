"""What an ablation found: every setting with its interval, and its difference from the baseline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from jaxtyping import Float

from dermaseg_monai.experiments.grid import Setting, baseline_of, label
from dermaseg_monai.experiments.resampling import holm, paired_p, redraw_seeds, redrawn_means
from dermaseg_monai.experiments.spec import Spec
from dermaseg_monai.experiments.tables import Scored
from dermaseg_monai.metrics.bootstrap import group_codes, percentile_interval
from dermaseg_monai.metrics.interval_text import bracketed

UNITS: Final = (
    "In p every group counts once, in the mean and its interval by its images: the two can disagree. A difference is "
    "clear where p is below 0.05 and the interval lies on its side of 0."
)
"""What a reader of differences and their p has to know."""
_CLEAR: Final = 0.05


@dataclass(frozen=True)
class Figure:
    """One score of one setting: the mean over seeds and images, its interval, and the mean of every seed."""

    setting: str
    score: str
    mean: float
    low: float | None
    high: float | None
    seeds: Mapping[str, float]

    @property
    def seed_sd(self) -> float | None:
        """Standard deviation of the means of the seeds; None for one seed."""
        means = list(self.seeds.values())
        return float(np.std(means, ddof=1)) if len(means) > 1 else None


@dataclass(frozen=True)
class Contrast:
    """One score of a setting minus that of its baseline, on the same images."""

    setting: str
    baseline: str
    score: str
    difference: float
    low: float
    high: float
    p: float
    p_holm: float

    @property
    def clear(self) -> bool:
        """Whether the corrected p is below 0.05 and the interval lies on the difference's side of 0.

        p weighs every group alike, the mean weighs it by its images: one patient with many images can turn the mean.
        """
        one_sided = self.low > 0 if self.difference > 0 else self.high < 0
        return self.p_holm < _CLEAR and one_sided

    def written(self, form: str) -> str:
        """Return the difference with its interval, all in one format, and its corrected p."""
        p = "<0.001" if self.p_holm < 0.001 else f"{self.p_holm:.3f}"  # noqa: PLR2004 (three decimals)
        return f"{bracketed(self.difference, self.low, self.high, form)} p {p}"


@dataclass(frozen=True)
class AblationSummary:
    """All figures and contrasts; `left_out` says of settings why they stand in no contrast."""

    figures: tuple[Figure, ...]
    contrasts: tuple[Contrast, ...]
    left_out: Mapping[str, str]
    n_images: int
    n_groups: int
    confidence: float
    draws: int
    seed: int


def summarise_ablation(
    spec: Spec,
    scored: Scored,
    *,
    groups: Mapping[str, str | None] | None,
    confidence: float,
    draws: int,
    seed: int,
) -> AblationSummary:
    """Average every setting and compare it with its baseline.

    A mean is taken over images, then over seeds. Its interval is a percentile bootstrap that draws groups of images
    and, independently, the seeds of the setting. A difference draws the same images on both sides and each side's seeds
    on their own. Its p is Wilcoxon's, over groups of images, on the mean over seeds of every image; it is corrected by
    Holm for the number of contrasts of all scores together.

    Args:
        spec: names the baseline.
        scored: at least one run.
        groups: case id to what it shares with others (None: nothing).
        confidence: of the intervals.
        draws: of the bootstrap.
        seed: of the bootstrap.
    """
    codes = group_codes(scored.case_ids, groups)
    n_groups = int(codes.max()) + 1
    members: dict[Setting, list[int]] = {}
    for index, run in enumerate(scored.runs):
        members.setdefault(run.point.setting, []).append(index)
    redrawn: dict[Setting, Float[np.ndarray, "draws k"]] = {}
    if n_groups > 1:
        means = redrawn_means(scored.values, codes, draws=draws, seed=seed)
        rng = np.random.default_rng([seed, 1])
        redrawn = {setting: redraw_seeds(means[:, at], rng) for setting, at in members.items()}
    figures = [figure for setting in members for figure in _figures(scored, setting, members, redrawn, confidence)]
    contrasts, left_out = _contrasts(spec, scored, members, redrawn, codes, confidence)
    corrected = holm([contrast.p for contrast in contrasts])
    return AblationSummary(
        tuple(figures),
        tuple(replace(one, p_holm=p) for one, p in zip(contrasts, corrected, strict=True)),
        left_out,
        len(scored.case_ids),
        n_groups,
        confidence,
        draws,
        seed,
    )


def _figures(
    scored: Scored,
    setting: Setting,
    members: Mapping[Setting, Sequence[int]],
    redrawn: Mapping[Setting, Float[np.ndarray, "draws k"]],
    confidence: float,
) -> list[Figure]:
    at = list(members[setting])
    names = [str(scored.runs[index].point.seed) for index in at]
    means = scored.values[at].mean(axis=1)
    bounds = (
        percentile_interval(redrawn[setting], confidence=confidence)
        if setting in redrawn
        else [(None, None)] * len(scored.measures)
    )
    return [
        Figure(label(setting), score, float(column.mean()), low, high, dict(zip(names, column.tolist(), strict=True)))
        for score, column, (low, high) in zip(scored.measures, means.T, bounds, strict=True)
    ]


def _contrasts(  # noqa: PLR0917 (one step of summarise_ablation)
    spec: Spec,
    scored: Scored,
    members: Mapping[Setting, Sequence[int]],
    redrawn: Mapping[Setting, Float[np.ndarray, "draws k"]],
    codes: np.ndarray,
    confidence: float,
) -> tuple[list[Contrast], dict[str, str]]:
    found: list[Contrast] = []
    left_out: dict[str, str] = {}
    for setting in members:
        baseline = baseline_of(setting, spec)
        if not spec.baseline or baseline == setting:
            continue
        if baseline not in members:
            left_out[label(setting)] = f"its baseline ({label(baseline)}) has no scores"
            continue
        if setting not in redrawn:
            left_out[label(setting)] = "all images are of one group"
            continue
        one, other = (scored.values[list(members[side])].mean(axis=0) for side in (setting, baseline))
        bounds = percentile_interval(redrawn[setting] - redrawn[baseline], confidence=confidence)
        for at, (score, (low, high)) in enumerate(zip(scored.measures, bounds, strict=True)):
            difference = one[:, at] - other[:, at]
            p = paired_p(difference, codes)
            names = (label(setting), label(baseline), score)
            found.append(Contrast(*names, float(difference.mean()), low, high, p, p))
    return found, left_out
