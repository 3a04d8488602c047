import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from dermaseg_monai.manifest.duplicates import CROPS, WHOLE, Window, fingerprints
from dermaseg_monai.manifest.duplicates.fingerprint import SIDE, VERSION, pack, unpack

Draw = Callable[..., np.ndarray]


def distance(one: np.ndarray, other: np.ndarray) -> int:
    """Bits of the whole pictures that differ."""
    (first,), (second,) = fingerprints(one, [WHOLE]), fingerprints(other, [WHOLE])
    assert first is not None
    assert second is not None
    return int(np.bitwise_count(first ^ second).sum())


def resized(pixels: np.ndarray, factor: float) -> np.ndarray:
    height, width = pixels.shape[:2]
    return np.asarray(Image.fromarray(pixels).resize((round(width * factor), round(height * factor))))


def recompressed(pixels: np.ndarray, quality: int) -> np.ndarray:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream))


@pytest.mark.parametrize(
    "change",
    [
        lambda pixels: resized(pixels, 0.5),
        lambda pixels: resized(pixels, 3),
        lambda pixels: recompressed(pixels, 40),
        lambda pixels: recompressed(resized(pixels, 0.6), 60),
        lambda pixels: (pixels * np.array([0.6, 0.8, 1.0]) + 20).astype(np.uint8),
    ],
    ids=["half the size", "three times the size", "JPEG 40", "smaller and JPEG 60", "other colours"],
)
def test_a_copy_has_nearly_the_same_bits(draw: Draw, change: Callable[[np.ndarray], np.ndarray]) -> None:
    original = draw(1)
    assert distance(original, change(original)) <= 40


def test_other_skin_around_the_same_lesion_has_other_bits(draw: Draw) -> None:
    assert min(distance(draw(1), draw(seed)) for seed in range(2, 12)) >= 90


def test_other_bits_for_a_picture_need_another_version() -> None:
    rows, columns = np.mgrid[:64, :64]
    lesion = (rows - 30) ** 2 + (columns - 35) ** 2 < 300
    grey = (150 + rows * columns // 8 % 16 * 2 - 100 * lesion).astype(np.uint8)
    (words,) = fingerprints(np.stack([grey] * 3, axis=2), [WHOLE])
    assert words is not None
    # remembered ones of the same version are compared with new ones: a copy would go unnoticed
    kept = [0x2D651B39869E0021, 0x8DACF073BF3D0F40, 0x717419591E982616, 0xB0B86C1E5B4B1510]
    assert (VERSION, words.tolist()) == (1, kept)


def test_a_plain_area_has_no_fingerprint() -> None:
    assert fingerprints(np.full((50, 70, 3), 128, np.uint8), [WHOLE, CROPS[0]]) == [None, None]


def test_a_square_picture_is_not_looked_at_twice(draw: Draw) -> None:
    found = fingerprints(draw(1, height=100, width=100), [WHOLE, Window("square", 1.0)])
    assert [words is None for words in found] == [False, True]


def test_the_first_word_holds_the_coarse_frequencies() -> None:
    bits = np.zeros((1, SIDE, SIDE), dtype=bool)
    bits[0, :8, :8] = True
    assert [int(count) for count in np.bitwise_count(pack(bits))[0]] == [64, 0, 0, 0]


def test_unpacking_undoes_packing() -> None:
    bits = np.random.default_rng(0).random((5, SIDE, SIDE)) > 0.5
    assert np.array_equal(unpack(pack(bits)), bits)


def test_windows_are_centred() -> None:
    assert Window("whole", 0.5).box_px(200, 100) == (50, 25, 150, 75)
    assert Window("square", 1.0).box_px(200, 100) == (50, 0, 150, 100)
    assert Window("square", 0.5).box_px(100, 200) == (25, 75, 75, 125)
