"""Parts that came out smaller or larger than was asked, because a lesion or patient stays whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from dermaseg_monai.manifest.case import Split
from dermaseg_monai.manifest.manifest import Manifest

_TOLERATED: Final = 1 / 4
_FEW: Final = 3
"""A part may be off by a quarter of what was asked, or by so many cases, without a word."""


@dataclass(frozen=True)
class MissedShare:
    """A split that has `found` of `n` cases, where a share of `asked` cases was wanted."""

    split: Split
    found: int
    asked: float
    n: int

    def __str__(self) -> str:
        """Return the sentence of a warning."""
        return (
            f"{self.split} has {self.found} of {self.n} cases, {self.asked:.0f} were asked for: lesions and patients "
            "with many pictures stay whole, and these shares are filled in the order of ids"
        )


def missed_shares(manifest: Manifest, shares: Mapping[Split, float]) -> list[MissedShare]:
    """Return the splits that `split_by_group` could not give their shares; those whose share is 0 were not drawn.

    Each group has its place in an order of hashes, so that a later version of a set with more cases moves few of them
    (`split_by_group`). The price is that a large group goes where its turn comes: `split_by_size` fits groups instead.
    """
    drawn: dict[Split, float] = {split: share for split, share in shares.items() if share}
    n = manifest.counts["train"] + sum(manifest.counts[split] for split in drawn)
    parts = [MissedShare(split, manifest.counts[split], share * n, n) for split, share in drawn.items()]
    return [part for part in parts if abs(part.found - part.asked) > max(_FEW, _TOLERATED * part.asked)]
