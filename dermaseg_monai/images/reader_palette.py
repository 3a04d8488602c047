"""The colours of readers: one for each person of a study, on every picture of it."""

from collections.abc import Iterable
from typing import Final, TypeAlias

from dermaseg_monai.images.outlines import REFERENCE_RGB

Rgb: TypeAlias = tuple[int, int, int]

READER_RGB: Final[tuple[Rgb, ...]] = (
    (160, 240, 128), (138, 43, 255), (208, 16, 64), (42, 163, 134), (201, 133, 0), (51, 104, 140),
)  # fmt: skip
"""Light green, violet, crimson, teal, ochre and slate: apart from each other, from the cyan of references, the yellow
of predictions, the pink of marked regions and the white of a consensus, also for colour-blind eyes."""

CONSENSUS_RGB: Final[Rgb] = (255, 255, 255)
"""White: what most readers say, which is nobody's own."""

REFERENCE: Final = "reference"
"""Who drew the reference where nobody is named."""


def reader_colours(names: Iterable[str]) -> dict[str, Rgb]:
    """Return the colour of every reader of a study, given all of their names; a seventh has that of the first again.

    They follow the alphabet, so pictures of one study agree whichever of its cases they show. A reference that counts
    as a reader keeps its cyan.
    """
    everybody = set(names)
    people = sorted(everybody - {REFERENCE})
    found: dict[str, Rgb] = {name: READER_RGB[at % len(READER_RGB)] for at, name in enumerate(people)}
    if REFERENCE in everybody:
        found[REFERENCE] = REFERENCE_RGB
    return found


def hex_of(rgb: Rgb) -> str:
    """Return a colour as HTML and matplotlib take it: `#00d5ff`."""
    return "#{:02x}{:02x}{:02x}".format(*rgb)
