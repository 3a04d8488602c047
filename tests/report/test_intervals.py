from pathlib import Path

import numpy as np
from PIL import Image

from dermaseg_monai.report.intervals import IntervalRow, save_intervals


def test_a_row_that_stands_out_is_drawn_in_the_second_colour(tmp_path: Path) -> None:
    def colours(*, strong: bool) -> set[tuple[int, ...]]:
        rows = [IntervalRow("a", 0.1, 0.05, 0.15, strong=strong), IntervalRow("b" * 90, 0.2, None, None, (0.1, 0.3))]
        path = tmp_path / f"{strong}.png"
        save_intervals(path, {"Jaccard ↑": rows}, title="try", note="mean", zero=True)
        with Image.open(path) as picture:
            return {tuple(pixel) for pixel in np.asarray(picture.convert("RGB")).reshape(-1, 3).tolist()}

    vermilion, blue = (0xD5, 0x5E, 0x00), (0x00, 0x72, 0xB2)
    assert vermilion in colours(strong=True)
    plain = colours(strong=False)
    assert blue in plain
    assert vermilion not in plain


def test_a_name_is_no_formula(tmp_path: Path) -> None:
    row = IntervalRow(r"$\frac$", 0.1, 0.05, 0.15)
    save_intervals(tmp_path / "a.png", {r"$\frac$": [row]}, title=r"$\frac$", note=r"$\frac$", zero=True)
