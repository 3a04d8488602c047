"""One image in one row."""

import os
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Literal, TypeAlias

from dermaseg_monai.errors import DermasegError
from dermaseg_monai.images import fitzpatrick_like, is_volume, tone_band
from dermaseg_monai.manifest.case import Case, Split
from dermaseg_monai.manifest.description.artefacts import find_artefacts
from dermaseg_monai.manifest.description.features import FEATURES
from dermaseg_monai.manifest.description.lesion import colours, geometry
from dermaseg_monai.manifest.description.outline import outline
from dermaseg_monai.manifest.description.sample import Sample, read_sample
from dermaseg_monai.manifest.description.tone import monk_like, skin_tone
from dermaseg_monai.manifest.description.vocabulary import recorded

Value: TypeAlias = float | str | None
Status: TypeAlias = Literal["measured", "no mask", "volume", "failed"]


@dataclass(frozen=True)
class Row:
    """What is known of one image: a value, or None, for every feature.

    `status`: measured; no mask (nothing that needs the lesion, no skin tone); volume (only what is recorded, because
    none of the measures is made for volumes); failed (only what is recorded; `reason` says why). `tone_reason` says why
    the skin tone is unavailable, "" where it is there.
    """

    case_id: str
    split: Split
    status: Status
    reason: str
    tone_reason: str
    values: dict[str, Value]


def describe_case(case: Case, dataset_dir: Path, set_licence: str | None) -> Row:
    """Return the row of one image; a file that cannot be read or measured gives a row that says so."""
    known: dict[str, Value] = dict.fromkeys(feature.name for feature in FEATURES)
    known |= recorded(case, set_licence)
    if is_volume(Path(case.image.path)):
        reason = "a volume: only what is recorded is described, the measures are made for photographs"
        return Row(case.id, case.split, "volume", reason, "volume", known)
    try:
        sample = read_sample(case, dataset_dir)
        measured, tone_reason = measure_sample(sample)
    except DermasegError as error:
        # from the set's folder on: the table and the page are passed on
        return failed(case, set_licence, str(error).replace(f"{dataset_dir}{os.sep}", ""))
    except Exception as error:  # noqa: BLE001 (one strange picture must not cost the table of all others)
        return failed(case, set_licence, f"{type(error).__name__}: {error}")
    if sample.mask is None:
        return Row(case.id, case.split, "no mask", "no reference mask", tone_reason, known | measured)
    reason = "" if sample.mask.any() else "the mask is empty"
    return Row(case.id, case.split, "measured", reason, tone_reason, known | measured)


def failed(case: Case, set_licence: str | None, reason: str) -> Row:
    """Return the row of an image that could not be measured."""
    empty: dict[str, Value] = dict.fromkeys(feature.name for feature in FEATURES)
    known = empty | recorded(case, set_licence)
    return Row(case.id, case.split, "failed", " ".join(reason.split()), "not read", known)


def measure_sample(sample: Sample) -> tuple[dict[str, Value], str]:
    """Return everything measured on a photograph, and why it has no skin tone ("" where it has one)."""
    height, width = sample.size_px
    artefacts = find_artefacts(sample)
    tone = skin_tone(sample, artefacts.unusable)
    values: dict[str, Value] = {"height": float(height), "width": float(width), "aspect": width / height}
    values |= geometry(sample) | outline(sample) | colours(sample, artefacts.unusable) | artefacts.values
    values |= {"ita": tone.ita_deg, "ita_spread": tone.spread_deg}
    if tone.ita_deg is not None:
        values["tone_band"] = tone_band(tone.ita_deg)
        values["fitzpatrick_like"] = fitzpatrick_like(tone.ita_deg)
        values["monk_like"] = monk_like(tone.ita_deg)
    return {name: _finite(value) for name, value in values.items()}, tone.reason


def _finite(value: Value) -> Value:
    return None if isinstance(value, float) and not isfinite(value) else value
