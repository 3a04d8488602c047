"""What was drawn is found, and plain skin with a lesion holds none of it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from dermaseg_monai.data.demo import make_demo
from dermaseg_monai.manifest import Manifest
from dermaseg_monai.manifest.description import describe
from dermaseg_monai.manifest.description.artefacts import NAMES, find_artefacts
from tests.manifest.description.drawn import disc, photograph, plain, sample

AUCS = {
    "hair": ("hair", 0.9),
    "ruler": ("ruler", 0.85),
    "bubbles": ("bubbles", 0.8),
    "reflections": ("highlights", 0.65),
    "dark_corners": ("dark_corners", 0.95),
    "ink": ("ink", 0.8),
    "patches": ("sticker", 0.85),
}


def hair(rgb: np.ndarray) -> None:
    for at in range(0, 90, 15):
        rgb[20:110, 20 + at : 22 + at] = (60, 40, 30)


def ruler(rgb: np.ndarray) -> None:
    rgb[230, 40:216] = 40
    for column in range(40, 217, 16):
        rgb[222:230, column] = 40


def bubbles(rgb: np.ndarray) -> None:
    for row, column in ((40, 40), (210, 60), (60, 200)):
        rgb[disc(row, column, 9)] = (120, 90, 70)
        rgb[disc(row, column, 7)] = (235, 200, 180)


def reflections(rgb: np.ndarray) -> None:
    rgb[30:34, 30:34] = 255


def dark_corners(rgb: np.ndarray) -> None:
    rgb[~disc(127.5, 127.5, 140)] = 5


def ink(rgb: np.ndarray) -> None:
    rgb[200:208, 40:120] = (110, 60, 170)


def patches(rgb: np.ndarray) -> None:
    rgb[disc(128, 256, 50)] = (240, 140, 40)


@pytest.mark.parametrize("draw", [hair, ruler, bubbles, reflections, dark_corners, ink, patches])
def test_what_was_drawn_is_found(draw: Callable[[np.ndarray], None]) -> None:
    rgb, mask = plain()
    clean = find_artefacts(sample(rgb, mask)).values
    draw(rgb)
    spoiled = find_artefacts(sample(rgb, mask)).values
    before, after = clean[draw.__name__], spoiled[draw.__name__]
    assert before is not None
    assert after is not None
    assert after > before
    assert before == pytest.approx(0, abs=0.02)


def test_shares_are_those_drawn() -> None:
    rgb, mask = plain()
    patches(rgb)
    beside = sample(rgb, mask).beside
    drawn = (disc(128, 256, 50) & beside).sum() / beside.sum()
    assert find_artefacts(sample(rgb, mask)).values["patches"] == pytest.approx(drawn, rel=0.05)


def test_the_lines_of_a_ruler_are_not_counted_as_hair() -> None:
    rgb, mask = plain()
    ruler(rgb)
    found = find_artefacts(sample(rgb, mask)).values
    assert found["ruler"] is not None
    assert found["ruler"] > 0.3
    assert found["hair"] == 0


def test_bubbles_are_counted_one_by_one() -> None:
    rgb, mask = plain()
    bubbles(rgb)
    assert find_artefacts(sample(rgb, mask)).values["bubbles"] == 3


def test_what_is_drawn_is_no_clean_skin() -> None:
    rgb, mask = plain()
    patches(rgb)
    dark_corners(rgb)
    found = find_artefacts(sample(rgb, mask)).unusable
    assert found[0, 0]
    assert found[128, 250]
    assert not found[30, 128]


def test_a_dark_lesion_in_a_corner_is_no_dark_corner() -> None:
    mask = disc(0, 0, 60)
    rgb = photograph(mask)
    rgb[mask] = 10
    assert find_artefacts(sample(rgb, mask)).values["dark_corners"] == 0


def test_a_lesion_that_leaves_no_skin_gives_no_estimates_beside_it() -> None:
    full = np.ones((256, 256), dtype=bool)
    found = find_artefacts(sample(photograph(full), full)).values
    assert {name: found[name] for name in NAMES if name != "dark_corners"} == dict.fromkeys(
        set(NAMES) - {"dark_corners"}
    )


def test_one_row_of_pixels_is_measured_without_an_error() -> None:
    find_artefacts(sample(np.full((1, 3000, 3), 128, dtype=np.uint8), None))


@pytest.mark.slow
def test_artefacts_of_the_demo_set_are_told_from_its_clean_pictures(tmp_path: Path) -> None:
    path = make_demo(tmp_path / "demo", n=120, seed=7)
    manifest = Manifest.load(path)
    rows = describe(manifest, path.parent).rows
    for name, (word, least) in AUCS.items():
        has = np.array([word in str(case.attributes["artefacts"]).split(", ") for case in manifest.cases])
        scores = np.array([row.values[name] or 0 for row in rows], dtype=float)
        auc = mannwhitneyu(scores[has], scores[~has]).statistic / (has.sum() * (~has).sum())
        assert auc > least, name
    true = np.array([case.attributes["ita_deg"] for case in manifest.cases], dtype=float)
    found = np.array([row.values["ita"] if row.values["ita"] is not None else np.nan for row in rows], dtype=float)
    known = np.isfinite(found)
    assert known.mean() > 0.9
    assert np.corrcoef(true[known], found[known])[0, 1] > 0.85
