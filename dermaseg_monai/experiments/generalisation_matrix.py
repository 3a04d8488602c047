"""The matrix: the scores of every network on every set, and what it costs to have been trained elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Int

from dermaseg_monai.errors import DataError
from dermaseg_monai.experiments.generalisation_overlap import Overlap
from dermaseg_monai.experiments.generalisation_plan import Network
from dermaseg_monai.experiments.generalisation_sets import DataSet
from dermaseg_monai.experiments.job import DONE
from dermaseg_monai.experiments.tables import require_same_cases
from dermaseg_monai.manifest import group_of_case
from dermaseg_monai.metrics import CaseScore, read_scores
from dermaseg_monai.metrics.bootstrap import bootstrap_means, group_codes, percentile_interval

MEASURES: Final = ("dice", "jaccard", "threshold_jaccard")


@dataclass(frozen=True)
class Bounded:
    """A mean, or a difference of means, and its interval; without bounds where all images are of one group."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Cell:
    """A network on a set: images counted, groups they fall into, and each measure."""

    trained_on: str
    tested_on: str
    leak_free: bool
    n: int
    n_groups: int
    scores: Mapping[str, Bounded]


@dataclass(frozen=True)
class Gap:
    """In-domain minus cross-domain: above 0 where training elsewhere costs something.

    `same_images` compares two networks on the cross images: the one trained on that set minus the one trained
    elsewhere. Otherwise it is one network: its score on its own set minus its score on the other one, other images;
    `n` then counts the images of the other set, `n_groups` the groups of the set that has fewer.
    """

    trained_on: str
    tested_on: str
    same_images: bool
    leak_free: bool
    n: int
    n_groups: int
    differences: Mapping[str, Bounded]


@dataclass(frozen=True)
class Matrix:
    """All cells and gaps; pairs that were not scored are missing."""

    cells: tuple[Cell, ...]
    gaps: tuple[Gap, ...]
    confidence: float
    draws: int
    seed: int

    def cell(self, trained_on: str, tested_on: str, *, leak_free: bool) -> Cell | None:
        """Return one cell; None where it was not scored, or nothing is left without the overlap."""
        found = [
            one
            for one in self.cells
            if (one.trained_on, one.tested_on, one.leak_free) == (trained_on, tested_on, leak_free)
        ]
        return found[0] if found else None


@dataclass(frozen=True)
class _Scored:
    table: str
    rows: tuple[CaseScore, ...]
    values: Float[np.ndarray, "n k"]
    codes: Int[np.ndarray, " n"]

    @property
    def case_ids(self) -> tuple[str, ...]:
        return tuple(row.case_id for row in self.rows)

    @property
    def n_groups(self) -> int:
        return len(set(self.codes.tolist()))

    def without(self, left_out: Mapping[str, object]) -> "_Scored":
        kept = [at for at, case_id in enumerate(self.case_ids) if case_id not in left_out]
        return _Scored(self.table, tuple(self.rows[at] for at in kept), self.values[kept], self.codes[kept])


def build_matrix(
    networks: Sequence[Network],
    sets: Sequence[DataSet],
    overlaps: Mapping[tuple[str, str], Overlap],
    *,
    confidence: float,
    draws: int,
    seed: int,
) -> Matrix:
    """Read the tables that are there and bound every mean and difference by a percentile bootstrap over groups.

    Groups are the cases of a set that share a lesion, patient or picture. A gap on the same images draws them together
    for both networks; a gap between two sets draws each on its own.

    Args:
        networks: one per set.
        sets: what was tested on.
        overlaps: of every pair (trained on, tested on).
        confidence: of the intervals.
        draws: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        DataError: a table has other cases than the manifest, or two tables of one set are of other images or masks.
    """
    bootstrap = _Bootstrap(confidence, draws, seed)
    scored = {
        (network.trained_on.name, one.name): _read(network, one)
        for network in networks
        for one in sets
        if (network.tables[one.name].parent / DONE).is_file()
    }
    for (_, tested_on), found in scored.items():
        own = scored.get((tested_on, tested_on), found)
        require_same_cases(own.table, own.rows, found.table, found.rows)
    free = {pair: found.without(overlaps[pair].shared) for pair, found in scored.items()}
    cells, gaps = [], []
    for (trained_on, tested_on), found in scored.items():
        for leak_free, table in ((False, scored), (True, free)):
            part = table[trained_on, tested_on]
            if part.case_ids:
                scores = bootstrap.means(part.values, part.codes)
                cells.append(Cell(trained_on, tested_on, leak_free, len(part.case_ids), part.n_groups, scores))
            if trained_on != tested_on and found.case_ids:
                left_out = {**overlaps[trained_on, tested_on].shared, **overlaps[tested_on, tested_on].shared}
                gaps += _gaps(trained_on, tested_on, table, left_out if leak_free else {}, bootstrap, leak_free)
    return Matrix(tuple(cells), tuple(gaps), confidence, draws, seed)


@dataclass(frozen=True)
class _Bootstrap:
    confidence: float
    draws: int
    seed: int

    def drawn(self, values: np.ndarray, codes: np.ndarray, stream: int = 0) -> Float[np.ndarray, "draws k"] | None:
        _, dense = np.unique(codes, return_inverse=True)  # cases that were left out leave holes in the numbers
        if dense.max() == 0:
            return None
        return bootstrap_means(values, dense, draws=self.draws, seed=self.seed + stream)

    def means(self, values: np.ndarray, codes: np.ndarray) -> dict[str, Bounded]:
        return self.bounded(values.mean(axis=0), self.drawn(values, codes))

    def bounded(self, values: np.ndarray, drawn: np.ndarray | None) -> dict[str, Bounded]:
        bounds = (
            [(None, None)] * len(values) if drawn is None else percentile_interval(drawn, confidence=self.confidence)
        )
        triples = zip(MEASURES, values.tolist(), bounds, strict=True)
        return {name: Bounded(value, *ends) for name, value, ends in triples}


def _gaps(  # noqa: PLR0917 (one step of build_matrix)
    trained_on: str,
    tested_on: str,
    table: Mapping[tuple[str, str], _Scored],
    left_out: Mapping[str, object],
    bootstrap: _Bootstrap,
    leak_free: bool,  # noqa: FBT001
) -> list[Gap]:
    found: list[Gap] = []
    own, home = table.get((tested_on, tested_on)), table.get((trained_on, trained_on))
    cross = table[trained_on, tested_on]
    if own is not None:
        one, other = own.without(left_out), cross.without(left_out)
        if one.case_ids:
            differences = one.values - other.values
            gap = bootstrap.means(differences, one.codes)
            found.append(Gap(trained_on, tested_on, True, leak_free, len(one.case_ids), one.n_groups, gap))
    if home is not None and home.case_ids and cross.case_ids:
        there, here = bootstrap.drawn(home.values, home.codes, 1), bootstrap.drawn(cross.values, cross.codes, 2)
        drawn = None if there is None or here is None else there - here
        gap = bootstrap.bounded(home.values.mean(axis=0) - cross.values.mean(axis=0), drawn)
        fewer = min(home.n_groups, cross.n_groups)
        found.append(Gap(trained_on, tested_on, False, leak_free, len(cross.case_ids), fewer, gap))
    return found


def _read(network: Network, tested: DataSet) -> _Scored:
    table = network.tables[tested.name]
    scores = sorted(read_scores(table), key=lambda score: score.case_id)
    ids = [score.case_id for score in scores]
    groups = group_of_case(tested.manifest.cases)
    odd = [case_id for case_id in ids if case_id not in groups]
    if odd or not ids:
        what = f"has case {odd[0]!r}, which {tested.path} does not hold" if odd else "has no case"
        raise DataError(f"{table} {what}. Remove its folder and run again.")
    values = np.array([[getattr(score, name) for name in MEASURES] for score in scores], dtype=float)
    return _Scored(str(table), tuple(scores), values, group_codes(ids, {case_id: groups[case_id] for case_id in ids}))
