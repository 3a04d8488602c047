"""Which mask of a folder is the prediction of which case."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest.listing import MASK_SUFFIXES, files_below, names_without
from dermaseg_monai.manifest.table import image_id
from dermaseg_monai.metrics.case_rows import read_rows


@dataclass(frozen=True)
class PredictionMasks:
    """The masks by case, and why a case has none, one reason each; every case asked for is in one of the two."""

    paths: dict[str, Path]
    missing: dict[str, str]


def prediction_masks(folder: str | Path, case_ids: Sequence[str]) -> PredictionMasks:
    """Look up the masks of cases in a prediction folder (`cases.csv`, `masks/`) or in a plain folder of masks.

    In a plain folder, or one with `masks/` and no table, a mask is named by its case, as `{id}.png`, or with what masks
    are often named besides (`{id}_segmentation.png`).

    Raises:
        DataError: there is no such folder, its table cannot be read, it holds no mask of any case, or two of one case.
    """
    root = Path(folder).expanduser()
    if not root.is_dir():
        raise DataError(f"There is no folder {root}. Pass the folder with the predicted masks with --pred.")
    place = root / "masks" if (root / "masks").is_dir() else root
    found, missing = _by_table(root, place) if (root / "cases.csv").is_file() else (_by_name(place, case_ids), {})
    paths = {case_id: found[case_id] for case_id in case_ids if case_id in found}
    if not paths:
        names = ", ".join(path.name for path in files_below(place)[:3]) or "no image at all"
        raise DataError(
            f"{root} has no prediction of the {len(case_ids)} cases with several readers, first {case_ids[0]!r}; "
            f"found: {names}. Pass the folder of a prediction of these cases with --pred."
        )
    alone = [case_id for case_id in case_ids if case_id not in paths]
    return PredictionMasks(paths, {case_id: missing.get(case_id, "no prediction") for case_id in alone})


def _by_table(root: Path, place: Path) -> tuple[dict[str, Path], dict[str, str]]:
    rows = read_rows(root)
    paths = {row.case_id: place / row.file for row in rows if row.file is not None}
    return paths, {row.case_id: f"not predicted: {row.reason}" for row in rows if row.file is None}


def _by_name(place: Path, case_ids: Sequence[str]) -> dict[str, Path]:
    wanted, found = set(case_ids), dict[str, Path]()
    for path in files_below(place):
        fitting = names_without(MASK_SUFFIXES, image_id(path.name)) & wanted
        if not fitting:
            continue
        case_id = max(fitting, key=len)
        if found.setdefault(case_id, path) != path:
            raise DataError(f"{case_id} has two predictions, {found[case_id]} and {path}. Keep one.")
    return found
