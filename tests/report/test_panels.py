from pathlib import Path

import numpy as np
import pytest

import dermaseg_monai
from dermaseg_monai.report import NOTICE, Panels

IMAGE = np.full((40, 60, 3), 200, dtype=np.uint8)
LABEL = np.zeros((40, 60), dtype=bool)
LABEL[10:30, 20:40] = True
MAPS = {
    "pred": LABEL.astype(np.float32),
    "boundary": np.zeros((40, 60), dtype=np.float32),
    "uncertainty": np.full((40, 60), 0.5, dtype=np.float32),
}


TOP, LEFT = 58 + 26, 14  # where the first picture begins


def count(picture: np.ndarray, colour: tuple[int, int, int]) -> int:
    return int((np.abs(picture.astype(int) - colour).max(axis=-1) < 8).sum())


def test_six_columns_stand_in_two_rows() -> None:
    # columns of 300 px with gaps of 14 px; a picture is 300 * 40 / 60 px high below its title of 26 px, and one row of
    # the two has colour scales; head 58 px, foot with one row of legend and one line of notice 62 px
    picture = Panels(column_px=300)(IMAGE, MAPS, case_id="ISIC_0000001", label=LABEL, dice=1.0)
    assert picture.shape == (58 + 226 + 8 + 226 + 30 + 62, 3 * 314 + 14, 3)
    assert picture.dtype == np.uint8


def test_columns_without_data_are_left_out() -> None:
    picture = Panels(column_px=300)(IMAGE, {"pred": MAPS["pred"]}, case_id="a")
    assert picture.shape[1] == 2 * 314 + 14  # image and prediction


def test_the_prediction_is_drawn_beside_the_reference() -> None:
    shifted = np.roll(LABEL, 8, axis=1).astype(np.float32)
    picture = Panels(["prediction"])(IMAGE, {"pred": shifted}, case_id="a", label=LABEL)
    body = picture[TOP:-70]
    assert count(body, (0, 0xD5, 0xFF)) > 100
    assert count(body, (0xFF, 0xD0, 0)) > 100


def test_the_threshold_decides_what_is_outlined() -> None:
    pred = LABEL * np.float32(0.6)
    low = Panels(["prediction"], threshold=0.5)(IMAGE, {"pred": pred}, case_id="a")
    high = Panels(["prediction"], threshold=0.7)(IMAGE, {"pred": pred}, case_id="a")
    assert count(low[TOP:-70], (0xFF, 0xD0, 0)) > 100
    assert count(high[TOP:-70], (0xFF, 0xD0, 0)) == 0


def test_empty_masks_are_drawn_without_a_warning() -> None:
    nothing = np.zeros_like(MAPS["pred"])
    picture = Panels()(IMAGE, {**MAPS, "pred": nothing}, case_id="a", label=nothing > 0, dice=1.0)
    assert picture.shape[1] == 3 * 394 + 14


def test_an_outline_that_touches_the_border_is_closed() -> None:
    everything = np.ones((40, 60), dtype=np.float32)
    picture = Panels(["prediction"])(IMAGE, {"pred": everything}, case_id="a")
    assert count(picture[TOP:-70], (0xFF, 0xD0, 0)) > 100


def test_no_column_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match=r"columns is \[\]; choose from image, reference, prediction"):
        Panels([])


def test_a_long_case_id_is_cut_and_drawing_uses_no_global_figure() -> None:
    import matplotlib.pyplot as plt  # noqa: PLC0415

    Panels()(IMAGE, MAPS, case_id="x" * 200, label=LABEL)
    assert plt.get_fignums() == []


def close(picture: np.ndarray, colour: tuple[int, int, int], tolerance: int = 40) -> np.ndarray:
    return np.abs(picture.astype(int) - colour).max(axis=-1) <= tolerance


def test_the_outline_lies_on_the_edge_of_the_mask() -> None:
    # 600 px for 60 pixels: rows 10 to 29 and columns 20 to 39 have their edges at 100, 300, 200 and 400 px
    drawn = Panels(["reference"], column_px=600)(IMAGE, MAPS, case_id="a", label=LABEL)
    cyan = close(drawn[TOP : TOP + 400, LEFT : LEFT + 600], (0, 0xD5, 0xFF))
    rows, columns = np.nonzero(cyan)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == pytest.approx((100, 300, 200, 400), abs=3)
    assert not cyan[110:290, 210:390].any()


def test_errors_are_coloured_where_the_masks_differ() -> None:
    # the prediction lies four columns to the right: columns 20 to 23 are missed, columns 40 to 43 are extra
    pred = np.roll(LABEL, 4, axis=1).astype(np.float32)
    drawn = Panels(["error"], column_px=600)(IMAGE, {"pred": pred}, case_id="a", label=LABEL)
    body = drawn[TOP : TOP + 400, LEFT : LEFT + 600].astype(int)
    red, green, blue = body[..., 0], body[..., 1], body[..., 2]
    missed, extra = blue > red + 60, red > blue + 60
    inside = np.s_[104:296]  # away from the edges of the areas, which are smoothed
    assert missed[inside, 204:236].all()
    assert extra[inside, 404:436].all()
    grey = (red == green) & (green == blue)
    assert grey[inside, 244:396].all()  # found
    assert grey[:96].all()
    assert body[200, 320, 0] > body[50, 320, 0]  # what was found is lighter than skin


def test_the_title_names_missed_and_extra_pixels_and_an_id_is_no_formula() -> None:
    # an id that matplotlib would take for a broken formula, with a line break and an escape sequence in it
    hostile = "$\\frac{x_{$\n\x1b[31m../<b>"
    assert Panels()(IMAGE, MAPS, case_id=hostile, label=LABEL, dice=0.5).shape[1] == 3 * 394 + 14


def test_a_title_that_is_too_long_goes_on_in_the_next_line() -> None:
    short = Panels(["image"])(IMAGE, MAPS, case_id="a", dice=0.5)
    long = Panels(["image"])(IMAGE, MAPS, case_id="word " * 10, dice=0.5)
    assert (len(long) - len(short)) % 22 == 0
    assert len(long) > len(short)


def test_an_id_in_another_script_is_no_warning() -> None:
    assert Panels(["image"])(IMAGE, MAPS, case_id="症例一").ndim == 3


def test_the_notice_is_the_one_of_the_prediction_folder() -> None:
    # read, because importing it brings torch
    source = Path(dermaseg_monai.__file__).parent / "engines" / "prediction_record.py"
    assert f'PURPOSE = "{NOTICE}"' in source.read_text()


def test_both_outlines_stay_apart_where_they_coincide() -> None:
    drawn = Panels(["prediction"], column_px=600)(IMAGE, MAPS, case_id="a", label=LABEL)[TOP:-70]
    assert count(drawn, (0, 0xD5, 0xFF)) > 200  # seen through the gaps of the dashes
    assert count(drawn, (0xFF, 0xD0, 0)) > 200
