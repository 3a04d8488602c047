"""One row of the `cases.csv` of a prediction folder."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

_SHOWN = (
    ("dice", "Dice {:.3f}"), ("jaccard", "Jaccard {:.3f}"),
    ("hd95_px", "HD95 {:.1f} px"), ("hd95_mm", "HD95 {:.3f} mm"),
)  # fmt: skip


@dataclass(frozen=True)
class CaseRow:
    """A case of a prediction folder.

    Attributes:
        case_id: as in the manifest.
        image: name of the picture's file, empty where the table does not say it.
        file: name of its files in the sub-folders; None when the case was not predicted.
        reason: why it was not predicted, else empty.
        scores: the figures of the row by the names of their columns, finite ones only.
    """

    case_id: str
    image: str
    file: str | None
    reason: str
    scores: Mapping[str, float]

    @classmethod
    def parse(cls, cells: Mapping[str, str | None]) -> "CaseRow":
        """Return the row; a file name with a path in it, or a broken status, makes it a case that failed."""
        file, reason = cells.get("file") or "", cells.get("reason") or ""
        if cells.get("status", "ok") != "ok":
            file, reason = "", reason or "not predicted"
        elif not file or file != PurePosixPath(file).name or "\\" in file or file in (".", ".."):
            file, reason = "", f"cases.csv gives no usable file name ({file!r})"
        return cls(str(cells["case_id"]), cells.get("image") or "", file or None, reason, _figures(cells))

    @property
    def picture_name(self) -> str:
        """The name of a PNG of this case; harmless, as the name of its files is."""
        assert self.file is not None, "a case that failed has no picture"  # noqa: S101
        return self.file.removesuffix(".png").removesuffix(".nii.gz").removesuffix(".nii") + ".png"

    @property
    def doubt(self) -> tuple[bool, float, str]:
        """Key that sorts predicted cases for a person, the first to look at first: empty masks, then by predicted Dice.

        A network that is sure of an empty mask promises a Dice of 1; nothing found is still the first to see.
        """
        return self.scores.get("pred_px") != 0, self.scores.get("predicted_dice", 0.0), self.case_id

    @property
    def jaccard(self) -> float | None:
        """The Jaccard index, or None where the case was not scored."""
        return self.scores.get("jaccard")

    @property
    def score_words(self) -> list[str]:
        """Dice, Jaccard and HD95 with their units, as far as they are known."""
        return [words.format(self.scores[name]) for name, words in _SHOWN if name in self.scores]


def _figures(cells: Mapping[str, str | None]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, text in cells.items():
        try:
            value = float(text or "")
        except (TypeError, ValueError):  # not a figure; csv gives a list where a row is too long
            continue
        if math.isfinite(value):
            found[str(name)] = value
    return found
