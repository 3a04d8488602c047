import numpy as np
import pytest
from PIL import Image

from dermaseg_monai.images.reduction import reduce_mask, reduce_rgb, reduced_size


@pytest.mark.parametrize(
    ("size_px", "short_side_px", "reduced"),
    [
        ((4000, 6000), 512, (512, 768)),
        ((6000, 4000), 512, (768, 512)),
        ((767, 1022), 512, (512, 682)),
        ((600, 600), 512, (512, 512)),
        ((512, 9000), 512, (512, 9000)),
        ((100, 200), 512, (100, 200)),
        ((1001, 1002), 1000, (1000, 1001)),
    ],
)
def test_the_shorter_side_is_reduced_and_nothing_enlarged(
    size_px: tuple[int, int], short_side_px: int, reduced: tuple[int, int]
) -> None:
    assert reduced_size(size_px, short_side_px) == reduced


@pytest.mark.parametrize(
    ("mask", "reduced"),
    [
        ("1100 1100 0000 0000", "10 00"),
        ("1000 0100 0000 0000", "10 00"),  # two of four pixels: half is enough
        ("1000 0000 0000 0000", "00 00"),
        ("111 111 111", "11 11"),
        ("100 000 000", "00 00"),  # 1 of 1.5 x 1.5 px
        ("110 100 000", "10 00"),  # 1 + 0.5 + 0.5 of 2.25 px
        ("101 000 101", "00 00"),
    ],
)
def test_a_pixel_is_lesion_where_half_of_its_area_is(mask: str, reduced: str) -> None:
    drawn, expected = (
        np.array([[letter == "1" for letter in row] for row in text.split()]) for text in (mask, reduced)
    )
    found = reduce_mask(drawn, expected.shape)
    assert found.dtype == np.bool_
    assert found.tolist() == expected.tolist()


def test_a_large_mask_keeps_its_area() -> None:
    rows, columns = np.mgrid[:1203, :1699]
    disc = np.hypot(rows - 600, columns - 800) < 400
    small = reduce_mask(disc, (301, 425))
    assert small.mean() == pytest.approx(disc.mean(), rel=2e-3)


def test_a_photograph_is_averaged_and_one_of_the_size_is_itself() -> None:
    chequered = np.zeros((64, 64, 3), dtype=np.uint8)
    chequered[::2, ::2] = chequered[1::2, 1::2] = 200
    inner = reduce_rgb(chequered, (16, 16))[2:-2, 2:-2]
    assert np.abs(inner.astype(int) - 100).max() <= 1
    assert reduce_rgb(chequered, (64, 64)) is chequered


def test_the_filter_is_that_of_pillow() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    assert (
        reduce_rgb(rgb, (20, 30)) == np.asarray(Image.fromarray(rgb).resize((30, 20), Image.Resampling.BICUBIC))
    ).all()
