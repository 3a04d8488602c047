"""One trainee's outline of one case against the reference."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from jaxtyping import Bool

from dermaseg_monai.agreement.mask_facts import mask_facts
from dermaseg_monai.agreement.outline_bias import signed_offsets
from dermaseg_monai.errors import DataError, ImageError
from dermaseg_monai.images import read_mask
from dermaseg_monai.manifest import Case, Manifest
from dermaseg_monai.metrics import counts, dice, jaccard

Mask = Bool[np.ndarray, "..."]

TRAINEE_COLUMNS: Final = (
    "case_id", "dice", "jaccard", "offset_px", "offset_percent", "missed", "trainee_px", "reference_px",
    "mask", "unusable",
)  # fmt: skip
"""A row per case that the trainee drew; `unusable` says why a mask has no score."""


@dataclass(frozen=True)
class Drawn:
    """A case and the file in which the trainee drew it."""

    case: Case
    mask: Path


def drawn_in_folder(manifest: Manifest, folder: str | Path, pattern: str) -> list[Drawn]:
    """Return the cases with a reference whose mask lies in a folder, as `pattern` names it: `{case}.png`.

    Raises:
        DataError: no mask of any such case is there, or the pattern does not hold {case}.
    """
    if "{case}" not in pattern:
        raise DataError(f"--pattern {pattern!r} must hold {{case}}, as in '{{case}}.png'.")
    places = [(case, Path(folder) / pattern.replace("{case}", case.id)) for case in manifest.cases if case.reference]
    found = [Drawn(case, place) for case, place in places if place.is_file()]
    if not found:
        there = ", ".join(sorted(path.name for path in Path(folder).iterdir())[:3]) or "nothing"
        raise DataError(
            f"No mask of the {len(places)} cases of {manifest.name} with a reference is in {folder} as {pattern!r}; "
            f"it holds {there}. Change --pattern."
        )
    return found


def drawn_by(manifest: Manifest, annotator: str, dataset_dir: str | Path) -> list[Drawn]:
    """Return the cases with a reference that an annotator of the manifest drew as a reader.

    Raises:
        DataError: nobody of that name drew one.
    """
    found = [
        Drawn(case, Path(dataset_dir) / annotation.mask.path)
        for case in manifest.cases
        for annotation in case.annotations
        if case.reference and annotation.role == "reader" and annotation.annotator == annotator
    ]
    if not found:
        readers = {one.annotator for case in manifest.cases for one in case.annotations if one.role == "reader"}
        names = ", ".join(sorted(name for name in readers if name)) or "none"
        raise DataError(
            f"{annotator!r} is neither a folder nor a reader of {manifest.name} with a reference beside the mask; "
            f"its readers are {names}. Give a folder of masks, or one of these."
        )
    return found


def score_trainee(drawn: Sequence[Drawn], dataset_dir: str | Path, *, both_empty: float) -> pd.DataFrame:
    """Return a row per case (`TRAINEE_COLUMNS`).

    Raises:
        ImageError: a reference cannot be read; a trainee's mask that cannot is a row with its reason.
    """
    rows: list[dict[str, Any]] = []
    for one in drawn:
        reference = read_mask(reference_of(one.case, dataset_dir))
        row: dict[str, Any] = {"case_id": one.case.id, "mask": str(one.mask)}
        try:
            mask = read_mask(one.mask)
        except ImageError as error:
            rows.append(row | {"unusable": str(error)})
            continue
        if mask.shape != reference.shape:
            sizes = " against ".join(" x ".join(map(str, found.shape)) for found in (mask, reference))
            rows.append(row | {"unusable": f"{one.mask} has another size than the reference: {sizes}"})
            continue
        rows.append(row | score_against_reference(mask, reference, both_empty=both_empty))
    return pd.DataFrame(rows, columns=list(TRAINEE_COLUMNS))


def reference_of(case: Case, dataset_dir: str | Path) -> Path:
    """Return the file of the reference of a case that has one."""
    assert case.reference is not None, "only cases with a reference are drawn"  # noqa: S101
    return Path(dataset_dir) / case.reference.mask.path


def score_against_reference(mask: Mask, reference: Mask, *, both_empty: float) -> dict[str, Any]:
    """Return Dice, Jaccard, boundary offset, whether the lesion was missed, and both areas.

    The offset is the mean signed distance between the contours, the pixels of both taken together, in px and in per
    cent of the reference's equivalent diameter; above 0 the trainee draws too wide. A disc that grew by 2 px: 2. None
    where a mask is empty. A lesion is missed where the masks share no pixel and the reference is not empty.
    """
    counted = counts(mask, reference)
    row = {
        "dice": dice(counted, both_empty=both_empty),
        "jaccard": jaccard(counted, both_empty=both_empty),
        "missed": counted.label > 0 and counted.tp == 0,
        "trainee_px": counted.pred,
        "reference_px": counted.label,
        "offset_px": None,
        "offset_percent": None,
    }
    if counted.pred == 0 or counted.label == 0:
        return row
    offset_px = float(signed_offsets(mask, reference).mean())
    return row | {"offset_px": offset_px, "offset_percent": 100 * offset_px / mask_facts(reference)["diameter_px"]}
