"""What an evaluation says about people: how far they agree on the images that it has just predicted."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from dermaseg_monai.agreement.ceiling import summarise_ceiling
from dermaseg_monai.agreement.ceiling_files import write_ceiling
from dermaseg_monai.agreement.ceiling_rows import ceiling_table
from dermaseg_monai.agreement.reading import readings_of_manifest
from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest import Manifest

_BOTH_EMPTY: Final = 1.0


class HumanCeiling:
    """Compares a folder of predictions with the readers of a manifest (`engines.PeopleBeside`).

    Writes ceiling.csv, ceiling.json and ceiling.md into the folder. A prediction that is missing or unusable counts as
    a missed lesion.

    Args:
        manifest: with the outlines of several people.
        dataset_dir: where its paths start.
        margin_dice: how much less Dice still counts as the same.
        seed: of the bootstrap.
        tolerance_px: of surface Dice, for pictures.
        tolerance_mm: the same for volumes, whose distances are in mm.
    """

    def __init__(
        self,
        manifest: str | Path,
        dataset_dir: str | Path,
        *,
        margin_dice: float,
        seed: int,
        tolerance_px: float | None = None,
        tolerance_mm: float | None = None,
    ) -> None:
        self.manifest, self.dataset_dir = Path(manifest), Path(dataset_dir)
        self.margin_dice, self.seed = margin_dice, seed
        self.tolerance_px, self.tolerance_mm = tolerance_px, tolerance_mm

    def __call__(self, folder: Path, case_ids: Sequence[str]) -> str | None:
        """Write the comparison and return it as a sentence; None where no case has outlines of two people.

        Raises:
            DataError: there is no usable prediction of these cases.
            ConfigError: the tolerance is not in the unit of the outlines.
        """
        wanted = set(case_ids)
        try:
            # of the whole manifest: cases of a split may belong together through one outside of it
            read = readings_of_manifest(Manifest.load(self.manifest), self.dataset_dir)
        except DataError:  # nobody read a case twice, as in most data sets
            return None
        cases = [case for case in read if case.id in wanted]
        if not any(case.has_two_people for case in cases):
            return None
        found = ceiling_table(
            cases,
            folder,
            tolerance_px=self.tolerance_px,
            tolerance_mm=self.tolerance_mm,
            both_empty=_BOTH_EMPTY,
            missing="zero",
        )
        ceiling = summarise_ceiling(found.images, margin_dice=self.margin_dice, seed=self.seed)
        tolerance = f"{self.tolerance_mm:g} mm" if self.tolerance_px is None else f"{self.tolerance_px:g} px"
        notes = [f"Surface Dice at {tolerance}."]
        write_ceiling(folder, found.images, ceiling, groups={}, notes=notes, failures=found.failures)
        return ceiling.sentence
