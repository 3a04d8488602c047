"""What is known or measured of an image: names, units, and how each was found."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Group: TypeAlias = Literal["Recorded", "Picture", "Lesion", "Contrast and colour", "Skin tone", "Artefacts, estimated"]
Kind: TypeAlias = Literal["number", "category"]


@dataclass(frozen=True)
class Feature:
    """One column: `unit` is "" for words and shares, `about` says in one or two sentences how it is found."""

    name: str
    title: str
    unit: str
    kind: Kind
    group: Group
    about: str


def _words(name: str, title: str, about: str, group: Group = "Recorded") -> Feature:
    return Feature(name, title, "", "category", group, about)


def _number(name: str, title: str, unit: str, group: Group, about: str) -> Feature:
    return Feature(name, title, unit, "number", group, about)


_MASKED = "Beside the lesion only. "

FEATURES: Final[tuple[Feature, ...]] = (
    _words("diagnosis", "Diagnosis", "As recorded, brought to one vocabulary (nv and Nevus are both nevus)."),
    _number("age", "Age", "years", "Recorded", "As recorded; often rounded to five years."),
    _words("sex", "Sex", "As recorded."),
    _words("site", "Site", "As recorded, brought to body regions (back, chest and abdomen are torso)."),
    _words("device", "Device", "As recorded in a column such as device or dermoscopic_type."),
    _words(
        "source", "Source", "As recorded in a column such as source or dataset, else whom the image is credited to."
    ),
    _words("licence", "Licence", "Of the image, else of the whole set."),
    _number("height", "Height", "px", "Picture", "Rows of the original picture."),
    _number("width", "Width", "px", "Picture", "Columns of the original picture."),
    _number("aspect", "Width over height", "", "Picture", "Of the original picture."),
    _number("picture_l", "Brightness L*", "", "Picture", "Mean L* of the picture, 0 black to 100 white."),
    _number("picture_a", "Red cast a*", "", "Picture", "Mean a* of the picture, higher is redder."),
    _number("picture_b", "Yellow cast b*", "", "Picture", "Mean b* of the picture, higher is yellower."),
    _number("lesion_area", "Lesion area", "of the picture", "Lesion", "Pixels of the mask over those of the picture."),
    _number(
        "lesion_diameter", "Lesion diameter", "of the short side", "Lesion", "Of the disc with the area of the mask."
    ),
    _number("lesion_x", "Lesion from the left", "of the width", "Lesion", "Centre of mass of the mask."),
    _number("lesion_y", "Lesion from the top", "of the height", "Lesion", "Centre of mass of the mask."),
    _number(
        "lesion_offset",
        "Lesion off centre",
        "of half the diagonal",
        "Lesion",
        "Centre of mass to middle of the picture.",
    ),
    _number("border_contact", "Border contact", "of the edge", "Lesion", "Share of the picture's edge that is lesion."),
    _number("lesion_parts", "Lesion parts", "", "Lesion", "Connected parts larger than 0.05 % of the picture."),
    _number("lesion_holes", "Lesion holes", "", "Lesion", "Patches of skin that the mask encloses."),
    _number(
        "outline_roughness",
        "Outline roughness",
        "% of the short side",
        "Lesion",
        "How far the outline moves when it is smoothed over 1 % of the short side; not of lesions below 1 % of the "
        "picture. Lines set by hand are smooth, what a program filled or found is ragged: where two sides of a split "
        "differ, other tools may have made their masks. Small pictures raise it too.",
    ),
    _number(
        "contrast",
        "Contrast to the skin",
        "ΔE",
        "Contrast and colour",
        "CIE76 difference between the median colours of the lesion and of a ring 2 to 12 % of the short side away, "
        "without hair, reflections, corners, ink, patches and rulers.",
    ),
    _number("contrast_l", "Lightness contrast", "L*", "Contrast and colour", "L* of that ring minus L* of the lesion."),
    _number("lesion_l", "Lesion L*", "", "Contrast and colour", "Median inside the mask."),
    _number("lesion_a", "Lesion a*", "", "Contrast and colour", "Median inside the mask."),
    _number("lesion_b", "Lesion b*", "", "Contrast and colour", "Median inside the mask."),
    _number(
        "colour_variety",
        "Colour variety",
        "ΔE",
        "Contrast and colour",
        "Median distance of the lesion's pixels from its median colour.",
    ),
    _number(
        "ita",
        "Skin tone (ITA)",
        "degrees",
        "Skin tone",
        "atan2(L* − 50, b*) of the median colour of clean skin, higher is lighter. Unavailable without a mask, with "
        "less than 0.5 % (or 256 px) of clean skin, or where the skin is not yellowish (b* below 2: a colour cast). "
        "Light, exposure and white balance shift it by ten degrees and more: it shows for which pictures a model was "
        "not tested (robustness), not whom it serves (demographic fairness).",
    ),
    _number(
        "ita_spread",
        "Spread of ITA",
        "degrees",
        "Skin tone",
        "Range of the middle half of the skin's pixels; a wide one means uneven light or mottled skin.",
    ),
    _words(
        "tone_band",
        "ITA band",
        "very light > 55 > light > 41 > intermediate > 28 > tan > 10 > brown > −30 > dark.",
        "Skin tone",
    ),
    _words(
        "fitzpatrick_like",
        "Fitzpatrick-like",
        "The type usually paired with the ITA band. A Fitzpatrick type proper is asked, not measured.",
        "Skin tone",
    ),
    _words(
        "monk_like",
        "Monk-like",
        "The swatch of the Monk scale with the nearest angle. The scale proper is matched by eye.",
        "Skin tone",
    ),
    _number(
        "hair",
        "Hair",
        "of the skin",
        "Artefacts, estimated",
        _MASKED + "Dark lines up to 3.5 % of the short side wide that run straight for 9 % of it. Light hair is "
        "missed; straight vessels count. Found on drawings: AUC 0.97.",
    ),
    _number(
        "ruler",
        "Ruler score",
        "",
        "Artefacts, estimated",
        _MASKED + "Regularity of dark marks along the most regular line within 12 degrees of level or upright; above "
        "0.13 nearly always a ruler, below it faint, short or steep rulers are missed. Found on drawings: AUC 0.94.",
    ),
    _number(
        "bubbles",
        "Bubbles",
        "rings",
        "Artefacts, estimated",
        _MASKED
        + "Closed rings, dark outside and bright inside, 1 to 5 % of the short side in radius. Crusts and round "
        "reflections count. Found on drawings: AUC 0.92.",
    ),
    _number(
        "reflections",
        "Reflections",
        "of the skin",
        "Artefacts, estimated",
        _MASKED
        + "White pixels (brightest channel 248 or more, channels within 22) and small bright spots. White paper "
        "and overexposed skin count. Found on drawings: AUC 0.79, the weakest of these estimates.",
    ),
    _number(
        "dark_corners",
        "Dark corners",
        "of the picture",
        "Artefacts, estimated",
        "Regions darker than 35 % of the median brightness that hold a corner of the picture and are no lesion. "
        "Found on drawings: AUC 1.00.",
    ),
    _number(
        "ink",
        "Marker ink",
        "of the skin",
        "Artefacts, estimated",
        _MASKED + "Blue, violet or green regions, relative to the skin's own colour, narrower than 6 % of the short "
        "side. Bluish vessels and veils count. Found on drawings: AUC 0.92.",
    ),
    _number(
        "patches",
        "Coloured patches",
        "of the skin",
        "Artefacts, estimated",
        _MASKED
        + "Regions of a colour that skin does not have, wider than 6 % of the short side: stickers, drapes, paper "
        "rulers, broad ink. Found on drawings: AUC 0.93 for stickers (paper tapes found as well count as wrong).",
    ),
)
"""All columns in the order of the table; the AUCs were measured on 240 images of the demo set."""

NUMBERS: Final = tuple(feature for feature in FEATURES if feature.kind == "number")
CATEGORIES: Final = tuple(feature for feature in FEATURES if feature.kind == "category")
