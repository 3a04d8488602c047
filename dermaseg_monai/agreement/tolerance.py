"""How far a person's own outline moves when the case is drawn again: the tolerance of surface Dice."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from dermaseg_monai.agreement.case_masks import read_case_masks
from dermaseg_monai.agreement.reading import ReadCase
from dermaseg_monai.agreement.unit import Spacing, Unit, unit_of
from dermaseg_monai.errors import DataError
from dermaseg_monai.metrics import surface_distances


@dataclass(frozen=True)
class Tolerance:
    """A tolerance and the repeats it comes from.

    Attributes:
        value: the `quantile` of all contour distances of all repeats.
        unit: px of pictures, mm of volumes.
        quantile: in (0, 1).
        repeats: pairs of outlines that one person drew of one case.
        annotators: people who drew them.
        copies: further pairs that are equal pixel for pixel, stored twice rather than drawn twice; they do not count.
    """

    value: float
    unit: Unit
    quantile: float
    repeats: int
    annotators: int
    copies: int

    def note(self) -> str:
        """Return the sentence that a table needs beside its surface Dice."""
        copies = f" {self.copies} equal pairs do not count." if self.copies else ""
        digits = 2 if self.unit == "px" else 3
        return (
            f"Tolerance {self.value:.{digits}f} {self.unit}: quantile {self.quantile:g} of all contour distances of "
            f"{self.repeats} repeats by {self.annotators} annotators.{copies}"
        )


def repeat_tolerance(cases: Sequence[ReadCase], *, quantile: float) -> Tolerance:
    """Derive the tolerance from annotators who drew a case twice or more.

    The contour distances of both directions of every repeat are taken together, each contour pixel once. Outlines that
    cannot be read, lie on another grid or are empty take no part. The masks of one person and case are in memory at a
    time, and of the distances their counts. Pictures give pixels, volumes mm.

    Source: the tolerance of Nikolov et al. (arXiv:1809.04430) is the 95th percentile between annotators; here it is
    within them, what nobody can be asked to do better than.

    Raises:
        ValueError: the quantile lies outside (0, 1).
        DataError: nobody drew a case twice, every repeat is a copy, or pictures and volumes are mixed.
    """
    if not 0 < quantile < 1:
        raise ValueError(f"quantile is {quantile}, but it lies between 0 and 1: 0.95 for the 95th percentile.")
    unit = unit_of(cases)
    squares: Counter[float] = Counter()
    people: set[str] = set()
    repeats = copies = 0
    for annotator, one, other, spacing_mm in _repeats(cases):
        if np.array_equal(one, other):
            copies += 1
            continue
        found = surface_distances(one, other, spacing=spacing_mm)
        if found.both_empty or found.one_empty:
            continue
        repeats += 1
        people.add(annotator)
        both = np.concatenate([found.pred_to_label, found.label_to_pred]) ** 2
        # pixels lie on whole numbers: so do squared distances, and counts of them lose nothing
        both = np.rint(both) if unit == "px" else both
        values, counts = np.unique(both, return_counts=True)
        squares.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
    if not repeats:
        what = f"{copies} pairs by one annotator are equal pixel for pixel" if copies else "Nobody drew a case twice"
        example = "--tolerance-px 2" if unit == "px" else "--tolerance-mm 0.2"
        raise DataError(f"{what}: no tolerance can be derived. Pass a number, as in {example}.")
    values = np.sqrt(np.fromiter(squares.keys(), dtype=float))
    weights = np.fromiter(squares.values(), dtype=float)
    value = float(np.quantile(values, quantile, weights=weights, method="inverted_cdf"))
    return Tolerance(value, unit, quantile, repeats, len(people), copies)


def _repeats(cases: Sequence[ReadCase]) -> Iterator[tuple[str, np.ndarray, np.ndarray, Spacing]]:
    for case in cases:
        times = Counter(reading.annotator for reading in case.readings)
        for annotator in sorted(name for name, count in times.items() if count > 1):
            own = tuple(reading for reading in case.readings if reading.annotator == annotator)
            read = read_case_masks(replace(case, readings=own))  # what fails, `measure` reads again and says so
            for one, other in combinations(read.masks, 2):
                yield annotator, one, other, read.spacing_mm
