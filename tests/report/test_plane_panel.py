"""The slices that a panel of planes shows are those through the lesion, at one scale."""

import numpy as np

from dermaseg_monai.report.plane_panel import draw_plane_panel

CYAN, YELLOW = (0, 213, 255), (255, 208, 0)
SHAPE = (30, 10, 20)


def seen(sheet: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return np.abs(sheet.astype(int) - colour).max(axis=2) < 30


def panel(pred: np.ndarray, spacing_mm: tuple[float, float, float] = (0.1, 0.3, 0.15)) -> np.ndarray:
    label = np.zeros(SHAPE, dtype=bool)
    label[2:6, 6:9, 12:18] = True
    volume = np.random.default_rng(0).random(SHAPE)
    return draw_plane_panel(volume, label, {"3D": pred}, spacing_mm=spacing_mm, case_id="volume_0001")


def test_a_prediction_elsewhere_is_not_in_the_slices_of_the_reference() -> None:
    there, elsewhere = np.zeros(SHAPE, dtype=bool), np.zeros(SHAPE, dtype=bool)
    there[2:6, 6:9, 12:18] = True
    elsewhere[20:26, 1:3, 2:6] = True
    in_legend = seen(panel(elsewhere), YELLOW).sum()
    assert seen(panel(there), YELLOW).sum() > in_legend + 200
    assert seen(panel(elsewhere), CYAN).sum() > 500


def test_slices_stand_at_one_scale_in_mm() -> None:
    # all sides are 3 mm, so all slices are squares of 300 px, three beside each other
    sheet = panel(np.zeros(SHAPE, dtype=bool))
    assert sheet.shape[1] == 3 * 300 + 4 * 14
    # the sagittal slice: rows go down 20 voxels of 15 px, columns 10 voxels of 30 px; lesion rows 12-18, columns 6-9
    rows, columns = np.nonzero(seen(sheet[90:390, 14:314], CYAN))
    assert np.allclose([rows.min(), rows.max() + 1, columns.min(), columns.max() + 1], [180, 270, 180, 270], atol=4)


def test_without_a_lesion_the_middle_of_the_volume_is_shown() -> None:
    empty = np.zeros(SHAPE, dtype=bool)
    sheet = draw_plane_panel(np.ones(SHAPE), empty, {"3D": empty}, spacing_mm=(1.0, 1.0, 1.0), case_id="a")
    assert sheet.size
