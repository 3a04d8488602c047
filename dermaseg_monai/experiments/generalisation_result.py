"""All that a matrix of data sets found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dermaseg_monai.experiments.generalisation_differences import NetworkFacts, SetFacts, differences
from dermaseg_monai.experiments.generalisation_matrix import Matrix
from dermaseg_monai.experiments.generalisation_overlap import Overlap
from dermaseg_monai.manifest import Split


@dataclass(frozen=True)
class Result:
    """All that a matrix found.

    Attributes:
        name: of the matrix.
        split: what was tested on.
        sets: the data sets, in the order of rows and columns.
        networks: one per set.
        overlaps: of every pair (trained on, tested on).
        matrix: scores and gaps.
        tables: pair to the folder of its predictions, where it was scored.
        missing: what was not scored, and why.
    """

    name: str
    split: Split
    sets: Sequence[SetFacts]
    networks: Sequence[NetworkFacts]
    overlaps: Mapping[tuple[str, str], Overlap]
    matrix: Matrix
    tables: Mapping[tuple[str, str], Path]
    missing: Sequence[str]

    @property
    def names(self) -> list[str]:
        """The data sets."""
        return [one.name for one in self.sets]

    @property
    def whats_different(self) -> list[str]:
        """Sentences: what a gap may come from besides the pictures trained on."""
        return differences(self.sets, self.networks)
