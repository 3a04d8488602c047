"""What a model will meet that it was not trained on: values of B that A has not, or hardly."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from dermaseg_monai.manifest.description.features import Feature
from dermaseg_monai.manifest.description.row import Row

_LEAST_CASES: Final = 5
_LEAST_KNOWN: Final = 20
_RARE: Final = 0.01
_TIMES: Final = 5.0
_TAIL: Final = 0.01


@dataclass(frozen=True)
class Novelty:
    """Something that 5 or more images of B have and fewer than 1 % of A, at least five times more rarely than B.

    `what` says it in words, `share_a` and `share_b` are the shares of the images whose value is known, `count_a` and
    `count_b` the images, `examples` the ids of up to six of B, the most extreme first.
    """

    feature: Feature
    what: str
    share_a: float
    share_b: float
    count_a: int
    count_b: int
    examples: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the finding as a JSON object."""
        return {
            "feature": self.feature.name,
            "what": self.what,
            "share_a": self.share_a,
            "share_b": self.share_b,
            "images": [self.count_a, self.count_b],
            "examples": list(self.examples),
        }


def new_categories(feature: Feature, rows_a: Sequence[Row], rows_b: Sequence[Row]) -> list[Novelty]:
    """Return the categories of B that are absent or rare in A; nothing where A records none at all."""
    a, b = (
        Counter(str(row.values[feature.name]) for row in rows if row.values[feature.name] is not None)
        for rows in (rows_a, rows_b)
    )
    if a.total() < _LEAST_KNOWN or b.total() < _LEAST_KNOWN:
        return []
    found: list[Novelty] = []
    for name, count in b.items():
        share_a, share_b = a[name] / a.total(), count / b.total()
        if count >= _LEAST_CASES and share_a < _RARE and share_b >= _TIMES * share_a:
            examples = [row.case_id for row in rows_b if row.values[feature.name] == name]
            found.append(Novelty(feature, name, share_a, share_b, a[name], count, tuple(examples[:6])))
    return found


def new_ranges(feature: Feature, rows_a: Sequence[Row], rows_b: Sequence[Row]) -> list[Novelty]:
    """Return the tails beyond the 1st and the 99th percentile of A that hold at least 5 % of B."""
    a = np.array([row.values[feature.name] for row in rows_a if row.values[feature.name] is not None], dtype=float)
    known = [row for row in rows_b if row.values[feature.name] is not None]
    b = np.array([row.values[feature.name] for row in known], dtype=float)
    if len(a) < _LEAST_KNOWN or len(b) < _LEAST_KNOWN:
        return []
    low, high = np.quantile(a, [_TAIL, 1 - _TAIL])
    found: list[Novelty] = []
    for word, bound, in_a, in_b, order in (
        ("below", low, a < low, b < low, np.argsort(b, kind="stable")),
        ("above", high, a > high, b > high, np.argsort(-b, kind="stable")),
    ):
        count = int(in_b.sum())
        share_a, share_b = float(in_a.mean()), float(in_b.mean())
        if count >= _LEAST_CASES and share_b >= _TIMES * max(share_a, _TAIL):
            outermost = tuple(known[int(at)].case_id for at in order[: min(6, count)])
            what = f"{word} {bound:.3g}{f' {feature.unit}' if feature.unit else ''}"
            found.append(Novelty(feature, what, share_a, share_b, int(in_a.sum()), count, outermost))
    return found
