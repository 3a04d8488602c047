"""What an ensemble's masks are compared with: the references that its members were scored against."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dermaseg_monai.arrays import BoolMask
from dermaseg_monai.errors import DataError, ImageError
from dermaseg_monai.images import is_volume, read_mask, spacing_of
from dermaseg_monai.manifest import Case, Manifest, group_of_case
from dermaseg_monai.metrics import CaseScore, score_case

BOTH_EMPTY = 1.0  # as the evaluate sheets
BOUNDARY_PX = 2


@dataclass(frozen=True)
class Reference:
    """The reference masks of a manifest, and how to score against them.

    Attributes:
        manifest: its file.
        dataset_dir: where its paths start.
        cases: case id to case.
        groups: case id to the first case of the same lesion, patient or picture.
        split: the part of the manifest that is scored.
        tolerance_px: of the surface Dice of photographs.
        tolerance_mm: the same of volumes, whose distances are in mm. With neither, contours are not scored.
    """

    manifest: Path
    dataset_dir: Path
    cases: dict[str, Case]
    groups: dict[str, str]
    split: str | None
    tolerance_px: float | None
    tolerance_mm: float | None

    @classmethod
    def open(cls, manifest: Path, dataset_dir: Path, *, case_ids: Sequence[str], config: dict[str, Any]) -> "Reference":
        """Look up the cases of a manifest; split and tolerance are those of a member's sheet.

        Raises:
            DataError: no such manifest, it lacks a case, a case has no reference, or a case of the split is missing.
        """
        loaded = Manifest.load(manifest)
        known = {case.id: case for case in loaded.cases}
        if unknown := [case_id for case_id in case_ids if case_id not in known]:
            raise DataError(f"{manifest} has no case {unknown[0]}, which was predicted. Give its own: --manifest FILE.")
        if bare := [case_id for case_id in case_ids if known[case_id].reference is None]:
            raise DataError(f"Case {bare[0]} of {manifest} has no reference mask. Give the manifest that was scored.")
        split = config.get("split")
        if lost := sorted({case.id for case in loaded.cases if case.split == split} - set(case_ids)):
            raise DataError(
                f"{len(lost)} {split} cases of {manifest} were not predicted, first {lost[0]}. Evaluate all of them."
            )
        return cls(
            manifest=manifest,
            dataset_dir=dataset_dir,
            cases={case_id: known[case_id] for case_id in case_ids},
            groups=group_of_case(loaded.cases),
            split=split,
            tolerance_px=config.get("tolerance_px"),
            tolerance_mm=config.get("tolerance_mm"),
        )

    @property
    def config(self) -> dict[str, Any]:
        """What later commands ask a prediction folder for."""
        return {"manifest": str(self.manifest), "dataset_dir": str(self.dataset_dir), "split": self.split}

    @property
    def photographs(self) -> dict[str, Path]:
        """Case id to file, without volumes."""
        files = {case_id: self.dataset_dir / case.image.path for case_id, case in self.cases.items()}
        return {case_id: file for case_id, file in files.items() if not is_volume(file)}

    @property
    def about(self) -> dict[str, Any]:
        """For run.json."""
        return {"split": self.split, "tolerance_px": self.tolerance_px, "tolerance_mm": self.tolerance_mm}

    def score(self, case_id: str, pred: BoolMask) -> CaseScore:
        """Score a mask on the grid of its reference.

        Raises:
            ImageError: the reference cannot be read, or lies on another grid.
        """
        reference = self.cases[case_id].reference
        assert reference is not None, "refused in open"  # noqa: S101
        path = self.dataset_dir / reference.mask.path
        label = read_mask(path)
        if label.shape != pred.shape:
            raise ImageError(f"{path} has {label.shape} px, the prediction {pred.shape}. Give its own: --dataset-dir")
        return score_case(
            pred,
            label,
            case_id=case_id,
            both_empty=BOTH_EMPTY,
            tolerance_px=self.tolerance_px,
            tolerance_mm=self.tolerance_mm,
            boundary_px=BOUNDARY_PX,
            surface=self.tolerance_px is not None or self.tolerance_mm is not None,
            spacing=None if self.tolerance_mm is None else spacing_of(path),
        )
