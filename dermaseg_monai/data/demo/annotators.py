"""Three simulated annotators, who outline the same lesion each in their own way."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from dermaseg_monai.arrays import BoolMask
from dermaseg_monai.data.artefacts.noise import smooth_noise
from dermaseg_monai.data.artefacts.unit_rgb import Field, length_scale

_HAIR_SEEN = 0.3
_HAIR_REACH_PX = 9


@dataclass(frozen=True)
class Annotator:
    """One annotator's habits, in pixels of a picture 192 px high.

    `margin_px` is how far outside the true border the outline runs (negative: inside), `wobble_px` by how much that
    varies along it, `wobble_cell_px` over which length, `rounding_px` how much of fine detail is smoothed away.
    """

    name: str
    tool: str
    skill: str
    margin_px: float
    wobble_px: float
    wobble_cell_px: float
    rounding_px: float
    misses_satellites: float = 0.0
    includes_hair: float = 0.0

    def outline(self, whole_px: Field, main_px: Field, hair_cover: Field, rng: np.random.Generator) -> BoolMask:
        """Return this annotator's mask, given the signed distances of the lesion with and without its satellites."""
        scale = length_scale(whole_px.shape)
        misses, includes = rng.random() < self.misses_satellites, rng.random() < self.includes_hair
        lean_px = rng.normal(0, 0.35 * self.wobble_px)
        true_px = main_px if misses else whole_px
        seen_px = ndimage.gaussian_filter(true_px, self.rounding_px * scale)
        wobble = smooth_noise((true_px.shape[0], true_px.shape[1]), self.wobble_cell_px * scale, rng)
        mask = seen_px + scale * (self.margin_px + lean_px + self.wobble_px * wobble) > 0
        if includes:
            mask = _grown_along(mask, (hair_cover > _HAIR_SEEN) & (seen_px > -_HAIR_REACH_PX * scale))
        return mask if mask.any() else true_px > 0


ANNOTATORS = (
    Annotator(
        name="tight",
        tool="polygon",
        skill="expert",
        margin_px=-1.8,
        wobble_px=0.7,
        wobble_cell_px=16.0,
        rounding_px=0.8,
    ),
    Annotator(
        name="loose", tool="brush", skill="expert", margin_px=3.2, wobble_px=0.9, wobble_cell_px=26.0, rounding_px=2.2
    ),
    Annotator(
        name="noisy",
        tool="polygon",
        skill="novice",
        margin_px=0.5,
        wobble_px=2.6,
        wobble_cell_px=11.0,
        rounding_px=1.2,
        misses_satellites=0.6,
        includes_hair=0.4,
    ),
)
"""A tight, a loose and a noisy hand; the noisy one sometimes misses satellites or takes hair for lesion."""


def _grown_along(mask: BoolMask, hairs: BoolMask) -> BoolMask:
    """Add the hairs that leave the mask, not those that only pass near it."""
    parts = np.empty(mask.shape, np.int32)
    ndimage.label(mask | hairs, output=parts)
    touched = np.unique(parts[mask])
    return np.isin(parts, touched[touched > 0])
