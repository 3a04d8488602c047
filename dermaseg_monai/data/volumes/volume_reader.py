"""Two simulated readers, who outline the same lesion each in their own way."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool
from scipy import ndimage

from dermaseg_monai.data.volumes.scan_place import ScanPlace
from dermaseg_monai.data.volumes.skin_volume import smooth_field


@dataclass(frozen=True)
class VolumeReader:
    """One reader's habits: how far outside the true border the outline runs (negative: inside), and its wobble."""

    name: str
    tool: str
    skill: str
    margin_mm: float
    wobble_mm: float
    wobble_cell_mm: float

    def outline(
        self, lesion: Bool[np.ndarray, "x y z"], place: ScanPlace, rng: np.random.Generator
    ) -> Bool[np.ndarray, "x y z"]:
        """Return this reader's mask; the true one where nothing would be left."""
        inside = ndimage.distance_transform_edt(lesion, sampling=place.spacing_mm)
        outside = ndimage.distance_transform_edt(~lesion, sampling=place.spacing_mm)
        signed_mm = np.asarray(inside) - np.asarray(outside)
        mask = signed_mm + self.margin_mm + self.wobble_mm * smooth_field(place, self.wobble_cell_mm, rng) > 0
        return mask if mask.any() else lesion


VOLUME_READERS = (
    VolumeReader("tight", "slices", "expert", margin_mm=-0.12, wobble_mm=0.05, wobble_cell_mm=0.5),
    VolumeReader("loose", "brush", "novice", margin_mm=0.10, wobble_mm=0.07, wobble_cell_mm=0.4),
)
