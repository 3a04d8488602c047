from pathlib import Path

import numpy as np
from PIL import Image

from dermaseg_monai.report.generalisation_cell import MatrixCell
from dermaseg_monai.report.generalisation_heat_map import save_heat_map


def colours(path: Path) -> set[tuple[int, ...]]:
    with Image.open(path) as picture:
        return {tuple(pixel) for pixel in np.asarray(picture.convert("RGB")).reshape(-1, 3).tolist()}


def test_every_cell_has_the_colour_of_its_score_and_a_missing_one_is_grey(tmp_path: Path) -> None:
    high = MatrixCell(0.9, 0.88, 0.92, 240, own=True)
    low = MatrixCell(0.7, None, None, 3, own=False, remark="all 240: 0.710")
    rows = ((high, low), (None, high))
    save_heat_map(tmp_path / "m.png", {"Dice ↑": rows}, ["a", "$b_{x$" * 9], title="try $", note="mean")
    found = colours(tmp_path / "m.png")
    assert {high.colour, low.colour, (0xEE, 0xEE, 0xEE)} <= found


def test_more_than_three_sets_stand_below_each_other(tmp_path: Path) -> None:
    def size(count: int) -> tuple[int, int]:
        rows = tuple(tuple(MatrixCell(0.8, 0.7, 0.9, 5, own=False) for _ in range(count)) for _ in range(count))
        names = [f"set {number}" for number in range(count)]
        save_heat_map(tmp_path / "m.png", {"Dice": rows, "Jaccard": rows}, names, title="t", note="n")
        with Image.open(tmp_path / "m.png") as picture:
            return picture.size

    assert size(2)[0] > size(2)[1]
    assert size(4)[0] < size(4)[1]


def test_colours_go_from_one_end_to_the_other_and_letters_stay_readable() -> None:
    def cell(mean: float) -> MatrixCell:
        return MatrixCell(mean, None, None, 1, own=False)

    assert cell(0.0).colour == cell(0.6).colour == (253, 231, 200)
    assert cell(1.0).colour == (49, 110, 170)
    assert cell(0.825).colour == (169, 204, 216)  # between 0.75 and 0.9
    assert (cell(0.6).ink, cell(1.0).ink) == ("#222222", "#ffffff")
    assert cell(0.5).interval == ""
    assert MatrixCell(0.5, 0.4, 0.6, 1, own=False).interval == "[0.400, 0.600]"
