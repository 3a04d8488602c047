"""The gap between prompts that are given and prompts that nobody has to give, in one table."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import pandas as pd

from dermaseg_monai.metrics import Difference, Summary, compare, summarise
from dermaseg_monai.metrics.interval_text import bracketed
from dermaseg_monai.metrics.least_groups import narrow_words
from dermaseg_monai.metrics.summary import mean_and_interval
from dermaseg_monai.metrics.table import Table
from dermaseg_monai.prompting.prompt import ORIGIN_NOTES, Origin
from dermaseg_monai.prompting.scoring import KindScores

NETWORK: Final = "automatic_network_mask"
GIVEN: Final = "given_box"

_SHOWN = ("jaccard", "threshold_jaccard", "dice", "hd95_px")


@dataclass(frozen=True)
class GapRow:
    """One kind: its summary, and its paired differences from our network's mask and from the given box.

    A difference is None for the row it is taken from, or where that row is not there or one group allows no interval.
    """

    name: str
    origin: Origin
    n_without: int
    summary: Summary
    from_network: Mapping[str, Difference] | None
    from_given: Mapping[str, Difference] | None


@dataclass(frozen=True)
class GapTable:
    """All kinds on the same cases; `n_failed` cases could not be read and are in no figure."""

    rows: Sequence[GapRow]
    title: str
    n_failed: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain numbers and texts, ready for JSON."""
        return asdict(self) | {"origins": dict(ORIGIN_NOTES)}

    def to_frame(self) -> pd.DataFrame:
        """Return one row per kind and score: mean, interval, median, differences with their intervals."""
        return pd.DataFrame([cells for row in self.rows for cells in _cells(row)])

    def to_markdown(self) -> str:
        """Return a Markdown table with its title."""
        return f"# {self.title}\n\n{self._table().markdown()}\n"

    def __str__(self) -> str:
        return f"{self.title}\n{self._table().plain()}"

    def _table(self) -> Table:
        first = self.rows[0].summary
        header = ("mask from", "origin", "no prompt", *_SHOWN, "jaccard - network", "jaccard - given box")
        images = f"{first.n} images in {first.n_groups} groups, the same in every row"
        how = f"Means with {100 * first.confidence:g} % intervals; differences are paired."
        return Table(
            header=header,
            rows=[
                (
                    row.name,
                    row.origin,
                    str(row.n_without),
                    *(
                        mean_and_interval(name, one.mean, one.low, one.high)
                        for name in _SHOWN
                        for one in [row.summary.scores[name]]
                    ),
                    _signed(row.from_network),
                    _signed(row.from_given),
                )
                for row in self.rows
            ],
            notes=(
                *(f"{origin}: {note}." for origin, note in ORIGIN_NOTES.items()),
                f"{images}; {self.n_failed} more could not be used. {how}",
                "no prompt: cases for which nothing was found to point at (or no mask); they are in every mean.",
                *narrow_words(first.n_groups),
            ),
        )


def gap_table(
    kinds: Sequence[KindScores], *, groups: Mapping[str, str | None], seed: int, title: str, n_failed: int
) -> GapTable:
    """Summarise every kind and compare it, image by image, with our network's mask and with the given box.

    Raises:
        ValueError: as `summarise` and `compare`; the kinds are scored on different cases.
    """
    by_name = {kind.name: kind for kind in kinds}
    return GapTable(
        rows=[
            GapRow(
                kind.name,
                kind.origin,
                kind.n_without,
                summarise(kind.scores, groups=groups, seed=seed),
                _difference(kind, by_name.get(NETWORK), groups, seed),
                _difference(kind, by_name.get(GIVEN), groups, seed),
            )
            for kind in kinds
        ],
        title=title,
        n_failed=n_failed,
    )


def _difference(
    kind: KindScores, other: KindScores | None, groups: Mapping[str, str | None], seed: int
) -> Mapping[str, Difference] | None:
    one_group = len({groups.get(score.case_id) or score.case_id for score in kind.scores}) == 1
    if other is None or other.name == kind.name or one_group:
        return None
    return compare(kind.scores, other.scores, groups=groups, seed=seed)


def _signed(differences: Mapping[str, Difference] | None) -> str:
    if differences is None:
        return ""
    found = differences["jaccard"]
    return bracketed(found.difference, found.low, found.high, "+.3f")


def _cells(row: GapRow) -> list[dict[str, Any]]:
    about = {"mask_from": row.name, "origin": row.origin, "n": row.summary.n, "n_without_prompt": row.n_without}
    found: list[dict[str, Any]] = []
    for name, score in row.summary.scores.items():
        cells = about | {"score": name} | asdict(score)
        for other, differences in (("network", row.from_network), ("given_box", row.from_given)):
            one = None if differences is None else differences[name]
            values = (None, None, None) if one is None else (one.difference, one.low, one.high)
            cells |= dict(zip((f"minus_{other}", f"minus_{other}_low", f"minus_{other}_high"), values, strict=True))
        found.append(cells)
    return found
