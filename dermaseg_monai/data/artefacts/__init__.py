"""What spoils dermoscopy pictures, as plain functions `(rgb, rng, *, strength) -> rgb` on float32 RGB in [0, 1].

Strength 0 gives the picture back unchanged, 1 is the worst a clinic would still file. The same generator state gives
the same picture. Used by the demo set, and meant for augmentation and stress tests.
"""

from dermaseg_monai.data.artefacts.camera import blur, colour_cast, grain
from dermaseg_monai.data.artefacts.gel_bubbles import bubbles
from dermaseg_monai.data.artefacts.hairs import grow_hairs, hair, lay_hairs
from dermaseg_monai.data.artefacts.light import highlights, vignetting
from dermaseg_monai.data.artefacts.marker import ink, sticker
from dermaseg_monai.data.artefacts.rulers import ruler
from dermaseg_monai.data.artefacts.scope import dark_corners, darken_outside, scope_field
from dermaseg_monai.data.artefacts.unit_rgb import Field, UnitRgb

__all__ = [
    "Field",
    "UnitRgb",
    "blur",
    "bubbles",
    "colour_cast",
    "dark_corners",
    "darken_outside",
    "grain",
    "grow_hairs",
    "hair",
    "highlights",
    "ink",
    "lay_hairs",
    "ruler",
    "scope_field",
    "sticker",
    "vignetting",
]
