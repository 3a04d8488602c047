from collections.abc import Callable

import numpy as np
import pytest

from dermaseg_monai.manifest.duplicates import CROPS, TURNS, WHOLE, Fingerprints, Window, fingerprints, near_pairs

Draw = Callable[..., np.ndarray]
WINDOWS = (WHOLE, *CROPS)
TURNED = (
    lambda pixels: pixels,
    lambda pixels: pixels[:, ::-1],
    lambda pixels: pixels[::-1],
    lambda pixels: pixels[::-1, ::-1],
    lambda pixels: pixels.transpose(1, 0, 2),
    lambda pixels: np.rot90(pixels, -1),
    lambda pixels: np.rot90(pixels, 1),
    lambda pixels: np.rot90(pixels, 2).transpose(1, 0, 2),
)


def taken(pictures: list[np.ndarray], windows: tuple[Window, ...] = WINDOWS) -> Fingerprints:
    rows = [
        (words, at, window)
        for at, pixels in enumerate(pictures)
        for window, words in enumerate(fingerprints(np.ascontiguousarray(pixels), windows))
        if words is not None
    ]
    words, pictures_of, windows_of = zip(*rows, strict=True)
    return Fingerprints(np.stack(words), np.array(pictures_of), np.array(windows_of), windows)


def made(*words: list[int]) -> Fingerprints:
    """Fingerprints given as the numbers of the bits that are set."""
    bits = np.zeros((len(words), 256), dtype=np.uint8)
    for row, places in enumerate(words):
        bits[row, places] = 1
    packed = np.packbits(bits, axis=1).view(np.uint64)
    return Fingerprints(packed, np.arange(len(words)), np.zeros(len(words), dtype=np.int64))


@pytest.mark.parametrize("turn", range(8), ids=TURNS)
def test_a_flipped_or_turned_copy_is_found_and_named(draw: Draw, turn: int) -> None:
    original = draw(3)
    found = near_pairs(taken([original, TURNED[turn](original), draw(4)]), np.arange(3))
    # which of the two was turned is not known: a quarter turn one way undoes the other
    names = {TURNS[turn], TURNS[{5: 6, 6: 5}.get(turn, turn)]}
    assert [(pair.first, pair.second, pair.turn in names) for pair in found] == [(0, 1, True)]
    assert found[0].distance <= 16


@pytest.mark.parametrize("kept", [0.95, 0.9, 0.8, 0.7, 0.6])
def test_a_centre_crop_is_found_at_any_size(draw: Draw, kept: float) -> None:
    original = draw(5)
    height, width = (round(side * kept / 2) * 2 for side in original.shape[:2])
    top, left = (120 - height) // 2, (160 - width) // 2
    crop = original[top : top + height, left : left + width]
    for pictures in ([original, crop], [crop, original]):
        (pair,) = near_pairs(taken(pictures), np.arange(2))
        assert abs(pair.window.scale - kept) < 0.05


def test_a_centre_square_is_found(draw: Draw) -> None:
    original = draw(6)
    (pair,) = near_pairs(taken([original, original[:, 20:140]]), np.arange(2))
    assert pair.window == Window("square", 1.0)
    assert pair.window.words == "centre square"


def test_pictures_of_one_side_are_not_paired(draw: Draw) -> None:
    original = draw(7)
    found = near_pairs(taken([original] * 3), np.array([0, 0, 1]))
    assert [(pair.first, pair.second) for pair in found] == [(0, 2), (1, 2)]


def test_copies_on_one_side_are_joined_by_as_few_pairs_as_it_takes() -> None:
    copies = made(*([bit] for bit in range(40)))
    found = near_pairs(copies, np.zeros(40, dtype=int), groups=np.arange(40))
    assert len(found) == 39
    joined = {found[0].first}
    for _ in found:
        joined |= {end for pair in found for end in (pair.first, pair.second) if {pair.first, pair.second} & joined}
    assert joined == set(range(40))
    assert near_pairs(copies, np.zeros(40, dtype=int), groups=np.zeros(40, dtype=int)) == []
    across = near_pairs(copies, np.arange(40) // 20, groups=np.arange(40))
    assert len(across) == 20 * 20 + 2 * 19  # every pair of two sides is told of


def test_other_pictures_are_not_paired(draw: Draw) -> None:
    assert near_pairs(taken([draw(seed) for seed in range(20, 50)], (WHOLE,)), np.arange(30)) == []


def test_the_distance_is_the_number_of_bits() -> None:
    spread = list(range(0, 256, 5))  # 13 of the coarsest 64
    found = near_pairs(made([], spread, [*spread, 1]), np.arange(3))
    assert [(pair.first, pair.second, pair.distance) for pair in found] == [(1, 2, 1), (0, 1, 52), (0, 2, 53)]
    assert near_pairs(made([], spread), np.arange(2), farthest=51) == []


def test_pictures_that_differ_in_what_is_coarse_are_not_paired() -> None:
    assert near_pairs(made([], list(range(18))), np.arange(2)) == []
    assert len(near_pairs(made([], list(range(17))), np.arange(2))) == 1


def test_every_tile_is_looked_at() -> None:
    words = np.random.default_rng(1).integers(0, 2**63, size=(9000, 4), dtype=np.uint64)
    words[8999] = words[3]
    windows = np.where(np.arange(9000) < 10, 0, 1)  # ten whole pictures, the rest are crops of others
    found = near_pairs(Fingerprints(words, np.arange(9000), windows, WINDOWS), np.arange(9000))
    assert [(pair.first, pair.second, pair.distance) for pair in found] == [(3, 8999, 0)]


def test_no_pictures_have_no_pairs() -> None:
    nothing = Fingerprints(np.empty((0, 4), dtype=np.uint64), np.empty(0, dtype=int), np.empty(0, dtype=int))
    assert near_pairs(nothing, np.empty(0, dtype=int)) == []
