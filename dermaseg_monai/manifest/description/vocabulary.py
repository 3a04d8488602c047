"""What tables call the same thing in different words."""

from collections.abc import Mapping
from typing import Final

from dermaseg_monai.manifest.case import Attribute, Case

_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "diagnosis": ("diagnosis", "dx", "diagnosis_3", "diagnosis_1", "clinical_diagnosis"),
    "age": ("age", "age_approx", "age_approximate"),
    "sex": ("sex", "gender"),
    "site": ("site", "localization", "anatom_site_general", "anatom_site_general_challenge", "anatomic_site"),
    "device": ("device", "dermoscopic_type", "image_type", "camera"),
    "source": ("source", "dataset", "institution", "attribution"),
}
_UNKNOWN: Final = frozenset({"", "unknown", "nan", "none", "n/a", "na", "not recorded"})
_DIAGNOSES: Final = {
    "nv": "nevus",
    "naevus": "nevus",
    "mel": "melanoma",
    "melanoma in situ": "melanoma",
    "melanoma invasive": "melanoma",
    "melanoma, nos": "melanoma",
    "bcc": "basal cell carcinoma",
    "akiec": "actinic keratosis or Bowen",
    "bkl": "benign keratosis",
    "seborrheic keratosis": "benign keratosis",
    "solar lentigo": "benign keratosis",
    "df": "dermatofibroma",
    "vasc": "vascular lesion",
}
_REGIONS: Final = {
    **dict.fromkeys(
        ("back", "chest", "abdomen", "trunk", "anterior torso", "posterior torso", "lateral torso", "genital torso"),
        "torso",
    ),
    **dict.fromkeys(("face", "neck", "scalp", "ear", "head", "head/neck"), "head and neck"),
    **dict.fromkeys(("upper extremity", "upper arm", "forearm", "arm", "hand"), "arm"),
    **dict.fromkeys(("lower extremity", "thigh", "lower leg", "leg", "foot"), "leg"),
    **dict.fromkeys(("palms/soles", "acral"), "palms and soles"),
    **dict.fromkeys(("oral/genital", "genital"), "oral or genital"),
}
_SEXES: Final = {"m": "male", "f": "female"}


def recorded(case: Case, set_licence: str | None) -> dict[str, float | str | None]:
    """Return diagnosis, age, sex, site, device, source and licence in one vocabulary; None where nothing is recorded.

    Words that are in no list stay as they are, in lower case but for source, device and licence.
    """
    found = {name: _first(case.attributes, columns) for name, columns in _COLUMNS.items()}
    return {
        "diagnosis": _translated(found["diagnosis"], _DIAGNOSES),
        "age": _years(found["age"]),
        "sex": _translated(found["sex"], _SEXES),
        "site": _translated(found["site"], _REGIONS),
        "device": _text(found["device"]),
        "source": _text(found["source"]) or case.attribution,
        "licence": case.licence or set_licence,
    }


def _first(attributes: Mapping[str, Attribute], columns: tuple[str, ...]) -> Attribute:
    return next((attributes[column] for column in columns if _text(attributes.get(column)) is not None), None)


def _text(value: Attribute) -> str | None:
    text = "" if value is None else str(value).strip()
    return None if text.lower() in _UNKNOWN else text


def _translated(value: Attribute, words: Mapping[str, str]) -> str | None:
    text = _text(value)
    return None if text is None else words.get(text.lower(), text.lower())


def _years(value: Attribute) -> float | None:
    try:
        years = float(value) if value is not None else -1.0
    except ValueError:
        return None
    return years if 0 <= years <= 130 else None  # noqa: PLR2004 (nobody was older)
