"""How much of the reference masks is lesion, and the weights that make both classes count alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from dermaseg_monai.errors import DataError
from dermaseg_monai.images import read_mask
from dermaseg_monai.manifest.case import Case, Split
from dermaseg_monai.manifest.manifest import Manifest
from dermaseg_monai.manifest.threads import in_threads


@dataclass(frozen=True)
class ClassFrequency:
    """Lesion and skin in the reference masks of one split.

    Attributes:
        split: which.
        n_masks: number of masks.
        lesion_share: mean over masks of the share of lesion, in [0, 1]; every mask counts alike, as on the square grid
            that a network is trained on.
        lesion_px: lesion pixels of all masks, as stored.
        all_px: pixels of all masks, as stored; large photographs count more in these two.
    """

    split: Split
    n_masks: int
    lesion_share: float
    lesion_px: int
    all_px: int

    @property
    def skin_share(self) -> float:
        """Mean over masks of the share of skin, in [0, 1]."""
        return 1 - self.lesion_share

    @property
    def weights(self) -> tuple[float, float]:
        """The weights (lesion, skin) w = N / (2 N_class), N_class / N the mean share of the class.

        Raises:
            DataError: the masks are all lesion or all skin.
        """
        if not 0 < self.lesion_share < 1:
            raise DataError(
                f"The {self.n_masks} {self.split} masks are {self.lesion_share:.0%} lesion, so that no weights can "
                "balance lesion and skin. Check the masks with `dermaseg data verify`."
            )
        return 1 / (2 * self.lesion_share), 1 / (2 * self.skin_share)

    def to_json(self) -> dict[str, Any]:
        """Return shares, pixels and weights as a JSON object."""
        lesion, skin = self.weights
        return {
            "split": self.split,
            "masks": self.n_masks,
            "lesion_share": self.lesion_share,
            "skin_share": self.skin_share,
            "lesion_px": self.lesion_px,
            "all_px": self.all_px,
            "weight_lesion": lesion,
            "weight_skin": skin,
        }


def class_frequencies(manifest: Manifest, folder: Path, splits: Sequence[Split]) -> list[ClassFrequency]:
    """Return the frequencies of the splits that have reference masks; each mask is read once and let go.

    Raises:
        ImageError: a mask is missing or is none.
    """
    found: list[ClassFrequency] = []
    for split in splits:
        cases = [case for case in manifest.cases if case.split == split and case.reference is not None]
        if not cases:
            continue
        title = f"Counting the pixels of {len(cases)} {split} masks"
        counts = in_threads(partial(_count, folder=folder), cases, title=title)
        share = sum(lesion / every for lesion, every in counts) / len(counts)
        lesion_px, all_px = (sum(column) for column in zip(*counts, strict=True))
        found.append(ClassFrequency(split, len(counts), share, lesion_px, all_px))
    return found


def _count(case: Case, *, folder: Path) -> tuple[int, int]:
    assert case.reference is not None  # noqa: S101 (chosen by the caller)
    mask = read_mask(folder / case.reference.mask.path)
    return int(mask.sum()), mask.size
