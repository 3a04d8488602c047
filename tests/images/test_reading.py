import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dermaseg_monai.errors import ImageError
from dermaseg_monai.images import measure, read_image, write_rgb

RED, WHITE = (255, 0, 0), (255, 255, 255)


def red_corner() -> np.ndarray:
    """Four rows, six columns, white with a red top left pixel."""
    pixels = np.full((4, 6, 3), 255, dtype=np.uint8)
    pixels[0, 0] = RED
    return pixels


def png_without_pixels(width: int, height: int) -> bytes:
    fields = b"IHDR" + struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    header = struct.pack(">I", 13) + fields + struct.pack(">I", zlib.crc32(fields))
    return b"\x89PNG\r\n\x1a\n" + header + struct.pack(">I", 1000) + b"IDAT"


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.TIFF"])
def test_rows_stay_rows(tmp_path: Path, name: str) -> None:
    write_rgb(tmp_path / name, red_corner())
    assert np.array_equal(read_image(tmp_path / name).pixels, red_corner())
    assert measure(tmp_path / name) == (4, 6)


def test_a_jpeg_has_its_rows_first_too(tmp_path: Path) -> None:
    pixels = np.full((32, 64, 3), 255, dtype=np.uint8)
    pixels[:16, :16] = RED
    write_rgb(tmp_path / "a.jpg", pixels)
    found = read_image(tmp_path / "a.jpg").pixels.astype(int)
    assert found.shape == (32, 64, 3)
    assert np.abs(found - pixels).max() < 40


@pytest.mark.parametrize(
    ("orientation", "corner_at", "size"),
    [
        (1, (0, 0), (4, 6)),
        (2, (0, 5), (4, 6)),
        (3, (3, 5), (4, 6)),
        (4, (3, 0), (4, 6)),
        (5, (0, 0), (6, 4)),
        (6, (0, 3), (6, 4)),
        (7, (5, 3), (6, 4)),
        (8, (5, 0), (6, 4)),
    ],
)
@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_exif_orientation_turns_the_picture_upright(
    tmp_path: Path, name: str, orientation: int, corner_at: tuple[int, int], size: tuple[int, int]
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(red_corner()).save(tmp_path / name, exif=exif)
    pixels = read_image(tmp_path / name).pixels
    assert pixels.shape == (*size, 3)
    assert tuple(pixels[corner_at]) == RED
    assert measure(tmp_path / name) == size


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_grey_tiff_is_turned_as_a_png_is(tmp_path: Path, orientation: int, dtype: type) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    grey = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (20, 30)).astype(dtype)
    for name in ("a.png", "a.tif"):
        Image.fromarray(grey).save(tmp_path / name, exif=exif)
    found, expected = (read_image(tmp_path / name).pixels for name in ("a.tif", "a.png"))
    assert np.array_equal(found, expected)
    assert measure(tmp_path / "a.tif") == found.shape[:2]


def test_exif_orientation_that_stands_behind_the_pixels_of_a_png(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(red_corner()).save(tmp_path / "a.png", exif=exif)
    chunks = (tmp_path / "a.png").read_bytes()
    start = chunks.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(chunks[start : start + 4], "big")
    (tmp_path / "a.png").write_bytes(chunks[:start] + chunks[end:-12] + chunks[start:end] + chunks[-12:])
    assert chunks.index(b"IDAT") > start
    pixels = read_image(tmp_path / "a.png").pixels
    assert (pixels.shape, tuple(pixels[0, 3])) == ((6, 4, 3), RED)
    assert measure(tmp_path / "a.png") == (6, 4)


def test_exif_orientation_of_a_jpeg(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (64, 32)).save(tmp_path / "a.jpg", exif=exif)
    assert read_image(tmp_path / "a.jpg").pixels.shape == (64, 32, 3)
    assert measure(tmp_path / "a.jpg") == (64, 32)


def test_transparency_is_laid_on_white(tmp_path: Path) -> None:
    Image.fromarray(np.array([[[255, 0, 0, 255], [255, 0, 0, 0]]], dtype=np.uint8)).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png").pixels.tolist() == [[list(RED), list(WHITE)]]
    # one colour of an RGB picture may stand for transparent
    Image.fromarray(np.array([[[255, 0, 0], [9, 9, 9]]], dtype=np.uint8)).save(
        tmp_path / "b.png", transparency=(9, 9, 9)
    )
    assert read_image(tmp_path / "b.png").pixels.tolist() == [[list(RED), list(WHITE)]]


def test_a_transparent_colour_of_sixteen_bits_makes_no_other_pixel_white(tmp_path: Path) -> None:
    # Pillow keeps the high byte of each pixel and the low byte of the transparent colour, and compares them
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    pixels = np.array([[[0x0912, 0x0912, 0x0912], [0xFF00, 0, 0]]], dtype=">u2")
    (tmp_path / "a.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 1, 16, 2, 0, 0, 0))
        + chunk(b"tRNS", struct.pack(">HHH", 0x1209, 0x1209, 0x1209))
        + chunk(b"IDAT", zlib.compress(b"\0" + pixels.tobytes()))
        + chunk(b"IEND", b"")
    )
    assert read_image(tmp_path / "a.png").pixels.tolist() == [[[9, 9, 9], list(RED)]]


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.fromarray(np.array([[7, 200]], dtype=np.uint8)), [7, 200]),
        (Image.fromarray(np.array([[257 * 7, 65535]], dtype=np.uint16)), [7, 255]),
        (Image.fromarray(np.array([[False, True]])), [0, 255]),
        (Image.fromarray(np.array([[7, 200]], dtype=np.uint8)).convert("P"), [7, 200]),
    ],
    ids=["8-bit", "16-bit", "1-bit", "palette"],
)
def test_grey_becomes_rgb(tmp_path: Path, image: Image.Image, expected: list[int]) -> None:
    image.save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png").pixels.tolist() == [[[value] * 3 for value in expected]]


def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    Image.new("CMYK", (2, 2), (0, 255, 255, 0)).save(tmp_path / "a.tif")
    assert tuple(read_image(tmp_path / "a.tif").pixels[0, 0]) == RED


def test_fractions_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0.5]], dtype=np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(ImageError, match=r"a\.tif holds values outside 0 to 65535 or fractions.*8 or 16 bits"):
        read_image(tmp_path / "a.tif")


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.bmp", "a.tif"])
def test_a_file_cut_short_is_refused(tmp_path: Path, name: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    write_rgb(tmp_path / name, pixels)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ImageError, match=rf"{name}.*(cut short|not an image)"):
        read_image(tmp_path / name)


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, on odd TIFF tags
def test_damaged_bytes_give_image_errors_only(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 255, (24, 24, 3), dtype=np.uint8)
    for name in ("a.jpg", "a.png", "a.tif"):
        write_rgb(tmp_path / name, pixels)
        whole = (tmp_path / name).read_bytes()
        for _ in range(60):
            damaged = bytearray(whole)
            for place in rng.integers(0, len(whole), 6):
                damaged[place] = rng.integers(0, 256)
            (tmp_path / name).write_bytes(damaged)
            try:
                read_image(tmp_path / name)
            except ImageError as error:
                assert "\n" not in str(error)  # noqa: PT017 (both ends are fine)


@pytest.mark.filterwarnings(
    "ignore::PIL.Image.DecompressionBombWarning"
)  # ours comes between its warning and its error
@pytest.mark.parametrize("reader", [read_image, measure])
@pytest.mark.parametrize("side", [11_000, 20_000])
def test_a_bomb_is_refused_before_decoding(tmp_path: Path, reader, side: int) -> None:  # noqa: ANN001
    (tmp_path / "bomb.png").write_bytes(png_without_pixels(side, side))  # decoding would fail otherwise
    with pytest.raises(ImageError, match=r"bomb\.png is too large.*at most 100,000,000 px"):
        reader(tmp_path / "bomb.png")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"a\.png is empty \(0 bytes\)"),
        (b"hello", r"a\.png is not an image .* Known photographs are \.jpg.*\.tiff\.$"),
    ],
)
def test_what_is_no_image_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(ImageError, match=message):
        read_image(tmp_path / "a.png")


@pytest.mark.parametrize("name", ["a.png", "a.nii.gz"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(ImageError, match=rf"{name} does not exist.*dataset_dir"):
        read_image(tmp_path / name)


def test_a_tiff_of_two_pages_is_refused(tmp_path: Path) -> None:
    page = Image.new("RGB", (4, 4))
    page.save(tmp_path / "a.tif", save_all=True, append_images=[page])
    with pytest.raises(ImageError, match="has 2 pages"):
        read_image(tmp_path / "a.tif")
