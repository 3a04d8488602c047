import numpy as np

from dermaseg_monai.images import READER_RGB, Rgb
from dermaseg_monai.report.reader_error import draw_reader_error

PEOPLE = ["ann", "bob", "eve"]
PINK = np.array([255, 95, 210])


def rectangle(rows: slice, columns: slice) -> np.ndarray:
    mask = np.zeros((120, 160), dtype=bool)
    mask[rows, columns] = True
    return mask


LESION = rectangle(slice(40, 90), slice(40, 90))
SATELLITE = rectangle(slice(10, 22), slice(130, 142))


def draw(image: np.ndarray | None, region: np.ndarray, consensus: np.ndarray | None = None) -> np.ndarray:
    outlines = [("ann", LESION), ("bob", LESION | SATELLITE), ("eve", np.zeros_like(LESION))]
    words = {"title": "c1    ann    missing region: satellite", "words": "Left out."}
    return draw_reader_error(image, outlines, outline=0, consensus=consensus, region=region, people=PEOPLE, **words)


def share_of(colour: Rgb, sheet: np.ndarray) -> float:
    return float((np.abs(sheet.astype(int) - colour).max(axis=2) < 8).mean())


def test_a_small_region_is_enlarged_beside_the_whole_and_marked() -> None:
    image = np.full((120, 160, 3), 200, dtype=np.uint8)
    sheet = draw(image, SATELLITE, LESION | SATELLITE)
    half = (PINK + 200) / 2
    pink = np.abs(sheet.astype(int) - half).max(axis=2) < 12
    middle = sheet.shape[1] // 2
    assert pink[:, middle:].sum() > 4 * pink[:-60, :middle].sum() > 0
    for at in (0, 1):
        assert share_of(READER_RGB[at], sheet) > 0.0002


def test_without_a_photograph_the_outlines_stand_on_grey() -> None:
    sheet = draw(None, SATELLITE)
    assert ((sheet == 96).all(axis=2)).mean() > 0.3


def test_a_region_as_large_as_the_picture_is_shown_beside_the_bare_photograph() -> None:
    image = np.zeros((120, 160, 3), dtype=np.uint8)
    image[..., 1] = np.arange(160, dtype=np.uint8)
    sheet = draw(image, np.ones((120, 160), dtype=bool))
    alone = draw(None, np.ones((120, 160), dtype=bool))
    left, right = slice(60, 300), slice(-400, -100)
    assert sheet[150, right].max() > 50
    assert (alone[150, right] == 255).all()
    assert (alone[150, left] != 255).any()


def test_many_readers_and_long_names_are_drawn() -> None:
    outlines = [(f"a reader with a long name, number {at}", np.roll(LESION, at, axis=1)) for at in range(9)]
    people = [name for name, _ in outlines]
    words = {"title": "x" * 300, "words": "y " * 200}
    sheet = draw_reader_error(None, outlines, outline=8, consensus=None, region=SATELLITE, people=people, **words)
    assert sheet.shape[1] == draw(None, SATELLITE).shape[1]
    assert sheet.shape[0] > draw(None, SATELLITE).shape[0]


def test_a_reader_keeps_the_colour_in_every_case() -> None:
    words = {"people": PEOPLE, "title": "c2", "words": "Left out."}
    sheet = draw_reader_error(None, [("bob", LESION)], outline=0, consensus=None, region=SATELLITE, **words)
    assert share_of(READER_RGB[1], sheet) > 0.0005
    assert share_of(READER_RGB[0], sheet) == 0
