"""Label Studio's brush masks: a picture of four channels, run-length encoded into bits by `@thi.ng/rle-pack`.

The bits are 32 for the number of values, 5 for the size of a value less one, 4 x 4 for the sizes of four counts less
one, and then chunks: 1 bit (1: one value repeated, 0: values as they are), 2 bits (which count), the count less one,
the value or the values. The values are red, green, blue and alpha of each pixel, row after row; alpha is the mask.

Label Studio's own converter (`label_studio_sdk.converter.brush`) gives the same masks. It is not used because it turns
every bit into a character, takes damaged data without a word, and brings a code generator and OpenCV with it; the tests
compare with it.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from jaxtyping import Bool

from dermaseg_monai.errors import DataError

_CHANNELS: Final = 4
_ALPHA: Final = 3
_WORD_BITS: Final = 8
_COUNT_BITS: Final = (3, 4, 8, 16)
_HEAD_BITS: Final = 32 + 5 + 4 * 4
_LESION_FROM: Final = 128  # of 255: a stroke with soft edges counts where more than half is painted

Mask = Bool[np.ndarray, "h w"]


def encode_brush(mask: Mask) -> list[int]:
    """Return the bytes of a mask, each 0 to 255; the size of the mask is not in them.

    Source: `@thi.ng/rle-pack`, https://github.com/thi-ng/umbrella; repeated values only, which every reader takes.
    """
    values = mask.ravel()
    starts = np.flatnonzero(np.diff(values, prepend=~values[:1]))
    lengths = np.diff(starts, append=values.size) * _CHANNELS
    levels = values[starts].astype(np.uint32) * 255
    longest = 1 << _COUNT_BITS[-1]
    pieces = -(-lengths // longest)
    levels = np.repeat(levels, pieces)
    counts = np.full(levels.size, longest)
    counts[np.cumsum(pieces) - 1] = lengths - (pieces - 1) * longest
    which = np.searchsorted([1 << bits for bits in _COUNT_BITS], counts)
    count_bits = np.asarray(_COUNT_BITS)[which]
    chunk_bits = 3 + count_bits + _WORD_BITS
    chunks = ((4 | which) << (count_bits + _WORD_BITS)) | ((counts - 1) << _WORD_BITS) | levels
    aligned = (chunks << (32 - chunk_bits)).astype(">u4")
    bits = np.unpackbits(aligned.view(np.uint8)).reshape(-1, 32)[np.arange(32) < chunk_bits[:, None]]
    return np.packbits(np.concatenate([_head(values.size * _CHANNELS), bits])).tolist()


def decode_brush(rle: Sequence[int], *, shape: tuple[int, int]) -> Mask:
    """Return the mask of this (height, width), True where alpha is at least 128 of 255.

    Raises:
        DataError: no such bytes, cut short, or a picture of another number of pixels.
    """
    try:
        data = bytes(rle)
    except (TypeError, ValueError) as error:
        raise DataError(f"A brush mask is a list of bytes, 0 to 255 ({error}). Export the project again.") from error
    bits = _Bits(data)
    total = bits.take(32)
    if total != shape[0] * shape[1] * _CHANNELS:
        raise DataError(
            f"A brush mask holds {total} values, but {shape[0]} x {shape[1]} px (height x width) need "
            f"{shape[0] * shape[1] * _CHANNELS}. It was drawn on another picture; export the project again."
        )
    word_bits = bits.take(5) + 1
    if word_bits != _WORD_BITS:
        raise DataError(f"A brush mask has values of {word_bits} bits; Label Studio writes 8. Export it again.")
    sizes = [bits.take(4) + 1 for _ in range(4)]
    values = np.zeros(total, dtype=np.uint8)
    at = 0
    while at < total:
        repeated = bits.take(1)
        end = at + bits.take(sizes[bits.take(2)]) + 1
        if end > total:
            raise DataError(f"A brush mask goes on to value {end} of {total}: it is damaged. Export the project again.")
        values[at:end] = bits.take(_WORD_BITS) if repeated else bits.words(end - at)
        at = end
    return values[_ALPHA::_CHANNELS].reshape(shape) >= _LESION_FROM


class _Bits:
    """Reads bits one after the other, the highest of each byte first."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, bits: int) -> int:
        """Return the next bits (at most 32) as a number."""
        window = self.data[self.at >> 3 : (self.at >> 3) + 5]
        spare = 8 * len(window) - (self.at & 7) - bits
        if spare < 0:
            raise DataError(f"A brush mask ends after {len(self.data)} bytes: it is cut short. Export it again.")
        self.at += bits
        return (int.from_bytes(window, "big") >> spare) & ((1 << bits) - 1)

    def words(self, count: int) -> np.ndarray:
        """Return the next bytes, which may begin inside a byte."""
        first, shift = self.at >> 3, self.at & 7
        raw = np.frombuffer(self.data, dtype=np.uint8)[first : first + count + 1].astype(np.uint16)
        if 8 * raw.size - shift < 8 * count:
            raise DataError(f"A brush mask ends after {len(self.data)} bytes: it is cut short. Export it again.")
        self.at += 8 * count
        joined = np.append(raw, np.uint16(0))
        return ((((joined[:-1] << 8) | joined[1:]) >> (8 - shift)) & 0xFF).astype(np.uint8)[:count]


def _head(total: int) -> Bool[np.ndarray, " bits"]:
    text = f"{total:032b}{_WORD_BITS - 1:05b}" + "".join(f"{bits - 1:04b}" for bits in _COUNT_BITS)
    assert len(text) == _HEAD_BITS, "the head has a fixed length"  # noqa: S101
    return np.array([letter == "1" for letter in text])
