"""How far a person's own outline moves when the case is drawn again: the tolerance of surface Dice."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from dermaseg_monai.agreement.reading import ReadCase
from dermaseg_monai.errors import DataError, ImageError
from dermaseg_monai.images import read_mask
from dermaseg_monai.metrics import surface_distances


@dataclass(frozen=True)
class Tolerance:
    """A tolerance and the repeats it comes from.

    Attributes:
        px: the `quantile` of all contour distances of all repeats, in pixels.
        quantile: in (0, 1).
        repeats: pairs of outlines that one person drew of one case.
        annotators: people who drew them.
        copies: further pairs that are equal pixel for pixel, stored twice rather than drawn twice; they do not count.
    """

    px: float
    quantile: float
    repeats: int
    annotators: int
    copies: int

    def note(self) -> str:
        """Return the sentence that a table needs beside its surface Dice."""
        copies = f" {self.copies} equal pairs do not count." if self.copies else ""
        return (
            f"Tolerance {self.px:.2f} px: quantile {self.quantile:g} of all contour distances of {self.repeats} "
            f"repeats by {self.annotators} annotators.{copies}"
        )


def repeat_tolerance(cases: Sequence[ReadCase], *, quantile: float) -> Tolerance:
    """Derive the tolerance from annotators who drew a case twice or more.

    The contour distances of both directions of every repeat are taken together, each contour pixel once. Outlines that
    cannot be read, lie on another grid or are empty take no part. Two masks are in memory at a time, and of the
    distances their counts.

    Source: the tolerance of Nikolov et al. (arXiv:1809.04430) is the 95th percentile between annotators; here it is
    within them, what nobody can be asked to do better than.

    Raises:
        ValueError: the quantile lies outside (0, 1).
        DataError: nobody drew a case twice, or every repeat is a copy.
    """
    if not 0 < quantile < 1:
        raise ValueError(f"quantile is {quantile}, but it lies between 0 and 1: 0.95 for the 95th percentile.")
    squares: Counter[int] = Counter()
    people: set[str] = set()
    repeats = copies = 0
    for annotator, one, other in _repeats(cases):
        if np.array_equal(one, other):
            copies += 1
            continue
        found = surface_distances(one, other, spacing=None)
        if found.both_empty or found.one_empty:
            continue
        repeats += 1
        people.add(annotator)
        # pixels lie on whole numbers: so do squared distances, and counts of them lose nothing
        both = np.rint(np.concatenate([found.pred_to_label, found.label_to_pred]) ** 2).astype(np.int64)
        values, counts = np.unique(both, return_counts=True)
        squares.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
    if not repeats:
        what = f"{copies} pairs by one annotator are equal pixel for pixel" if copies else "Nobody drew a case twice"
        raise DataError(f"{what}: no tolerance can be derived. Pass a number, as in --tolerance-px 2.")
    values = np.sqrt(np.fromiter(squares.keys(), dtype=float))
    weights = np.fromiter(squares.values(), dtype=float)
    px = float(np.quantile(values, quantile, weights=weights, method="inverted_cdf"))
    return Tolerance(px, quantile, repeats, len(people), copies)


def _repeats(cases: Sequence[ReadCase]) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    for case in cases:
        times = Counter(reading.annotator for reading in case.readings)
        for annotator in sorted(name for name, count in times.items() if count > 1):
            masks = [_mask_of(reading.mask) for reading in case.readings if reading.annotator == annotator]
            for one, other in combinations([mask for mask in masks if mask is not None], 2):
                if one.shape == other.shape:
                    yield annotator, one, other


def _mask_of(path: object) -> np.ndarray | None:
    try:
        return read_mask(path)
    except ImageError:
        return None  # `measure` reads it again and says so
