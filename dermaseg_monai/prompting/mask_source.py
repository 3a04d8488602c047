"""Masks that nobody had to draw: they stand beside the prompted ones, and boxes are made from them."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from dermaseg_monai.arrays import BoolMask, RgbImage
from dermaseg_monai.data import Sample
from dermaseg_monai.engines.stems import file_stem
from dermaseg_monai.errors import ConfigError, DataError, ImageError
from dermaseg_monai.files import parse_json
from dermaseg_monai.images import read_mask
from dermaseg_monai.metrics.case_rows import read_rows
from dermaseg_monai.prompting.classical import classical_mask

logger = logging.getLogger(__name__)


class MaskSource(ABC):
    """Gives a mask of each photograph, without the reference and without a human."""

    name: str

    @abstractmethod
    def mask(self, case_id: str, image: RgbImage) -> BoolMask | None:
        """Return the mask on the grid of the photograph, None where there is none."""


class ClassicalMask(MaskSource):
    """Otsu's threshold, see `classical_mask`."""

    name = "classical"

    def mask(self, case_id: str, image: RgbImage) -> BoolMask | None:  # noqa: ARG002 (of the base)
        """Return the mask; empty where nothing stands out."""
        return classical_mask(image)


class NetworkMask(MaskSource):
    """Our own network's masks, from the prediction folder of an evaluation or inference.

    A case that `cases.csv` calls failed, or whose file is absent or damaged, has no mask, which the tables count.

    Args:
        folder: holds `masks/{id}.png`, or is itself a folder of masks.
        images: the list of cases that will be asked for.
        name: what the tables call it.

    Raises:
        DataError: `cases.csv` is there and cannot be read.
        ConfigError: no folder is given, it holds no mask of any case, or its masks come from the reference: they are
            the reference itself, or SAM made them from a given prompt.
    """

    def __init__(self, folder: str | Path | None, images: Sequence[Sample], name: str = "network") -> None:
        if folder is None:
            raise ConfigError(
                "The prompts from our own network need its masks: give the prediction folder that its evaluation on "
                "the same split wrote, --predictions FOLDER, or add the sheet without_network.json to --config_file."
            )
        self.name = name
        self.folder = Path(folder).expanduser()
        self.masks = self.folder / "masks" if (self.folder / "masks").is_dir() else self.folder
        self.failed = _failed(self.masks.parent / "cases.csv")
        if not any(self._has(image["case_id"]) for image in images):
            wanted = f"masks/{self._path(images[0]['case_id']).name}" if images else "masks/*.png"
            raise ConfigError(
                f"{self.folder} holds no mask of the {len(images)} cases, first wanted: {wanted}. Give the prediction "
                "folder of an evaluation on the same split: --predictions FOLDER."
            )
        self._require_no_reference(images)

    def mask(self, case_id: str, image: RgbImage) -> BoolMask | None:
        """Return the mask of a case.

        Raises:
            DataError: it has another size than the photograph.
        """
        path = self._path(case_id)
        if case_id in self.failed:
            logger.warning("%s/cases.csv calls case %s failed: it has no prompt from there.", path.parents[1], case_id)
            return None
        if not path.is_file():
            logger.warning("There is no mask %s: case %s has no prompt from it.", path, case_id)
            return None
        try:
            mask = read_mask(path)
        except ImageError as error:
            logger.warning("%s Case %s has no prompt from it.", error, case_id)
            return None
        if mask.shape != image.shape[:2]:
            found = f"{path} has {mask.shape} px, the photograph of case {case_id} {image.shape[:2]}"
            raise DataError(f"{found}. Give the predictions for these photographs: --predictions FOLDER.")
        return mask

    def _require_no_reference(self, images: Sequence[Sample]) -> None:
        made = "and boxes from them would be called automatic. Give our own network's: --predictions FOLDER."
        for image in images:
            path = self._path(image["case_id"])
            if path.is_file() and "label_path" in image and path.samefile(image["label_path"]):
                raise ConfigError(f"{self.folder} holds the reference masks (first {path.name}), {made}")
        if _origin(self.masks.parent / "run.json") == "given":
            raise ConfigError(f"The masks in {self.folder} were made with prompts from the reference, {made}")

    def _has(self, case_id: str) -> bool:
        """Say whether there is a mask; one that an earlier prediction left beside a failed row is none."""
        return case_id not in self.failed and self._path(case_id).is_file()

    def _path(self, case_id: str) -> Path:
        return self.masks / f"{file_stem(case_id)}.png"


def _failed(table: Path) -> frozenset[str]:
    """Return the cases that could not be predicted, none where there is no table."""
    if not table.is_file():
        return frozenset()
    return frozenset(row.case_id for row in read_rows(table.parent) if row.file is None)


def _origin(run: Path) -> str | None:
    """Return what PromptFolders noted, None where a folder is from elsewhere."""
    try:
        about = parse_json(run.read_text(encoding="utf-8"))["about"]
        return about.get("origin")
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
