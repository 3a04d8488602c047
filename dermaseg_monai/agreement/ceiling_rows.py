"""The model as one more reader: how far it agrees with people, beside how far they agree, image by image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import hypot
from pathlib import Path
from typing import Any, Final, Literal

import pandas as pd

from dermaseg_monai.agreement.measurement import Measured, measure
from dermaseg_monai.agreement.pair_summary import SCORES, is_intra
from dermaseg_monai.agreement.pair_table import DIFFERENCE
from dermaseg_monai.agreement.prediction_masks import prediction_masks
from dermaseg_monai.agreement.reading import ReadCase, Reading
from dermaseg_monai.errors import DataError
from dermaseg_monai.images import is_volume, spacing_of
from dermaseg_monai.images import measure as size_of

Missing = Literal["refuse", "zero"]
"""What becomes of an image without a usable prediction: no answer, or a Dice of 0 and a distance of a diagonal."""

DISTANCES: Final = ("hd95_px", "assd_px", "hd95_mm", "assd_mm")


@dataclass(frozen=True)
class CeilingTable:
    """What stands beside each other.

    Attributes:
        images: a row per image with outlines of two people: case_id, group, readers, prediction (`ok`, else why there
            is none), `human_<score>` (mean over pairs of different people), `model_<score>` (mean over outlines of
            people), `least_reader_dice` (of the person who agrees least with the others).
        failures: outlines and images that take no part, and predictions that could not be used, one line each.
    """

    images: pd.DataFrame
    failures: tuple[str, ...]


def ceiling_table(
    cases: Sequence[ReadCase],
    predictions: str | Path,
    *,
    both_empty: float,
    missing: Missing,
    tolerance_px: float | None = None,
    tolerance_mm: float | None = None,
    workers: int | None = None,
) -> CeilingTable:
    """Measure the prediction of every image that two people outlined against each of them, as they against each other.

    Args:
        cases: who drew what; those with one person take no part.
        predictions: a prediction folder or a plain folder of masks.
        tolerance_px: of surface Dice, for pictures.
        tolerance_mm: the same for volumes, whose distances are in mm.
        both_empty: what two empty masks score.
        missing: with `refuse` a missing, unreadable or wrongly sized prediction is an error; with `zero` it counts as
            a lesion that was missed by a diagonal.
        workers: processes.

    Raises:
        DataError: nobody to compare with, no prediction at all, (`refuse`) unusable ones, with their number, or
            pictures among volumes.
        ConfigError: the tolerance is not in the unit of the outlines.
    """
    chosen = [case for case in cases if case.has_two_people]
    if not chosen:
        raise DataError("No case has outlines of two people, so there is no human agreement to compare with.")
    found = prediction_masks(predictions, [case.id for case in chosen])
    model = _name_of_model(chosen)
    read = [
        replace(case, readings=(*case.readings, Reading(model, found.paths[case.id])))
        if case.id in found.paths
        else case
        for case in chosen
    ]
    measured = measure(
        read, tolerance_px=tolerance_px, tolerance_mm=tolerance_mm, both_empty=both_empty, workers=workers
    )
    images, alone = _rows(measured, chosen, model=model, missing=found.missing)
    lost = {row["case_id"]: row["prediction"] for row in images if row["prediction"] != "ok"}
    if lost and missing == "refuse":
        first, why = next(iter(lost.items()))
        raise DataError(
            f"{len(lost)} of {len(images)} images have no usable prediction in {predictions}, first {first}: {why}. "
            "Predict them, name the split that was predicted (--split test), or count them as missed lesions with "
            "--missing zero."
        )
    if not images:
        raise DataError("No image has two usable outlines of different people. " + " ".join(alone[:1]))
    by_id = {case.id: case for case in chosen}
    for row in images:
        if row["prediction"] != "ok":
            row.update(_of_nothing(by_id[row["case_id"]], measured))
    failures = [*measured.failures, *alone, *(f"{case_id}: {why}" for case_id, why in found.missing.items())]
    return CeilingTable(pd.DataFrame(images), tuple(failures))


def _name_of_model(cases: Sequence[ReadCase]) -> str:
    people = {reading.annotator for case in cases for reading in case.readings}
    name = "the model"
    while name in people:
        name += "*"
    return name


def _rows(
    measured: Measured, cases: Sequence[ReadCase], *, model: str, missing: Mapping[str, str]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return a row per image with two people, and a line per image that has lost them."""
    pairs = measured.pairs
    with_model = (pairs["annotator_a"] == model) | (pairs["annotator_b"] == model)
    people, models = _by_case(pairs[~with_model]), _by_case(pairs[with_model])
    rows: list[dict[str, Any]] = []
    alone: list[str] = []
    for case in cases:
        between = people.get(case.id)
        different = None if between is None else between[~is_intra(between)]
        if different is None or different.empty:
            alone.append(f"{case.id}: fewer than two people have a usable outline, so it takes no part.")
            continue
        one: dict[str, Any] = {"case_id": case.id, "group": case.group}
        one["readers"] = len({*different["annotator_a"], *different["annotator_b"]})
        one["prediction"] = missing.get(case.id, "ok" if case.id in models else "unreadable or on another grid")
        scores = [name for name in SCORES if name in pairs]
        one |= {f"human_{name}": float(different[name].mean()) for name in scores}
        one["least_reader_dice"] = _least_reader(different)
        if case.id in models:
            one |= {f"model_{name}": float(models[case.id][name].mean()) for name in scores}
        rows.append(one)
    return rows, alone


def _by_case(pairs: pd.DataFrame) -> dict[str, Any]:
    return {str(case_id): rows for case_id, rows in pairs.groupby("case_id")}


def _least_reader(pairs: pd.DataFrame) -> float:
    sides = [pairs[[side, "dice"]].set_axis(["who", "dice"], axis=1) for side in ("annotator_a", "annotator_b")]
    return float(pd.concat(sides).groupby("who")["dice"].mean().min())


def _of_nothing(case: ReadCase, measured: Measured) -> dict[str, float]:
    """Return the scores of a missed lesion: nothing is right, a diagonal off, and all of the volume is missing."""
    own = measured.masks[measured.masks["case_id"] == case.id]
    place = Path(str(own["path"].iloc[0]))  # usable, because two people have usable outlines
    steps = spacing_of(place) if is_volume(place) else (1.0, 1.0)
    diagonal = hypot(*(count * step for count, step in zip(size_of(place), steps, strict=True)))
    scores = {name: 0.0 for name in SCORES if name in measured.pairs}
    scores |= {name: diagonal for name in DISTANCES if name in scores}
    if DIFFERENCE in scores:
        scores[DIFFERENCE] = float(own["volume_mm3"].mean())
    return {f"model_{name}": value for name, value in scores.items()}
