from dataclasses import replace
from pathlib import Path

import pytest

from dermaseg_monai.metrics.table import Table
from dermaseg_monai.report.generalisation_cell import MatrixCell
from dermaseg_monai.report.generalisation_page import GeneralisationPage, write_generalisation_page

EVIL = '<script>alert("1")</script>&'
SAFE = "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;"


@pytest.fixture
def page() -> GeneralisationPage:
    cell = MatrixCell(0.8, 0.7, 0.9, 12, own=True, remark="all 13: 0.810")
    table = Table(("trained on", "n"), [("a", "1")])
    return GeneralisationPage(
        title="Generalisation: a-b",
        lead=["It costs."],
        names=["a", "b"],
        matrices={"Dice ↑": ((cell, None), (None, cell))},
        matrix_note="Mean.",
        gaps={"Gap": (table, "Explained.")},
        overlap=table,
        overlap_note=["Left out."],
        differences=["Sizes differ."],
        sets=table,
        networks=table,
        method=["Bootstrap."],
        missing=[],
    )


def written(folder: Path, page: GeneralisationPage) -> str:
    write_generalisation_page(folder / "index.html", page)
    return (folder / "index.html").read_text(encoding="utf-8")


def test_the_page_shows_scores_intervals_and_what_was_left_out(tmp_path: Path, page: GeneralisationPage) -> None:
    text = written(tmp_path, page)
    for words in ("<b>0.800</b>", "[0.700, 0.900]", "12 images", "all 13: 0.810", "not scored", "Not a medical device"):
        assert words in text
    assert "<h2>Not scored</h2>" not in text
    assert "<li>a on b: failed</li>" in written(tmp_path, replace(page, missing=["a on b: failed"]))


def test_the_page_needs_nothing_else_and_runs_nothing(tmp_path: Path, page: GeneralisationPage) -> None:
    text = written(tmp_path, page)
    assert not [word for word in ("<script", "http://", "https://", "src=", "<link") if word in text]


def test_names_of_any_kind_are_shown_as_they_are(tmp_path: Path, page: GeneralisationPage) -> None:
    table = Table((EVIL, "n"), [(EVIL, "1")], (EVIL,))
    cell = MatrixCell(0.8, None, None, 1, own=False, remark=EVIL)
    evil = GeneralisationPage(
        title=EVIL,
        lead=[EVIL],
        names=[EVIL],
        matrices={EVIL: ((cell,),)},
        matrix_note=EVIL,
        gaps={EVIL: (table, EVIL)},
        overlap=table,
        overlap_note=[EVIL],
        differences=[EVIL],
        sets=table,
        networks=table,
        method=[EVIL],
        missing=[EVIL],
    )
    text = written(tmp_path, evil)
    assert EVIL not in text
    assert text.count(SAFE) >= 20
    del page
