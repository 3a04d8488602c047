"""The colour of the light taken out of a picture, so that white things are white."""

from typing import Final

import numpy as np
from jaxtyping import Float32

from dermaseg_monai.arrays import RgbImage

_ORDER: Final = 6
_WHITE: Final = 255


def shades_of_grey(image: RgbImage) -> RgbImage:
    """Divide each channel by the colour of the light, taken as its Minkowski mean of order 6; brightness stays.

    light_c = mean(I_c^6)^(1/6), gain_c = (|light| / sqrt(3)) / light_c, cut at 255. Order 1 is the grey world, infinity
    the brightest pixel. A black picture stays as it is. Source: Finlayson and Trezzi 2004 (Color Imaging Conference);
    dermoscopy with order 6: Barata et al. 2015, doi:10.1109/JBHI.2014.2336473. Applied to displayed values.
    """
    gain = gains(image)
    return np.minimum(np.rint(image * gain), _WHITE).astype(np.uint8)


def gains(image: RgbImage) -> Float32[np.ndarray, "3"]:
    """Return the factor of each channel that `shades_of_grey` applies; 1 where there is no light."""
    light = np.mean((image.astype(np.float64) / _WHITE) ** _ORDER, axis=(0, 1)) ** (1 / _ORDER)
    if light.min() <= 0:
        return np.ones(3, np.float32)
    return (np.linalg.norm(light) / np.sqrt(3) / light).astype(np.float32)
