"""Flips and quarter turns of a picture, done on its fingerprint."""

from typing import Final

import numpy as np

from dermaseg_monai.manifest.duplicates.fingerprint import SIDE, Words, pack, unpack

TURNS: Final = (
    "as it is",
    "mirrored left to right",
    "mirrored top to bottom",
    "turned by 180 degrees",
    "mirrored along the diagonal",
    "turned by 90 degrees",
    "turned by 270 degrees",
    "mirrored along the other diagonal",
)
"""What was done to a picture, in the order of `turned`."""


def turned(words: Words) -> list[Words]:
    """Return the fingerprints of the eight flips and turns of pictures, from theirs.

    A mirror image changes the sign of every odd frequency along its axis; a transposed one swaps the axes.
    """
    bits = unpack(words)
    across = np.broadcast_to(np.arange(SIDE) % 2 == 1, (SIDE, SIDE))
    found: list[Words] = []
    for upright in (bits, bits.transpose(0, 2, 1)):
        for down in (False, True):
            flips = across.T & down
            found += [pack(upright ^ flips), pack(upright ^ flips ^ across)]
    return found
