"""One trainee's outline of one case against the reference."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from jaxtyping import Bool

from dermaseg_monai.agreement.case_masks import grid_difference
from dermaseg_monai.agreement.mask_facts import equivalent_diameter, size_of
from dermaseg_monai.agreement.outline_bias import signed_offsets
from dermaseg_monai.agreement.unit import Spacing, unit_of_spacing
from dermaseg_monai.errors import DataError, ImageError
from dermaseg_monai.images import is_volume, read_mask, spacing_of
from dermaseg_monai.manifest import Case, Manifest
from dermaseg_monai.manifest.moment import moment_of
from dermaseg_monai.metrics import counts, dice, jaccard

Mask = Bool[np.ndarray, "..."]

TRAINEE_COLUMNS: Final = (
    "case_id", "dice", "jaccard", "offset_px", "offset_percent", "missed", "trainee_px", "reference_px",
    "mask", "unusable",
)  # fmt: skip
"""A row per case that the trainee drew; `unusable` says why a mask has no score. Of volumes the offset is `offset_mm`
and the sizes are `trainee_mm3` and `reference_mm3`."""


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
    """Return the cases with a reference that an annotator of the manifest drew as a reader, each once.

    Of a case drawn twice the newest outline counts, the later one in the manifest where dates do not tell.

    Raises:
        DataError: nobody of that name drew one.
    """
    found: list[Drawn] = []
    for case in manifest.cases:
        own = [one for one in case.annotations if one.role == "reader" and one.annotator == annotator]
        if case.reference and own:
            newest = max(enumerate(own), key=lambda item: (moment_of(item[1].created_at), item[0]))[1]
            found.append(Drawn(case, Path(dataset_dir) / newest.mask.path))
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
        place = reference_of(one.case, dataset_dir)
        elsewhere = grid_difference(place, reference, one.mask, mask, whose="the reference")
        if elsewhere:
            rows.append(row | {"unusable": f"{one.mask} {elsewhere}"})
            continue
        spacing_mm = spacing_of(place) if is_volume(place) else None
        rows.append(row | score_against_reference(mask, reference, both_empty=both_empty, spacing_mm=spacing_mm))
    volumes = any(is_volume(one.mask) for one in drawn)
    return pd.DataFrame(rows, columns=[_named(name, volumes=volumes) for name in TRAINEE_COLUMNS])


def _named(name: str, *, volumes: bool) -> str:
    if not volumes or not name.endswith("_px"):
        return name
    return "offset_mm" if name == "offset_px" else name.replace("_px", "_mm3")


def reference_of(case: Case, dataset_dir: str | Path) -> Path:
    """Return the file of the reference of a case that has one."""
    assert case.reference is not None, "only cases with a reference are drawn"  # noqa: S101
    return Path(dataset_dir) / case.reference.mask.path


def score_against_reference(
    mask: Mask, reference: Mask, *, both_empty: float, spacing_mm: Spacing = None
) -> dict[str, Any]:
    """Return Dice, Jaccard, boundary offset, whether the lesion was missed, and both areas.

    The offset is the mean signed distance between the contours, the pixels of both taken together, in px and in per
    cent of the reference's equivalent diameter; above 0 the trainee draws too wide. A disc that grew by 2 px: 2. None
    where a mask is empty. With a spacing, as volumes have it, in mm and mm³. A lesion is missed where the masks share
    no pixel and the reference is not empty.
    """
    counted = counts(mask, reference)
    row = {
        "dice": dice(counted, both_empty=both_empty),
        "jaccard": jaccard(counted, both_empty=both_empty),
        "missed": counted.label > 0 and counted.tp == 0,
        _named("trainee_px", volumes=spacing_mm is not None): size_of(counted.pred, spacing_mm),
        _named("reference_px", volumes=spacing_mm is not None): size_of(counted.label, spacing_mm),
        f"offset_{unit_of_spacing(spacing_mm)}": None,
        "offset_percent": None,
    }
    if counted.pred == 0 or counted.label == 0:
        return row
    offset = float(signed_offsets(mask, reference, spacing_mm=spacing_mm).mean())
    diameter = equivalent_diameter(float(size_of(counted.label, spacing_mm)), reference.ndim)
    return row | {f"offset_{unit_of_spacing(spacing_mm)}": offset, "offset_percent": 100 * offset / diameter}
