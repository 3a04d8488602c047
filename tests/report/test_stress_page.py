import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dermaseg_monai.assurance import (
    Photograph,
    Prediction,
    StressRow,
    StressSummary,
    Worst,
    summarise_stress,
)
from dermaseg_monai.data.stressors import STRESSORS
from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest import Case, FileRecord
from dermaseg_monai.report.stress_curves import draw_stress_curves, strength, title_of
from dermaseg_monai.report.stress_page import StressPicture, write_stress_page
from dermaseg_monai.report.stress_panel import draw_stress_panel

HOSTILE = '<script>alert("x")</script>'
NAMES = ("hair", "jpeg")
SIDE = 24
MASK = np.zeros((SIDE, SIDE), dtype=bool)
MASK[6:18, 6:18] = True


def make_summary() -> StressSummary:
    stressors = [STRESSORS[name] for name in NAMES]
    ids = [HOSTILE, *"bcdefghij"]
    rows = [StressRow(name, "none", 0, None, 0.9, 0.8, 0.8, 9, 9) for name in ids]
    for stressor in stressors:
        for step, level in enumerate(stressor.levels, start=1):
            lost = 0.1 * step if stressor.name == "jpeg" else 0.0
            rows += [
                StressRow(name, stressor.name, step, level, 0.9 - lost, 0.8 - lost, 0.8 - lost, 9, 9) for name in ids
            ]
    cases = [Case(name, FileRecord(f"{at}.png", str(at) * 64), (), "test") for at, name in enumerate(ids)]
    return summarise_stress(rows, stressors=stressors, cases=cases, seed=0)


def shown(level: int = 0) -> tuple[Photograph, Prediction]:
    image = np.full((SIDE, SIDE, 3), 200 - level, dtype=np.uint8)
    return Photograph(HOSTILE, image, MASK), Prediction(HOSTILE, np.roll(MASK, level, axis=1), MASK)


def page_of(path: Path, summary: StressSummary) -> str:
    worst = summary.worst[0] if summary.worst else Worst(HOSTILE, "jpeg", 5, 90.0, 0.9, 0.4)
    panel = draw_stress_panel(shown(), shown(4), strength="JPEG", dice=(0.9, 0.4))
    write_stress_page(
        path,
        summary,
        facts={"Bundle": "<b>x</b>", "Split": "test"},
        curves=draw_stress_curves(summary.curves, title="$x_{", confidence=0.95),
        pictures=[StressPicture(worst, panel)],
    )
    return path.read_text(encoding="utf-8")


def test_a_page_names_what_hurts_most_and_shows_every_level(tmp_path: Path) -> None:
    page = page_of(tmp_path / "stress.html", make_summary())
    assert "JPEG costs most: at its strongest level (100 - JPEG quality: 90) Dice falls from 0.900 to 0.400" in page
    assert "No loss on average could be shown for hair." in page
    assert page.index("<h3>JPEG</h3>") < page.index("<h3>Hair</h3>")
    assert "<td>0.500 [0.500, 0.500]</td>" in page
    assert "Not a medical device." in page
    assert "-0.000" not in page


def test_a_page_of_few_lesions_gives_no_verdict(tmp_path: Path) -> None:
    few = make_summary()
    few = replace(few, curves=tuple(replace(curve, n_groups=9) for curve in few.curves))
    page = page_of(tmp_path / "stress.html", few)
    assert "Too few lesions to say which losses are more than chance (9; it takes 10)." in page
    assert "could be shown" not in page
    assert "Fewer than 10 groups (9): the interval is too narrow." in page


def test_a_page_stands_alone_and_runs_nothing(tmp_path: Path) -> None:
    page = page_of(tmp_path / "stress.html", replace(make_summary(), failed={HOSTILE: f"{HOSTILE} is cut short"}))
    assert "<script" not in page
    assert "<b>x" not in page
    assert "&lt;script&gt;alert(" in page
    assert "Cases that took no part (1)" in page
    sources = re.findall(r'(?:src|href)="([^"]{0,30})', page)
    assert sources
    assert all(source.startswith("data:image/jpeg;base64,") for source in sources)


def test_curves_of_one_and_of_many_stressors_are_drawn() -> None:
    summary = make_summary()
    one, two = (draw_stress_curves(summary.curves[:n], title="x", confidence=0.95) for n in (1, 2))
    assert one.shape[1] >= 640
    assert (two != 255).any(axis=2).sum() > (one != 255).any(axis=2).sum()
    many = draw_stress_curves(summary.curves * 5, title="x", confidence=0.95)
    assert many.shape[0] > 2 * one.shape[0] - 100


def test_curves_without_intervals_are_drawn() -> None:
    alone = make_summary()
    bare = [
        replace(curve, undisturbed={k: replace(v, low=None, high=None) for k, v in curve.undisturbed.items()})
        for curve in alone.curves
    ]
    assert draw_stress_curves(bare, title="x", confidence=0.95).ndim == 3


def test_a_panel_shows_both_photographs_and_both_predictions() -> None:
    panel = draw_stress_panel(shown(), shown(4), strength="noise, level 1 (x: 4)", dice=(1.0, 0.67))
    assert panel.shape[1] == 3 * 380 + 4 * 14
    assert panel.shape[0] > 380
    other = draw_stress_panel(shown(), shown(), strength="noise, level 1 (x: 4)", dice=(1.0, 0.67))
    differs = (panel != other).any(axis=(0, 2))
    assert not differs[:390].any()  # the undisturbed third
    assert differs[420:780].any()
    assert differs[810:1180].any()


def test_a_prediction_on_another_grid_is_not_drawn() -> None:
    photograph, _ = shown()
    small = Prediction(HOSTILE, MASK[::2, ::2], MASK[::2, ::2])
    with pytest.raises(DataError, match="cannot be drawn: the prediction has"):
        draw_stress_panel((photograph, small), shown(), strength="x", dice=(1.0, 1.0))


def test_names_and_strengths_read_as_words() -> None:
    assert [title_of(name) for name in ("jpeg", "white_balance", "hair")] == ["JPEG", "white balance", "hair"]
    assert strength("100 - JPEG quality", 95.0) == "100 - JPEG quality: 95"
