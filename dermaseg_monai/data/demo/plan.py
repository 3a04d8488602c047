"""Who is photographed, how and with what in the way: decided for the whole set before anything is drawn."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from dermaseg_monai.data.demo.diagnosis import DIAGNOSES, DiagnosisName
from dermaseg_monai.data.demo.skin import ITA_RANGE_DEG

DemoSplit: TypeAlias = Literal["train", "val", "test"]
ArtefactName: TypeAlias = Literal[
    "hair",
    "ruler",
    "bubbles",
    "dark_corners",
    "ink",
    "sticker",
    "highlights",
    "blur",
    "vignetting",
    "colour_cast",
]

FEWEST_PHOTOGRAPHS = 3
"""One for each split."""

_SHARES: dict[ArtefactName, float] = {  # of the photographs of a split
    "hair": 0.45,
    "ruler": 0.22,
    "bubbles": 0.20,
    "dark_corners": 0.22,
    "ink": 0.08,
    "sticker": 0.05,
    "highlights": 0.18,
    "blur": 0.25,
    "vignetting": 0.45,
    "colour_cast": 0.60,
}
_BORDER_SHARE = 0.2
_HELD_OUT_SHARE = 0.15
_SIZES_PX = ((192, 256), (256, 192), (224, 224), (384, 512))
_SIZE_ODDS = (0.72, 0.12, 0.11, 0.05)
_DEVICES = ("contact, non-polarised", "contact, polarised", "non-contact, polarised", "phone adapter")
_SITES = ("back", "chest", "abdomen", "upper arm", "forearm", "thigh", "lower leg", "neck", "face", "scalp")


@dataclass(frozen=True)
class Person:
    """One patient."""

    patient_id: str
    age: int
    sex: str
    ita_deg: float


@dataclass(frozen=True)
class Shot:
    """One photograph to be drawn; `lesion_number` and `number` seed its lesion and its circumstances."""

    number: int
    take: int
    person: Person
    lesion_number: int
    diagnosis: DiagnosisName
    site: str
    split: DemoSplit
    device: str
    size_px: tuple[int, int]
    at_border: bool
    artefacts: dict[ArtefactName, float]

    def strength(self, name: ArtefactName) -> float:
        """Return how strong an artefact is, 0 where it is absent."""
        return self.artefacts.get(name, 0.0)


def plan_set(n: int, seed: int) -> tuple[Shot, ...]:
    """Plan `n` photographs: about 70/15/15 by patient, every split with its share of artefacts, tones and borders.

    Raises:
        ValueError: `n` is below 3, or the seed is negative.
    """
    if n < FEWEST_PHOTOGRAPHS:
        raise ValueError(f"n is {n}; a demo set needs at least {FEWEST_PHOTOGRAPHS} images, one for each split.")
    if seed < 0:
        raise ValueError(f"seed is {seed}; it must be 0 or more.")
    rng = np.random.default_rng([seed, 0])
    held_out = max(1, round(_HELD_OUT_SHARE * n))
    sizes: dict[DemoSplit, int] = {"train": n - 2 * held_out, "val": held_out, "test": held_out}
    shots: list[Shot] = []
    people = lesions = 0
    for split, count in sizes.items():
        groups = _visits(count, rng)
        tones = _spread(len(groups), rng) * (ITA_RANGE_DEG[1] - ITA_RANGE_DEG[0]) + ITA_RANGE_DEG[0]
        kinds = _diagnoses(sum(len(group) for group in groups), rng)
        way = _circumstances(count, rng)
        for group, tone in zip(groups, tones, strict=True):
            first = DIAGNOSES[kinds[0]]
            person = Person(
                f"P{people:04d}",
                int(rng.uniform(*first.age)),
                str(rng.choice(["female", "male"])),
                round(float(tone), 1),
            )
            people += 1
            for takes in group:
                kind, site = kinds.pop(0), str(rng.choice(_SITES))
                for take in range(takes):
                    size_px, at_border, artefacts = way.pop(0)
                    shots.append(
                        Shot(
                            number=len(shots),
                            take=take,
                            person=person,
                            lesion_number=lesions,
                            diagnosis=kind,
                            site=site,
                            split=split,
                            device=str(rng.choice(_DEVICES)),
                            size_px=size_px,
                            at_border=at_border,
                            artefacts=artefacts,
                        )
                    )
                lesions += 1
    return tuple(shots)


def _visits(count: int, rng: np.random.Generator) -> list[list[int]]:
    """Return one list per patient: how often each of the patient's lesions is photographed; `count` in all."""
    groups: list[list[int]] = []
    left = count
    while left:
        group: list[int] = []
        for _ in range(2 if rng.random() < 0.12 else 1):  # noqa: PLR2004
            takes = min(left, 2 if rng.random() < 0.12 else 1)  # noqa: PLR2004
            if takes:
                group.append(takes)
                left -= takes
        groups.append(group)
    return groups


def _spread(count: int, rng: np.random.Generator) -> np.ndarray:
    """Return numbers that fill [0, 1] evenly, in random order."""
    return rng.permutation((np.arange(count) + rng.random(count)) / count)


def _diagnoses(count: int, rng: np.random.Generator) -> list[DiagnosisName]:
    """Return diagnoses in their shares, as exactly as `count` allows, in random order."""
    names = list(DIAGNOSES)
    ends = np.cumsum([DIAGNOSES[name].share for name in names])
    return [names[int(np.searchsorted(ends, at * ends[-1]).clip(0, len(names) - 1))] for at in _spread(count, rng)]


def _circumstances(
    count: int, rng: np.random.Generator
) -> list[tuple[tuple[int, int], bool, dict[ArtefactName, float]]]:
    """Return size, border contact and artefact strengths per photograph; every artefact in its exact share."""
    present = {name: _chosen(count, share, rng) for name, share in _SHARES.items()}
    strengths = {name: rng.uniform(0.15, 1.0, count) ** (1.6 if name == "hair" else 1) for name in _SHARES}
    at_border = _chosen(count, _BORDER_SHARE, rng)
    sizes = [_SIZES_PX[int(i)] for i in rng.choice(len(_SIZES_PX), size=count, p=_SIZE_ODDS)]
    return [
        (
            sizes[i],
            bool(at_border[i]),
            {name: round(float(strengths[name][i]), 2) for name in _SHARES if present[name][i]},
        )
        for i in range(count)
    ]


def _chosen(count: int, share: float, rng: np.random.Generator) -> np.ndarray:
    return rng.permutation(count) < max(1, round(share * count))
