import numpy as np
import pytest

from dermaseg_monai.report import draw_outline_panel

CYAN, GREEN = (0, 213, 255), (160, 240, 128)
COLOURS = {"reference": CYAN, "trainee": GREEN}


def pixels(sheet: np.ndarray, colour: tuple[int, int, int]) -> int:
    return int((np.abs(sheet.astype(int) - colour).max(axis=2) < 30).sum())


def test_every_outline_has_a_colour_of_its_own_and_a_legend() -> None:
    image = np.full((90, 120, 3), 150, dtype=np.uint8)
    one, other = np.zeros((90, 120), dtype=bool), np.zeros((90, 120), dtype=bool)
    one[20:70, 20:100] = True
    alone = draw_outline_panel(
        image, {"reference": one, "trainee": other}, colours=COLOURS, case_id="a", words=["Dice 0"]
    )
    other[30:60, 30:90] = True
    both = draw_outline_panel(
        image, {"reference": one, "trainee": other}, colours=COLOURS, case_id="a", words=["Dice 0.5"]
    )
    assert pixels(both, CYAN) > 300
    assert pixels(both, GREEN) > pixels(alone, GREEN) + 200
    assert pixels(alone, GREEN) > 5  # the legend, which says that it is empty


def test_a_lesion_of_half_the_picture_is_enlarged_too_and_a_frame_shows_where() -> None:
    image = np.full((90, 120, 3), 150, dtype=np.uint8)
    mask = np.zeros((90, 120), dtype=bool)
    mask[20:62, 40:80] = True
    sheet = draw_outline_panel(image, {"reference": mask}, colours=COLOURS, case_id="a")
    inside = sheet[70:-80, 20:440]  # of the left picture
    assert pixels(inside, (255, 255, 255)) > 200


def test_outlines_on_another_grid_are_refused() -> None:
    image = np.zeros((9, 8, 3), dtype=np.uint8)
    with pytest.raises(ValueError, match=r"grid \(9, 8\) of their photograph; got \['a \(8, 9\)'\]"):
        draw_outline_panel(image, {"a": np.ones((8, 9), dtype=bool)}, colours={"a": GREEN}, case_id="x")


def test_a_reader_may_be_called_anything() -> None:
    image = np.zeros((90, 120, 3), dtype=np.uint8)
    outlines = {r"$\frac$": np.ones((90, 120), dtype=bool)}
    draw_outline_panel(image, outlines, colours={r"$\frac$": GREEN}, case_id=r"$\frac$", words=[r"$\frac$"])
