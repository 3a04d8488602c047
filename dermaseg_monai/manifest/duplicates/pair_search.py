"""Which pictures of a heap are nearly the same, without a loop over pairs in Python."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from jaxtyping import Int

from dermaseg_monai.manifest.duplicates.fingerprint import WORDS, Words
from dermaseg_monai.manifest.duplicates.turns import TURNS, turned
from dermaseg_monai.manifest.duplicates.windows import WHOLE, Window
from dermaseg_monai.manifest.threads import in_threads

NEAR: Final = 64
"""Pictures whose fingerprints differ in at most so many of 256 bits count as one picture; benchmarks/leaks.py."""

_NEAR_COARSE: Final = 17
_ROWS: Final = 32
_COLUMNS: Final = 8192
"""A tile of 32 x 8192 words takes 2 MB, which stays in a processor's own memory."""


@dataclass(frozen=True)
class Fingerprints:
    """Fingerprints of windows of pictures.

    `words` holds one per row; `pictures` and `windows` say, in parallel, of which picture and of which window
    (indices). Pictures that show nothing, and volumes, have no row.
    """

    words: Words
    pictures: Int[np.ndarray, " n"]
    windows: Int[np.ndarray, " n"]
    names: tuple[Window, ...] = (WHOLE,)

    @property
    def whole(self) -> "Fingerprints":
        """The rows of whole pictures alone."""
        rows = self.windows == self.names.index(WHOLE)
        return Fingerprints(self.words[rows], self.pictures[rows], self.windows[rows], self.names)


@dataclass(frozen=True, order=True)
class NearPair:
    """Two pictures (indices) that are nearly the same; `distance` is the number of bits that differ, of 256.

    The whole of one picture, after `turn`, looks like `window` of the other one, the `cut` one (first or second).
    """

    distance: int
    first: int
    second: int
    turn: str = field(default=TURNS[0], compare=False)
    window: Window = field(default=WHOLE, compare=False)


def near_pairs(
    found: Fingerprints,
    sides: Int[np.ndarray, " pictures"],
    *,
    groups: Int[np.ndarray, " pictures"] | None = None,
    farthest: int = NEAR,
    progress: str = "Comparing",
) -> list[NearPair]:
    """Return the pairs of pictures on different sides that are nearly the same, nearest first, each pair once.

    With `groups` also those on one side that join different groups, as many as it takes to join them.

    Every whole picture in its eight turns is compared with every window of every other one; pairs at more than
    `farthest` bits, or whose 64 coarsest bits differ in more than 17, are not. Memory: 3 MB per thread and the
    fingerprints. `sides` and `groups` give a number per picture.
    """
    whole = found.whole
    queries = np.concatenate([words.T for words in turned(whole.words)], axis=1)
    columns = np.ascontiguousarray(found.words.T)
    starts = range(0, queries.shape[1], _ROWS)

    def scan(start: int) -> np.ndarray:
        return _hits(np.ascontiguousarray(queries[:, start : start + _ROWS]), columns, start, farthest)

    hits = np.concatenate([np.empty((0, 3), dtype=np.int64), *in_threads(scan, starts, title=progress)])
    turn, query = np.divmod(hits[:, 0], max(1, len(whole.pictures)))
    one, other = whole.pictures[query], found.pictures[hits[:, 1]]
    window, distance = found.windows[hits[:, 1]], hits[:, 2]
    first, second = np.minimum(one, other), np.maximum(one, other)
    # the nearest of each pair, of equally near ones the first that was found
    order = np.lexsort((distance, second, first))
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = (np.diff(first[order]) != 0) | (np.diff(second[order]) != 0)
    best = order[fresh]
    across = sides[first[best]] != sides[second[best]]
    chosen = best[across]
    if groups is not None:
        beside = best[~across & (groups[first[best]] != groups[second[best]])]
        chosen = np.concatenate([chosen, beside[_spanning(first[beside], second[beside], distance[beside])]])
    rows: list[list[int]] = np.stack([distance, first, second, turn, window])[:, chosen].T.tolist()
    return sorted(NearPair(far, low, high, TURNS[turns], found.names[cut]) for far, low, high, turns, cut in rows)


def _spanning(
    first: Int[np.ndarray, " pairs"], second: Int[np.ndarray, " pairs"], distance: Int[np.ndarray, " pairs"]
) -> Int[np.ndarray, " chosen"]:
    """Return which pairs join all pictures that the pairs join: of n copies of one picture n - 1, not n squared."""
    head: dict[int, int] = {}

    def top(picture: int) -> int:
        while (above := head.get(picture, picture)) != picture:
            head[picture] = head.get(above, above)
            picture = above
        return picture

    chosen: list[int] = []
    nearest = np.argsort(distance, kind="stable")
    for at, low, high in zip(nearest.tolist(), first[nearest].tolist(), second[nearest].tolist(), strict=True):
        one, other = top(low), top(high)
        if one != other:
            head[other] = one
            chosen.append(at)
    return np.array(chosen, dtype=np.int64)


def _hits(queries: np.ndarray, columns: np.ndarray, start: int, farthest: int) -> np.ndarray:
    """Return rows of (query, column, distance) below the threshold for one block of queries."""
    found: list[np.ndarray] = []
    count = queries.shape[1]
    # one buffer for all tiles: a fresh one each time would cost more than the counting
    differing = np.empty((count, _COLUMNS), dtype=np.uint64)
    coarse = np.empty((count, _COLUMNS), dtype=np.uint8)
    for left in range(0, columns.shape[1], _COLUMNS):
        tile = columns[:, left : left + _COLUMNS]
        width = tile.shape[1]
        np.bitwise_xor(queries[0][:, None], tile[0][None], out=differing[:, :width])
        np.bitwise_count(differing[:, :width], out=coarse[:, :width])
        rows, places = np.nonzero(coarse[:, :width] <= _NEAR_COARSE)
        if not rows.size:
            continue
        distance = np.zeros(rows.size, dtype=np.int64)
        for word in range(WORDS):
            distance += np.bitwise_count(queries[word][rows] ^ tile[word][places])
        near = distance <= farthest
        found.append(np.stack([rows[near] + start, places[near] + left, distance[near]], axis=1))
    return np.concatenate(found) if found else np.empty((0, 3), dtype=np.int64)
