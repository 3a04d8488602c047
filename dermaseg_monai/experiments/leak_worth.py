"""What a leak is worth: one recipe trained on a split that divides lesions and on one that does not, compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest import Manifest
from dermaseg_monai.manifest.groups import case_groups
from dermaseg_monai.manifest.leaks import shared_keys
from dermaseg_monai.metrics import CaseScore
from dermaseg_monai.metrics.bootstrap import bootstrap_means, group_codes, percentile_interval
from dermaseg_monai.metrics.summary import score_matrix

MEASURES: Final = ("dice", "jaccard", "threshold_jaccard", "surface_dice")
"""The scores that are compared, those of them that both sides have."""

_CONFIDENCE: Final = 0.95
_DRAWS: Final = 2000
_FEWEST_GROUPS: Final = 2


@dataclass(frozen=True)
class Side:
    """One recipe on one split, scored on the cases that it did not train on.

    Attributes:
        name: of the split, for the tables.
        scores: one per scored case.
        seen: ids of the scored cases that share a lesion, a patient, a file or a group with the training part.
        groups: scored case to the first id of the cases that belong together with it.
    """

    name: str
    scores: Sequence[CaseScore]
    seen: frozenset[str]
    groups: Mapping[str, str | None]


@dataclass(frozen=True)
class WorthRow:
    """A mean, or a difference of means, of `n` images, by measure: the value and the ends of its 95 % interval."""

    name: str
    n: int
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
    known = {tie for case in manifest.in_split("train") for tie in shared_keys(case)}
    held = [case for case in manifest.cases if case.id in scored]
    seen = frozenset(case.id for case in held if not known.isdisjoint(shared_keys(case)))
    groups: dict[str, str | None] = {case.id: group[0].id for group in case_groups(held) for case in group}
    return Side(name, scores, seen, groups)


def leak_worth(leaky: Side, clean: Side, *, seed: int) -> LeakWorth:
    """Compare two sides; intervals draw whole lesions and patients.

    Whoever was seen in training differs from the others in more than that (a lesion photographed twice is a
    conspicuous one), and two trainings differ in more than the leak. Both cancel in the difference of differences:
    images that both sides scored, so that one image is compared with itself, leaky minus clean, those that the leaky
    side was taught a sister of against those that it was not. `worth` is that.

    Raises:
        DataError: no case of the leaky side was seen, or one of the clean side was.
    """
    _require_leak(leaky, clean)
    one, other = _Values.of_side(leaky), _Values.of_side(clean)
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
    groups: Mapping[str, str | None]

    @classmethod
    def of_side(cls, side: Side) -> "_Values":
        names, values = score_matrix(side.scores)
        return cls(tuple(score.case_id for score in side.scores), tuple(names), values, side.groups)

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

    def drawn(self, seed: int) -> Float[np.ndarray, "draws k"]:
        return bootstrap_means(self.values, group_codes(self.ids, self.groups), draws=_DRAWS, seed=seed)


def _require_leak(leaky: Side, clean: Side) -> None:
    if clean.seen:
        raise DataError(
            f"{len(clean.seen)} of {len(clean.scores)} cases of {clean.name} share a lesion, patient, file or group "
            f"with its training part, first {min(clean.seen)}. Give the evaluation on the split without leaks second."
        )
    if not leaky.seen:
        raise DataError(f"No case of {leaky.name} shares anything with its training part: there is no leak to price.")


def _mean(name: str, found: _Values, seed: int) -> WorthRow | None:
    if found.n_groups < _FEWEST_GROUPS:
        return None
    return _row(name, len(found.ids), found.names, found.mean, found.drawn(seed))


def _difference(name: str, one: _Values, other: _Values, seed: int) -> WorthRow | None:
    if min(one.n_groups, other.n_groups) < _FEWEST_GROUPS:
        return None
    drawn = one.drawn(seed) - other.drawn(seed + 1)  # draws of its own: the two hold other images
    return _row(name, len(one.ids) + len(other.ids), one.names, one.mean - other.mean, drawn)


def _row(name: str, n: int, names: Sequence[str], means: np.ndarray, drawn: np.ndarray) -> WorthRow:
    low, high = percentile_interval(drawn, confidence=_CONFIDENCE)
    bounds = zip(means.tolist(), low.tolist(), high.tolist(), strict=True)
    return WorthRow(name, n, dict(zip(names, bounds, strict=True)))
