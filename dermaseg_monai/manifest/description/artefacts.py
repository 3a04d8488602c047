"""What lies in the way, estimated from the pixels: hair, ruler, bubbles, reflections, dark corners, ink, patches."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from dermaseg_monai.manifest.description.beside import dark_corners, foreign_colour, reflections
from dermaseg_monai.manifest.description.bubbles import count_bubbles
from dermaseg_monai.manifest.description.filters import Grid, widened
from dermaseg_monai.manifest.description.hair import dark_lines, hair_mask
from dermaseg_monai.manifest.description.ruler import RULER_FROM, find_ruler
from dermaseg_monai.manifest.description.sample import Sample

_RIM_PX: Final = 6
_HAIR_RIM_PX: Final = 2
_EVERYWHERE: Final = 0.98


@dataclass(frozen=True)
class Artefacts:
    """Estimates by name, and the pixels that show neither skin nor lesion as they are."""

    values: dict[str, float | None]
    unusable: Grid


def find_artefacts(sample: Sample) -> Artefacts:
    """Estimate every artefact; shares are of the picture beside the lesion, but for corners: of the whole picture.

    None where the lesion leaves less than 2 % of the picture beside it.
    """
    beside = sample.beside
    dark = dark_corners(sample)
    corners = widened(dark, _RIM_PX)
    glints = reflections(sample)
    depth = dark_lines(sample) * ~corners
    ruler = find_ruler(depth, beside)
    scale = ruler.zone if ruler.score > RULER_FROM else np.zeros_like(beside)
    hair = hair_mask(depth) & ~scale
    ink, patches = foreign_colour(sample, corners)
    hair &= ~ink & ~patches
    thick_hair = widened(hair, _HAIR_RIM_PX)
    foreign = widened(ink | patches, _HAIR_RIM_PX)
    bubbles = count_bubbles(sample, foreign | scale | corners | hair)
    room = int(np.count_nonzero(beside))

    def share(found: Grid) -> float:
        return float(np.count_nonzero(found & beside)) / room

    values: dict[str, float | None] = dict.fromkeys(NAMES)
    values["dark_corners"] = float(dark.mean())
    if room > (1 - _EVERYWHERE) * beside.size:
        values |= {
            "hair": share(hair),
            "ruler": ruler.score,
            "bubbles": float(bubbles),
            "reflections": share(glints),
            "ink": share(ink),
            "patches": share(patches),
        }
    return Artefacts(values, thick_hair | glints | corners | foreign | scale)


NAMES: Final = ("hair", "ruler", "bubbles", "reflections", "dark_corners", "ink", "patches")
