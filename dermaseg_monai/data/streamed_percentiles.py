"""Percentiles of more numbers than fit into memory, exact."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from jaxtyping import Float32, UInt32

_HALF_BITS = 16
_BINS = 1 << _HALF_BITS
_SIGN = np.uint32(0x80000000)

Parts = Callable[[], Iterable[Float32[np.ndarray, "*grid"]]]


def streamed_percentiles(parts: Parts, percents: Sequence[float]) -> list[float]:
    """Return percentiles (0 to 100) of all finite numbers that `parts` gives, as np.percentile's method `linear` does.

    Not approximate: the 32 bits of a float, its sign turned, sort as the number does, so that counting the upper
    16 bits in a first pass and the lower 16 bits of the bins in question in a second finds every rank. The same float32
    values come out for any order and size of the parts; only np.percentile's own rounding of ranks in float32 differs
    (beyond 2^24 numbers it takes a neighbour's rank). Memory: two tables of 65,536 counts.

    Raises:
        ValueError: there are no numbers.
    """
    upper = _counted(_keys(part) >> np.uint32(_HALF_BITS) for part in parts())
    count = int(upper.sum())
    if not count:
        raise ValueError("There are no numbers to take percentiles of.")
    places = [(count - 1) * percent / 100 for percent in percents]
    ranks = sorted({min(int(place) + step, count - 1) for place in places for step in (0, 1)})
    found = _values_at(parts, upper, ranks)
    results = []
    for place in places:
        low, high = found[int(place)], found[min(int(place) + 1, count - 1)]
        results.append(low + (high - low) * (place - int(place)))
    return results


def _values_at(parts: Parts, upper: np.ndarray, ranks: list[int]) -> dict[int, float]:
    ends = np.cumsum(upper)
    bins = {rank: int(np.searchsorted(ends, rank, side="right")) for rank in ranks}
    lower = {one: np.zeros(_BINS, dtype=np.int64) for one in set(bins.values())}
    for part in parts():
        keys = _keys(part)
        head = keys >> np.uint32(_HALF_BITS)
        for one in lower:
            lower[one] += _counted([keys[head == one] & np.uint32(_BINS - 1)])
    found = {}
    for rank, one in bins.items():
        before = int(ends[one] - upper[one])
        low = int(np.searchsorted(np.cumsum(lower[one]), rank - before, side="right"))
        found[rank] = _number((one << _HALF_BITS) | low)
    return found


def _counted(halves: Iterable[UInt32[np.ndarray, " n"]]) -> np.ndarray:
    total = np.zeros(_BINS, dtype=np.int64)
    for half in halves:
        total += np.bincount(half, minlength=_BINS)
    return total


def _keys(part: Float32[np.ndarray, "*grid"]) -> UInt32[np.ndarray, " n"]:
    bits = np.ascontiguousarray(part, dtype=np.float32).reshape(-1).view(np.uint32)
    return np.where(bits & _SIGN, ~bits, bits | _SIGN)


def _number(key: int) -> float:
    bits = np.uint32(key)
    return float((bits ^ _SIGN if bits & _SIGN else ~bits).view(np.float32))
