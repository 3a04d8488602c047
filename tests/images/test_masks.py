from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dermaseg_monai.errors import ImageError
from dermaseg_monai.images import read_mask, read_probability, write_probability

DISK = np.hypot(*np.mgrid[-20:20, -30:30]) < 15


def save(path: Path, values: object, dtype: type = np.uint8) -> Path:
    Image.fromarray(np.asarray(values, dtype=dtype)).save(path)
    return path


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([[0, 255, 255]], np.uint8),
        ([[0, 1, 1]], np.uint8),
        ([[False, True, True]], bool),
        ([[0, 65535, 65535]], np.uint16),
        ([[0, 1, 1]], np.uint16),
        ([[0, 38, 38]], np.uint8),
        ([[3, 251, 255]], np.uint8),
        ([[32, 223, 255]], np.uint8),
        ([[20, 235, 235]], np.uint8),
    ],
    ids=["0/255", "0/1", "1-bit", "16-bit", "16-bit 0/1", "0 and another", "noisy", "just binary", "two near the ends"],
)
def test_binary_masks_are_recognised(tmp_path: Path, values: list[list[int]], dtype: type) -> None:
    assert read_mask(save(tmp_path / "m.png", values, dtype)).tolist() == [[False, True, True]]


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("level", [2, 100, 128, 255, 300])
def test_sixteen_bits_of_0_and_any_one_other_value_are_a_mask(tmp_path: Path, level: int, suffix: str) -> None:
    path = save(tmp_path / f"m.{suffix}", [[0, level, level]], np.uint16)
    assert read_mask(path).tolist() == [[False, True, True]]


@pytest.mark.parametrize("level", [0.5, 1, 255])
def test_fractions_of_two_values_are_a_mask(tmp_path: Path, level: float) -> None:
    assert read_mask(save(tmp_path / "m.tif", [[0, level, level]], np.float32)).tolist() == [[False, True, True]]


@pytest.mark.parametrize("values", [[2, 2], [100, 100], [0, 100, 128], [0, 100, 200], [5000, 5000]])
def test_sixteen_bits_of_other_values_are_refused(tmp_path: Path, values: list[int]) -> None:
    with pytest.raises(ImageError, match=rf"found values from {values[0]} to {values[-1]} that are not two levels"):
        read_mask(save(tmp_path / "m.png", [values], np.uint16))


def test_sixteen_bits_near_black_and_white_are_a_mask(tmp_path: Path) -> None:
    assert read_mask(save(tmp_path / "m.png", [[100, 65000, 65535]], np.uint16)).tolist() == [[False, True, True]]
    assert read_mask(save(tmp_path / "m.png", [[65000, 65000]], np.uint16)).tolist() == [[True, True]]


@pytest.mark.parametrize(("level", "lesion"), [(0, False), (1, True), (255, True)])
def test_a_mask_of_one_level(tmp_path: Path, level: int, lesion: bool) -> None:  # noqa: FBT001
    assert read_mask(save(tmp_path / "m.png", [[level] * 2])).tolist() == [[lesion] * 2]


def test_a_coloured_overlay_of_two_levels_is_a_mask(tmp_path: Path) -> None:
    picture = np.zeros((1, 2, 3), dtype=np.uint8)
    picture[0, 1] = (128, 0, 0)
    assert read_mask(save(tmp_path / "m.png", picture)).tolist() == [[False, True]]


@pytest.mark.parametrize("colour", [(1, 0, 0), (0, 0, 4)])
def test_the_darkest_colour_beside_black_is_lesion(tmp_path: Path, colour: tuple[int, int, int]) -> None:
    picture = np.array([[(0, 0, 0), colour]], dtype=np.uint8)
    assert read_mask(save(tmp_path / "m.png", picture)).tolist() == [[False, True]]
    indexed = Image.fromarray(np.array([[0, 1]], dtype=np.uint8)).convert("P")
    indexed.putpalette([0, 0, 0, *colour])
    indexed.save(tmp_path / "p.png")
    assert read_mask(tmp_path / "p.png").tolist() == [[False, True]]


@pytest.mark.parametrize("colours", [[(0, 0, 4), (0, 0, 4)], [(0, 0, 1), (0, 0, 4)], [(0, 0, 0), (0, 0, 4), (0, 0, 1)]])
def test_dark_colours_without_black_or_of_three_kinds_are_refused(
    tmp_path: Path, colours: list[tuple[int, int, int]]
) -> None:
    with pytest.raises(ImageError, match=r"m\.png is not a binary mask: found values from . to 4"):
        read_mask(save(tmp_path / "m.png", [colours]))


def test_a_black_picture_holds_no_lesion(tmp_path: Path) -> None:
    assert read_mask(save(tmp_path / "m.png", np.zeros((1, 2, 3)))).tolist() == [[False, False]]


def test_a_mask_saved_as_jpeg_keeps_its_outline(tmp_path: Path) -> None:
    Image.fromarray(DISK).convert("L").save(tmp_path / "m.jpg", quality=100)
    assert np.array_equal(read_mask(tmp_path / "m.jpg", allow_grey=True), DISK)


@pytest.mark.parametrize(
    "values", [[[0, 100, 255]], [[0, 1, 2]], [[100, 100, 100]], [[0, 5, 9]], [[0, 33, 255]], [[0, 128, 222]]]
)
def test_grey_masks_are_refused(tmp_path: Path, values: list[list[int]]) -> None:
    path = save(tmp_path / "m.png", values)
    with pytest.raises(ImageError, match=r"m\.png is not a binary mask: found values from .* Save it with 0"):
        read_mask(path)
    assert read_mask(path, allow_grey=True).tolist() == [[value > 128 for value in values[0]]]


def test_a_mask_whose_transparency_hides_nothing_is_taken(tmp_path: Path) -> None:
    path = save(tmp_path / "m.png", np.array([[[0, 0, 0, 255], [255, 255, 255, 255]]]))
    assert read_mask(path).tolist() == [[False, True]]


def test_transparent_masks_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "m.png", np.array([[[255, 255, 255, 0], [255, 255, 255, 255]]]))
    with pytest.raises(ImageError, match="found transparent pixels"):
        read_mask(path)


def test_a_mask_follows_its_exif_orientation(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.array([[255, 0, 0], [0, 0, 0]], dtype=np.uint8)).save(tmp_path / "m.png", exif=exif)
    assert read_mask(tmp_path / "m.png").tolist() == [[False, True], [False, False], [False, False]]


def test_probabilities_survive_a_round_trip(tmp_path: Path) -> None:
    probability = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)
    write_probability(tmp_path / "p.png", probability)
    assert read_probability(tmp_path / "p.png") == pytest.approx(probability, abs=0.5 / 65535 + 1e-7)


def test_eight_bit_probabilities_are_parts_of_255(tmp_path: Path) -> None:
    assert read_probability(save(tmp_path / "p.png", [[0, 51, 255]]))[0].tolist() == pytest.approx([0, 0.2, 1])


def test_a_coloured_picture_is_no_probability(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="has colour mode RGB; a grey 16-bit PNG was expected"):
        read_probability(save(tmp_path / "p.png", np.zeros((2, 2, 3))))
