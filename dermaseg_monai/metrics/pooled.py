"""The scores of all pixels of a test as if they were one image."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from rich.table import Table as RichTable

from dermaseg_monai.metrics.overlap import Counts, accuracy, dice, precision, sensitivity
from dermaseg_monai.metrics.table import Table


@dataclass(frozen=True)
class PooledScores:
    """Accuracy, precision, recall and F1 of the summed confusion matrix, each in [0, 1].

    Every pixel counts alike, so that large images and large lesions count for more than small ones, and a missed small
    lesion hardly at all: papers report these figures, but the means over images (`Summary`) are the ones to compare by.
    F1 is the Dice score of the pooled pixels.
    """

    n: int
    counts: Counts
    accuracy: float
    precision: float
    recall: float
    f1: float

    @property
    def scores(self) -> dict[str, float]:
        """The four scores by name."""
        return {"accuracy": self.accuracy, "precision": self.precision, "recall": self.recall, "f1": self.f1}

    def to_json(self) -> str:
        """Return JSON text: the four cells in pixels, the number of images and the scores."""
        return json.dumps({"n": self.n, "counts_px": asdict(self.counts), **self.scores}, indent=2, allow_nan=False)

    def to_markdown(self) -> str:
        """Return a Markdown table."""
        return self._table().markdown()

    def __rich__(self) -> RichTable:
        return self._table().rich()

    def _table(self) -> Table:
        return Table(
            header=("over all pixels", "score"),
            rows=[(name, f"{value:.4f}") for name, value in self.scores.items()],
            notes=(f"{self.n} images, {self.counts.total:,} px pooled: large lesions count for more.",),
        )


def pooled_scores(
    counted: Iterable[Counts], *, both_empty: float, empty_pred: float, empty_label: float
) -> PooledScores:
    """Sum the four cells over images, then score them once.

    Args:
        counted: one entry per image.
        both_empty: F1 where no image has a lesion pixel, predicted or true.
        empty_pred: precision where none is predicted.
        empty_label: recall where there is none.

    Raises:
        ValueError: there is no image.
    """
    images = list(counted)
    if not images:
        raise ValueError("There is no image to pool. Score at least one.")
    total = Counts(
        tp=sum(one.tp for one in images),
        fp=sum(one.fp for one in images),
        fn=sum(one.fn for one in images),
        tn=sum(one.tn for one in images),
    )
    return PooledScores(
        n=len(images),
        counts=total,
        accuracy=accuracy(total),
        precision=precision(total, empty_pred=empty_pred),
        recall=sensitivity(total, empty_label=empty_label),
        f1=dice(total, both_empty=both_empty),
    )
