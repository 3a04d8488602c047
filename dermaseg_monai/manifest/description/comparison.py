"""Two groups of images beside each other: how far apart, and what the second holds that the first hardly has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from dermaseg_monai.manifest.case import SPLITS
from dermaseg_monai.manifest.description.distance import permuted_sides, total_variation, wasserstein
from dermaseg_monai.manifest.description.features import CATEGORIES, NUMBERS, Feature
from dermaseg_monai.manifest.description.novelty import Novelty, new_categories, new_ranges
from dermaseg_monai.manifest.description.row import Row
from dermaseg_monai.manifest.description.table import Described
from dermaseg_monai.manifest.groups import case_groups

LEAST: Final = 20
"""Fewer known values on one side give no distance."""
_MOST_SOURCES: Final = 8


@dataclass(frozen=True)
class Distance:
    """How far two groups are apart in one feature.

    `value`: Wasserstein-1 in the feature's unit, or total variation in [0, 1]. `chance`: the 95th percentile of the
    same between random groups of these sizes, lesions and patients kept together. `size`: for numbers the value over
    the standard deviation of all images, for categories the value itself.
    """

    feature: Feature
    value: float
    chance: float
    size: float
    known: tuple[int, int]

    @property
    def beyond_chance(self) -> bool:
        """Whether random groups come so far apart less than once in twenty times."""
        return self.value > self.chance

    def to_json(self) -> dict[str, Any]:
        """Return the distance as a JSON object."""
        return {
            "feature": self.feature.name,
            "distance": self.value,
            "by_chance": self.chance,
            "size": self.size,
            "beyond_chance": self.beyond_chance,
            "known": list(self.known),
        }


@dataclass(frozen=True)
class Comparison:
    """A (what a model was trained on) beside B (what it may meet); distances beyond chance and the largest first.

    `not_compared`: features with fewer than 20 known values on one side. `of_one_group`: features whose known images
    are all of one lesion or patient, which no random division can part, so that nothing says what chance alone does.
    """

    kind: str
    a: str
    b: str
    counts: tuple[int, int]
    distances: tuple[Distance, ...]
    novelties: tuple[Novelty, ...]
    not_compared: tuple[str, ...]
    of_one_group: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as a JSON object."""
        return {
            "kind": self.kind,
            "a": self.a,
            "b": self.b,
            "images": list(self.counts),
            "distances": [one.to_json() for one in self.distances],
            "new_in_b": [one.to_json() for one in self.novelties],
            "not_compared": list(self.not_compared),
            "of_one_group": list(self.of_one_group),
        }


def compare_splits(described: Described) -> list[Comparison]:
    """Compare train with val and with test, where both have at least 20 images."""
    by_split = {split: [at for at, row in enumerate(described.rows) if row.split == split] for split in SPLITS}
    groups = _groups(described)
    return [
        _compare("splits", (described, by_split["train"]), (described, by_split[split]), ("train", split), groups)
        for split in ("val", "test")
        if min(len(by_split["train"]), len(by_split[split])) >= LEAST
    ]


def compare_sources(described: Described) -> list[Comparison]:
    """Compare each source (else device) that has at least 20 images, and is not all, with the rest of its set."""
    groups = _groups(described)
    for name in ("source", "device"):
        held: dict[str, list[int]] = {}
        for at, row in enumerate(described.rows):
            if row.values[name] is not None:
                held.setdefault(str(row.values[name]), []).append(at)
        everyone = [at for places in held.values() for at in places]
        if len(held) < 2:  # noqa: PLR2004 (one source has nothing beside it)
            continue
        largest = sorted(held, key=lambda source: (-len(held[source]), source))[:_MOST_SOURCES]
        return [
            _compare(
                f"{name}s",
                (described, sorted(set(everyone) - set(held[one]))),
                (described, held[one]),
                (f"all but {one}", one),
                groups,
            )
            for one in largest
            if LEAST <= len(held[one]) <= len(everyone) - LEAST
        ]
    return []


def compare_sets(a: Described, b: Described) -> Comparison:
    """Compare two data sets; excluded cases take no part."""
    sides = tuple([at for at, row in enumerate(one.rows) if row.split != "excluded"] for one in (a, b))
    groups = _groups(a)
    groups_b = [max(groups, default=0) + 1 + group for group in _groups(b)]
    return _compare("data sets", (a, sides[0]), (b, sides[1]), (a.name, b.name), groups, groups_b)


def _compare(  # noqa: PLR0917 (two sides of one thing)
    kind: str,
    a: tuple[Described, Sequence[int]],
    b: tuple[Described, Sequence[int]],
    names: tuple[str, str],
    groups_a: Sequence[int],
    groups_b: Sequence[int] | None = None,
) -> Comparison:
    rows_a, rows_b = ([one.rows[at] for at in places] for one, places in (a, b))
    groups = [groups_a[at] for at in a[1]] + [(groups_b or groups_a)[at] for at in b[1]]
    is_b = np.arange(len(groups)) >= len(rows_a)
    sides = permuted_sides(is_b, groups, seed=0)
    distances: list[Distance] = []
    missing: list[str] = []
    undivided: list[str] = []
    for feature in (*NUMBERS, *CATEGORIES):
        if kind == f"{feature.name}s":
            continue
        values = [row.values[feature.name] for row in (*rows_a, *rows_b)]
        known = np.array([value is not None for value in values])
        counts = int((known & ~is_b).sum()), int((known & is_b).sum())
        if min(counts) < LEAST:
            missing.append(feature.title)
            continue
        kept = [value for value in values if value is not None]
        distance = _distance(feature, kept, sides[:, known], counts)
        if distance is None:
            undivided.append(feature.title)
        else:
            distances.append(distance)
    return Comparison(
        kind=kind,
        a=names[0],
        b=names[1],
        counts=(len(rows_a), len(rows_b)),
        distances=tuple(sorted(distances, key=lambda one: (not one.beyond_chance, -one.size))),
        novelties=_novelties(rows_a, rows_b, kind),
        not_compared=tuple(missing),
        of_one_group=tuple(undivided),
    )


def _distance(
    feature: Feature, values: Sequence[float | str], sides: np.ndarray, counts: tuple[int, int]
) -> Distance | None:
    """Return the distance, or None where every random division leaves one side empty."""
    if feature.kind == "category":
        codes = np.unique(np.array([str(value) for value in values]), return_inverse=True)[1]
        found = total_variation(codes, sides)
        size = float(found[0])
    else:
        numbers = np.array(values, dtype=float)
        found = wasserstein(numbers, sides)
        size = float(found[0] / numbers.std()) if found[0] > 0 else 0.0
    if np.isnan(found[1:]).all():
        return None
    chance = float(np.nanquantile(found[1:], 0.95))
    return Distance(feature, float(found[0]), chance, size, counts)


def _novelties(rows_a: Sequence[Row], rows_b: Sequence[Row], kind: str) -> tuple[Novelty, ...]:
    found: list[Novelty] = []
    for feature in (one for one in CATEGORIES if kind != f"{one.name}s"):  # what divides them differs of course
        found += new_categories(feature, rows_a, rows_b)
    for feature in NUMBERS:
        found += new_ranges(feature, rows_a, rows_b)
    return tuple(sorted(found, key=lambda one: -one.share_b))


def _groups(described: Described) -> list[int]:
    code = {case.id: at for at, group in enumerate(case_groups(described.manifest.cases)) for case in group}
    return [code[row.case_id] for row in described.rows]
