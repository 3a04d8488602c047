"""What a leak is worth: one recipe trained on a split that divides lesions and on one that does not, compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest import Case, Manifest
from dermaseg_monai.manifest.groups import case_groups, group_of_case
from dermaseg_monai.metrics import CaseScore
from dermaseg_monai.metrics.bootstrap import bootstrap_means, group_codes, percentile_interval
from dermaseg_monai.metrics.summary import score_matrix

MEASURES: Final = ("dice", "jaccard", "threshold_jaccard", "surface_dice")
"""The scores that are compared, those of them that both sides have."""

_CONFIDENCE: Final = 0.95
_DRAWS: Final = 2000
_FEWEST_GROUPS: Final = 2
"""Of one group nothing says how far a mean would move. What may be said takes more: `LEAST_GROUPS`."""


@dataclass(frozen=True)
class Side:
    """One recipe on one split, scored on the cases that it did not train on.

    Attributes:
        name: of the split, for the tables.
        scores: one per scored case.
        seen: ids of the scored cases that belong to a lesion, a patient, a file or a group of the training part.
        cases: all of the manifest; what they share makes the groups that are drawn.
    """

    name: str
    scores: Sequence[CaseScore]
    seen: frozenset[str]
    cases: Sequence[Case]


@dataclass(frozen=True)
class WorthRow:
    """A mean, or a difference of means, of `n` images, by measure: the value and the ends of its 95 % interval.

    `n_groups` counts the lesions and patients that these images show; of a difference, those of the side with fewer.
    """

    name: str
    n: int
    n_groups: int
    values: Mapping[str, tuple[float, float, float]]


@dataclass(frozen=True)
class LeakWorth:
    """Means of both splits and differences between them; `worth` is the last of these.

    What fewer than two lesions or patients could tell is left out, of `worth` too, which is None then.
    """

    measures: tuple[str, ...]
    means: tuple[WorthRow, ...]
    differences: tuple[WorthRow, ...]
    worth: WorthRow | None


def side_of(name: str, manifest: Manifest, scores: Sequence[CaseScore], split: str) -> Side:
    """Return a side, `seen` found by what the manifest and the file hashes say.

    Raises:
        DataError: a scored case is not in `split` of the manifest, or one of them was not scored.
    """
    scored, asked = {score.case_id for score in scores}, {case.id for case in manifest.cases if case.split == split}
    if scored != asked:
        odd = sorted(scored ^ asked)
        where = "scored, but not there" if odd[0] in scored else "not scored"
        raise DataError(
            f"{name}: {len(odd)} cases differ between the scores and the {split} part of {manifest.name}, first "
            f"{odd[0]} ({where}). Give the evaluation of that split, of this manifest."
        )
    taught = {case.id for case in manifest.in_split("train")}
    # ties count through others too, of whatever split, or one group would stand on both sides of what is compared
    groups = case_groups(manifest.cases)
    seen = {case.id for group in groups for case in group if any(one.id in taught for one in group)}
    return Side(name, scores, frozenset(seen & scored), manifest.cases)


def leak_worth(leaky: Side, clean: Side, *, seed: int) -> LeakWorth:
    """Compare two sides; intervals draw whole lesions and patients, the same for both sides of a difference.

    Whoever was seen in training differs from the others in more than that (a lesion photographed twice is a
    conspicuous one), and two trainings differ in more than the leak. Both cancel in the difference of differences:
    images that both sides scored, so that one image is compared with itself, leaky minus clean, those that the leaky
    side was taught a sister of against those that it was not. `worth` is that.

    Raises:
        DataError: no case of the leaky side was seen, or one of the clean side was.
    """
    _require_leak(leaky, clean)
    groups = group_of_case([*leaky.cases, *clean.cases])
    one, other = _Values.of_side(leaky, groups), _Values.of_side(clean, groups)
    measures = tuple(name for name in MEASURES if name in one.names and name in other.names)
    one, other = one.only(measures), other.only(measures)
    seen, fresh = one.of(leaky.seen), one.of(set(one.ids) - leaky.seen)
    both = one.minus(other)
    sisters, strangers = both.of(leaky.seen), both.of(set(both.ids) - leaky.seen)
    means = [
        (f"{leaky.name}: all", one),
        (f"{leaky.name}: lesion trained on", seen),
        (f"{leaky.name}: lesion not trained on", fresh),
        (f"{clean.name}: all", other),
    ]
    paired = [
        ("same images: lesion trained on in the first", sisters),
        ("same images: lesion trained on in neither", strangers),
    ]
    differences = [
        _difference(f"{leaky.name} - {clean.name}", one, other, seed),
        _difference(f"{leaky.name}: trained on - not trained on", seen, fresh, seed),
        *(_mean(name, found, seed) for name, found in paired),
        _difference("the last two: what the leak is worth", sisters, strangers, seed),
    ]
    found = tuple(row for row in differences if row is not None)
    return LeakWorth(
        measures,
        tuple(row for name, values in means if (row := _mean(name, values, seed)) is not None),
        found,
        differences[-1],
    )


@dataclass(frozen=True)
class _Values:
    """Numbers per case, with the group of each case."""

    ids: tuple[str, ...]
    names: tuple[str, ...]
    values: Float[np.ndarray, "n k"]
    groups: Mapping[str, str]

    @classmethod
    def of_side(cls, side: Side, groups: Mapping[str, str]) -> "_Values":
        names, values = score_matrix(side.scores)
        return cls(tuple(score.case_id for score in side.scores), tuple(names), values, groups)

    @property
    def mean(self) -> Float[np.ndarray, " k"]:
        return self.values.mean(axis=0)

    @property
    def n_groups(self) -> int:
        return len({self.groups[case_id] for case_id in self.ids})

    def only(self, names: Sequence[str]) -> "_Values":
        columns = [self.names.index(name) for name in names]
        return _Values(self.ids, tuple(names), self.values[:, columns], self.groups)

    def of(self, chosen: frozenset[str] | set[str]) -> "_Values":
        at = [number for number, case_id in enumerate(self.ids) if case_id in chosen]
        return _Values(tuple(self.ids[number] for number in at), self.names, self.values[at], self.groups)

    def minus(self, other: "_Values") -> "_Values":
        row = {case_id: number for number, case_id in enumerate(other.ids)}
        mine = self.of(set(row))
        theirs = other.values[[row[case_id] for case_id in mine.ids]]
        return _Values(mine.ids, self.names, mine.values - theirs, self.groups)

    def spread(self, ids: Sequence[str]) -> Float[np.ndarray, "n columns"]:
        """Return the values of these cases, and 1 beside them; 0 throughout for a case that is none of mine."""
        row = {case_id: number for number, case_id in enumerate(self.ids)}
        found = np.zeros((len(ids), len(self.names) + 1))
        for at, case_id in enumerate(ids):
            if case_id in row:
                found[at] = [*self.values[row[case_id]], 1.0]
        return found


def _require_leak(leaky: Side, clean: Side) -> None:
    if clean.seen:
        raise DataError(
            f"{len(clean.seen)} of {len(clean.scores)} cases of the evaluation {clean.name} share a lesion, patient, "
            f"file or group with its training part, directly or through others, first {min(clean.seen)}. Give the "
            "evaluation on the split without leaks second."
        )
    if not leaky.seen:
        raise DataError(
            f"No case of the evaluation {leaky.name} shares anything with its training part: there is no leak to price."
        )


def _mean(name: str, found: _Values, seed: int) -> WorthRow | None:
    if found.n_groups < _FEWEST_GROUPS:
        return None
    drawn = bootstrap_means(found.values, group_codes(found.ids, found.groups), draws=_DRAWS, seed=seed)
    return _row(name, len(found.ids), found.n_groups, found.names, found.mean, drawn)


def _difference(name: str, one: _Values, other: _Values, seed: int) -> WorthRow | None:
    fewer = min(one.n_groups, other.n_groups)
    if fewer < _FEWEST_GROUPS:
        return None
    ids = list(dict.fromkeys([*one.ids, *other.ids]))
    return _row(name, len(ids), fewer, one.names, one.mean - other.mean, _drawn_differences(one, other, ids, seed))


def _drawn_differences(one: _Values, other: _Values, ids: Sequence[str], seed: int) -> Float[np.ndarray, "draws k"]:
    """Draw the groups of both sides at once, so that what stands on both sides moves them together.

    The mean of a side is its drawn sum over its drawn count. A draw that leaves a side without a case says nothing and
    is left out.
    """
    columns = np.concatenate([one.spread(ids), other.spread(ids)], axis=1)
    means = bootstrap_means(columns, group_codes(ids, one.groups), draws=_DRAWS, seed=seed)
    first, second = np.split(means, 2, axis=1)
    whole = (first[:, -1] > 0) & (second[:, -1] > 0)
    first, second = first[whole], second[whole]
    return first[:, :-1] / first[:, -1:] - second[:, :-1] / second[:, -1:]


def _row(  # noqa: PLR0917 (one row, cell by cell)
    name: str, n: int, n_groups: int, names: Sequence[str], means: np.ndarray, drawn: np.ndarray
) -> WorthRow:
    bounds = percentile_interval(drawn, confidence=_CONFIDENCE)
    values = {key: (mean, *ends) for key, mean, ends in zip(names, means.tolist(), bounds, strict=True)}
    return WorthRow(name, n, n_groups, values)
