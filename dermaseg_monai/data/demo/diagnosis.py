"""How lesions of each diagnosis tend to look: ranges and odds from which one lesion is drawn."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

DiagnosisName: TypeAlias = Literal[
    "nevus",
    "melanoma",
    "seborrheic keratosis",
    "basal cell carcinoma",
    "dermatofibroma",
    "vascular lesion",
]
Range: TypeAlias = tuple[float, float]


@dataclass(frozen=True)
class Diagnosis:
    """Ranges (low, high) and probabilities.

    Sizes are parts of the picture's shorter side; pigment and blood are optical densities; `falloff_px` is the width
    over which the pigment fades at the border of a picture 192 px high.
    """

    share: float
    age: Range
    radius: Range
    jaggedness: Range
    falloff_px: Range
    pigment: Range
    blood: Range
    unevenness: Range
    network: float = 0.0
    globules: float = 0.0
    streaks: float = 0.0
    blotches: float = 0.0
    veil: float = 0.0
    regression: float = 0.0
    satellites: float = 0.0
    milia: float = 0.0
    white_centre: float = 0.0
    vessels: float = 0.0
    nests: float = 0.0
    lacunae: float = 0.0


DIAGNOSES: dict[DiagnosisName, Diagnosis] = {
    "nevus": Diagnosis(
        share=0.46,
        age=(12.0, 62.0),
        radius=(0.13, 0.30),
        jaggedness=(0.03, 0.10),
        falloff_px=(5.0, 13.0),
        pigment=(0.65, 1.7),
        blood=(0.0, 0.25),
        unevenness=(0.10, 0.30),
        network=0.6,
        globules=0.45,
        blotches=0.25,
        satellites=0.06,
    ),
    "melanoma": Diagnosis(
        share=0.22,
        age=(32.0, 88.0),
        radius=(0.20, 0.40),
        jaggedness=(0.10, 0.20),
        falloff_px=(3.0, 9.0),
        pigment=(1.1, 2.6),
        blood=(0.05, 0.4),
        unevenness=(0.35, 0.65),
        network=0.55,
        globules=0.55,
        streaks=0.45,
        blotches=0.75,
        veil=0.6,
        regression=0.45,
        satellites=0.35,
    ),
    "seborrheic keratosis": Diagnosis(
        share=0.13,
        age=(40.0, 88.0),
        radius=(0.16, 0.34),
        jaggedness=(0.05, 0.13),
        falloff_px=(2.0, 5.0),
        pigment=(0.5, 1.6),
        blood=(0.0, 0.15),
        unevenness=(0.25, 0.45),
        milia=0.9,
        satellites=0.08,
    ),
    "basal cell carcinoma": Diagnosis(
        share=0.09,
        age=(45.0, 90.0),
        radius=(0.14, 0.28),
        jaggedness=(0.05, 0.12),
        falloff_px=(4.0, 9.0),
        pigment=(0.12, 0.45),
        blood=(0.45, 0.9),
        unevenness=(0.25, 0.45),
        vessels=0.95,
        nests=0.7,
        regression=0.25,
    ),
    "dermatofibroma": Diagnosis(
        share=0.05,
        age=(22.0, 65.0),
        radius=(0.13, 0.23),
        jaggedness=(0.03, 0.07),
        falloff_px=(7.0, 14.0),
        pigment=(0.55, 1.0),
        blood=(0.1, 0.35),
        unevenness=(0.08, 0.2),
        network=0.7,
        white_centre=0.95,
    ),
    "vascular lesion": Diagnosis(
        share=0.05,
        age=(18.0, 80.0),
        radius=(0.10, 0.22),
        jaggedness=(0.03, 0.08),
        falloff_px=(2.0, 5.0),
        pigment=(0.05, 0.3),
        blood=(1.4, 2.8),
        unevenness=(0.25, 0.5),
        lacunae=0.95,
    ),
}
