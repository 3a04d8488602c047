"""How the scores fall as an artefact grows: one curve per stressor, with intervals."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from jaxtyping import Float

from dermaseg_monai.assurance.stress_row import SCORED, UNDISTURBED, StressRow
from dermaseg_monai.data.stressors import Stressor
from dermaseg_monai.metrics.bootstrap import group_codes, mean_bounds
from dermaseg_monai.metrics.interval_text import bracketed


@dataclass(frozen=True)
class Estimate:
    """A mean over images; `low` and `high` bound it and are None where one group allows no interval."""

    mean: float
    low: float | None
    high: float | None

    def __str__(self) -> str:
        return bracketed(self.mean, self.low, self.high, "z.3f")


@dataclass(frozen=True)
class Point:
    """One strength: the scores, and how far each fell from the undisturbed photographs of the same cases.

    A drop is undisturbed - disturbed, image by image: above 0 the artefact hurts.
    """

    step: int
    level: float
    scores: Mapping[str, Estimate]
    drops: Mapping[str, Estimate]
    n_missed: int
    n_false_alarms: int


@dataclass(frozen=True)
class Curve:
    """One stressor over its strengths, on the cases that were scored at every one of them.

    Attributes:
        stressor: its name.
        about: what it does, one line.
        unit: of the levels.
        n: cases.
        n_groups: lesions, patients or pictures they belong to; the bootstrap draws these.
        undisturbed: the scores of the same cases without artefact.
        n_missed: lesions missed without artefact.
        points: from the weakest level to the strongest.
        mean_drops: the drops averaged over the levels; what stressors are ranked by.
    """

    stressor: str
    about: str
    unit: str
    n: int
    n_groups: int
    undisturbed: Mapping[str, Estimate]
    n_missed: int
    points: tuple[Point, ...]
    mean_drops: Mapping[str, Estimate]

    def to_json(self) -> dict[str, object]:
        """Return plain numbers and texts."""
        return asdict(self)


def make_curve(
    stressor: Stressor,
    rows: Sequence[StressRow],
    *,
    groups: Mapping[str, str | None],
    confidence: float,
    draws: int,
    seed: int,
) -> Curve | None:
    """Return the curve of one stressor, None where no case was scored at every level.

    Scores, drops and their average come from the same draws of whole groups (percentile bootstrap), so that a drop is
    paired: the interval of a difference, not the difference of two intervals.

    Args:
        stressor: whose rows are taken, beside those of the undisturbed photographs.
        rows: of the whole stress test.
        groups: case id to what it shares with others, as for `metrics.summarise`.
        confidence: of the intervals, 0.95 for 95 %.
        draws: of the bootstrap.
        seed: of the bootstrap.
    """
    by_step = [_by_case(rows, UNDISTURBED, 0)]
    by_step += [_by_case(rows, stressor.name, step) for step in range(1, len(stressor.levels) + 1)]
    ids = sorted(set.intersection(*(set(step) for step in by_step)))
    if not ids:
        return None
    values = np.array([[[getattr(step[name], score) for score in SCORED] for step in by_step] for name in ids])
    drops = values[:, :1] - values[:, 1:]
    columns = np.concatenate([values, drops, drops.mean(axis=1, keepdims=True)], axis=1)
    codes = group_codes(ids, {name: groups[name] for name in ids})
    found = _estimates(columns, codes, confidence=confidence, draws=draws, seed=seed)
    last = len(by_step)
    return Curve(
        stressor=stressor.name,
        about=stressor.about,
        unit=stressor.unit,
        n=len(ids),
        n_groups=int(codes.max()) + 1,
        undisturbed=found[0],
        n_missed=sum(by_step[0][name].missed for name in ids),
        points=tuple(
            Point(
                step=step,
                level=level,
                scores=found[step],
                drops=found[last + step - 1],
                n_missed=sum(by_step[step][name].missed for name in ids),
                n_false_alarms=sum(by_step[step][name].false_alarm for name in ids),
            )
            for step, level in enumerate(stressor.levels, start=1)
        ),
        mean_drops=found[-1],
    )


def _by_case(rows: Iterable[StressRow], stressor: str, step: int) -> dict[str, StressRow]:
    return {row.case_id: row for row in rows if row.stressor == stressor and row.step == step and row.ok}


def _estimates(
    columns: Float[np.ndarray, "n steps scores"], codes: np.ndarray, *, confidence: float, draws: int, seed: int
) -> list[dict[str, Estimate]]:
    n, steps, scores = columns.shape
    flat = columns.reshape(n, steps * scores)
    means = flat.mean(axis=0)
    bounds = mean_bounds(flat, codes, confidence=confidence, draws=draws, seed=seed)
    made = [Estimate(mean, *ends) for mean, ends in zip(means.tolist(), bounds, strict=True)]
    return [dict(zip(SCORED, made[at * scores : (at + 1) * scores], strict=True)) for at in range(steps)]
