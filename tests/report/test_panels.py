import numpy as np
import pytest

from dermaseg_monai.report import Panels

IMAGE = np.full((40, 60, 3), 200, dtype=np.uint8)
LABEL = np.zeros((40, 60), dtype=bool)
LABEL[10:30, 20:40] = True
MAPS = {
    "pred": LABEL.astype(np.float32),
    "boundary": np.zeros((40, 60), dtype=np.float32),
    "uncertainty": np.full((40, 60), 0.5, dtype=np.float32),
}


def count(picture: np.ndarray, colour: tuple[int, int, int]) -> int:
    return int((np.abs(picture.astype(int) - colour).max(axis=-1) < 8).sum())


def test_a_strip_has_one_column_per_name() -> None:
    # 5 columns of 300 px and 6 gaps of 12 px; 62 px above and 40 px below a picture of 300 * 40 / 60 px
    picture = Panels()(IMAGE, MAPS, case_id="ISIC_0000001", label=LABEL, dice=1.0)
    assert picture.shape == (302, 1572, 3)
    assert picture.dtype == np.uint8


def test_columns_without_data_are_left_out() -> None:
    picture = Panels()(IMAGE, {"pred": MAPS["pred"]}, case_id="a")
    assert picture.shape[1] == 2 * 300 + 3 * 12  # image and prediction


def test_the_prediction_is_drawn_beside_the_reference() -> None:
    shifted = np.roll(LABEL, 8, axis=1).astype(np.float32)
    picture = Panels(["prediction"])(IMAGE, {"pred": shifted}, case_id="a", label=LABEL)
    body = picture[62:262]
    assert count(body, (0, 0xD5, 0xFF)) > 100
    assert count(body, (0xFF, 0xD0, 0)) > 100


def test_the_threshold_decides_what_is_outlined() -> None:
    pred = LABEL * np.float32(0.6)
    low = Panels(["prediction"], threshold=0.5)(IMAGE, {"pred": pred}, case_id="a")
    high = Panels(["prediction"], threshold=0.7)(IMAGE, {"pred": pred}, case_id="a")
    assert count(low[62:262], (0xFF, 0xD0, 0)) > 100
    assert count(high[62:262], (0xFF, 0xD0, 0)) == 0


def test_empty_masks_are_drawn_without_a_warning() -> None:
    nothing = np.zeros_like(MAPS["pred"])
    picture = Panels()(IMAGE, {**MAPS, "pred": nothing}, case_id="a", label=nothing > 0, dice=1.0)
    assert picture.shape[1] == 1572


def test_an_outline_that_touches_the_border_is_closed() -> None:
    everything = np.ones((40, 60), dtype=np.float32)
    picture = Panels(["prediction"])(IMAGE, {"pred": everything}, case_id="a")
    assert count(picture[62:262], (0xFF, 0xD0, 0)) > 100


def test_no_column_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match=r"columns is \[\]; choose from image, reference, prediction"):
        Panels([])


def test_a_long_case_id_is_cut_and_drawing_uses_no_global_figure() -> None:
    import matplotlib.pyplot as plt  # noqa: PLC0415

    Panels()(IMAGE, MAPS, case_id="x" * 200, label=LABEL)
    assert plt.get_fignums() == []
