"""The one reader and writer of pixels: NumPy, Pillow and nibabel, no torch."""

from dermaseg_monai.images.colours import to_displayed, to_lab, to_linear
from dermaseg_monai.images.masks import read_mask, read_probability
from dermaseg_monai.images.outlines import PREDICTION_RGB, REFERENCE_RGB, draw_outline, outline, overlay
from dermaseg_monai.images.picture import (
    IMAGE_SUFFIXES,
    JPEG_SUFFIXES,
    MAX_PIXELS,
    MAX_VOXELS,
    PHOTOGRAPH_SUFFIXES,
    UNREAD_SUFFIXES,
    VOLUME_SUFFIXES,
    Picture,
)
from dermaseg_monai.images.placement import place_difference, require_same_place, spacing_of
from dermaseg_monai.images.planes import (
    PLANES,
    UPRIGHT,
    beside,
    best_resolved_plane,
    cut,
    join,
    plane_axis,
    require_cut,
    upright,
    upright_spacing,
)
from dermaseg_monai.images.reader_palette import CONSENSUS_RGB, READER_RGB, Rgb, hex_of, reader_colours
from dermaseg_monai.images.reading import measure, read_image, read_small
from dermaseg_monai.images.slices import Slice, grey_slice, slices_to_show
from dermaseg_monai.images.typology_angle import fitzpatrick_like, ita_deg, tone_band
from dermaseg_monai.images.volumes import is_volume, volume_affine, volume_texts, write_volume
from dermaseg_monai.images.writing import write_mask, write_probability, write_rgb

__all__ = [
    "CONSENSUS_RGB",
    "IMAGE_SUFFIXES",
    "JPEG_SUFFIXES",
    "MAX_PIXELS",
    "MAX_VOXELS",
    "PHOTOGRAPH_SUFFIXES",
    "PLANES",
    "PREDICTION_RGB",
    "READER_RGB",
    "REFERENCE_RGB",
    "UNREAD_SUFFIXES",
    "UPRIGHT",
    "VOLUME_SUFFIXES",
    "Picture",
    "Rgb",
    "Slice",
    "beside",
    "best_resolved_plane",
    "cut",
    "draw_outline",
    "fitzpatrick_like",
    "grey_slice",
    "hex_of",
    "is_volume",
    "ita_deg",
    "join",
    "measure",
    "outline",
    "overlay",
    "place_difference",
    "plane_axis",
    "read_image",
    "read_mask",
    "read_probability",
    "read_small",
    "reader_colours",
    "require_cut",
    "require_same_place",
    "slices_to_show",
    "spacing_of",
    "to_displayed",
    "to_lab",
    "to_linear",
    "tone_band",
    "upright",
    "upright_spacing",
    "volume_affine",
    "volume_texts",
    "write_mask",
    "write_probability",
    "write_rgb",
    "write_volume",
]
