"""Lossy storage: JPEG blocks, ringing and smeared colour."""

import io

import numpy as np
from PIL import Image

from dermaseg_monai.data.artefacts.unit_rgb import UnitRgb


def jpeg(rgb: UnitRgb, *, quality: int) -> UnitRgb:
    """Store as JPEG (libjpeg's quality, 1 to 100; colour at half resolution) and read again."""
    stored = io.BytesIO()
    pixels = np.rint(np.clip(rgb, 0, 1) * np.float32(255)).astype(np.uint8)
    Image.fromarray(pixels).save(stored, "JPEG", quality=quality, subsampling="4:2:0")
    return np.asarray(Image.open(stored), np.float32) / np.float32(255)
