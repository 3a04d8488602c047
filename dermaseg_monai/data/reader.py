"""MONAI image readers around the one reader of the project: rows before columns, upright, uint8."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from monai.config.type_definitions import PathLike as MonaiPath
from monai.data.image_reader import ImageReader
from monai.data.utils import is_supported_format
from monai.utils.enums import MetaKeys

from dermaseg_monai.images import IMAGE_SUFFIXES, Picture, is_volume, read_image, read_mask

_SUFFIXES = tuple(suffix.removeprefix(".") for suffix in IMAGE_SUFFIXES)


class _PathReader(ImageReader):
    """Hands the path on and decodes in `get_data`.

    LoadImage tries MONAI's own readers when `read` fails; they would give a damaged or refused file another chance, and
    a transposed picture. What `get_data` raises ends the loading instead.
    """

    def verify_suffix(self, filename: Sequence[MonaiPath] | MonaiPath) -> bool:
        """Say whether the file name is one that can be read."""
        return is_supported_format(filename, _SUFFIXES)

    def read(self, data: Sequence[MonaiPath] | MonaiPath, **_: Any) -> Path:  # noqa: ANN401 (MONAI's signature)
        """Return the path.

        Raises:
            ValueError: several paths; a sample has one file per key.
        """
        if isinstance(data, (str, PathLike)):
            return Path(data)
        if len(data) != 1:
            raise ValueError(f"One file per key was expected, got {len(data)}: {list(data)}.")
        return Path(data[0])


class LesionReader(_PathReader):
    """Reads images for LoadImaged: uint8 (h, w, 3) of a photograph, float32 (x, y, z) of a NIfTI volume.

    Give `"dtype": null` to LoadImaged, which otherwise turns uint8 into float32. Labels have MaskReader.
    """

    def get_data(self, img: Path) -> tuple[np.ndarray, dict[str, Any]]:
        """Return pixels and metadata. Raises: ImageError."""
        picture = read_image(img)
        if is_volume(img):
            return picture.pixels, _volume_meta(picture)
        return picture.pixels, _meta(picture.pixels.shape[:2], channel_dim=-1)


class MaskReader(_PathReader):
    """Reads labels for LoadImaged: uint8 of 0 (skin) and 1 (lesion), (h, w) or (x, y, z); refuses masks with grey."""

    def get_data(self, img: Path) -> tuple[np.ndarray, dict[str, Any]]:
        """Return the mask and metadata. Raises: ImageError."""
        mask = read_mask(img).astype(np.uint8)
        return mask, _volume_meta(read_image(img)) if is_volume(img) else _meta(mask.shape, channel_dim="no_channel")


def _meta(shape: tuple[int, ...], *, channel_dim: int | str) -> dict[str, Any]:
    return {MetaKeys.SPATIAL_SHAPE: np.array(shape), MetaKeys.ORIGINAL_CHANNEL_DIM: channel_dim}


def _volume_meta(picture: Picture) -> dict[str, Any]:
    place = {MetaKeys.AFFINE: picture.affine, MetaKeys.ORIGINAL_AFFINE: picture.affine}
    return {**_meta(picture.pixels.shape, channel_dim="no_channel"), **place, "spacing_mm": picture.spacing_mm}
