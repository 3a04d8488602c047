import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dermaseg_monai.images import write_mask, write_rgb
from dermaseg_monai.manifest import Annotation, Case, FileRecord, Manifest, Scope, Split
from dermaseg_monai.manifest.description import Described, compare_sets, compare_splits, describe
from dermaseg_monai.report.description_page import write_description_page
from dermaseg_monai.report.histograms import draw_bars, draw_histogram

HOSTILE = "<script>alert(1)<!--&$x$"  # without a slash, which no id has


def drawn(folder: Path, name: str, level: int, *, split: Split = "train", mask: bool = True) -> Case:
    rgb = np.full((40, 60, 3), (level, level // 2 + 40, 80), dtype=np.uint8)
    lesion = np.zeros((40, 60), dtype=bool)
    lesion[10 : 12 + level // 10, 20:40] = True
    rgb[lesion] //= 2
    write_rgb(folder / f"{level}.png", rgb)
    write_mask(folder / f"{level}_mask.png", lesion)
    annotations = (Annotation(FileRecord(f"{level}_mask.png", "0" * 64)),) if mask else ()
    image = FileRecord(f"{level}.png", f"{level:064d}")
    return Case(name, image, annotations, split, attributes={"diagnosis": HOSTILE, "sex": name[0]})


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Described:
    folder = tmp_path_factory.mktemp("set")
    cases = [drawn(folder, f"{HOSTILE}{at}", 100 + at) for at in range(25)]
    cases += [drawn(folder, f"test{at}", 180 + at, split="test", mask=at > 2) for at in range(22)]
    cases.append(Case("gone", FileRecord("gone.png", "1" * 64), (), "test"))
    rules = dict.fromkeys(("edge_definition", "ambiguous_cases", "minimum_size", "border_rule", "background"))
    scope = Scope("rules", "1", "the whole lesion", "dermoscopy", **rules)
    return describe(Manifest("mine", "1", HOSTILE, tuple(cases), scope=scope), folder)


def test_the_page_stands_alone_and_escapes_what_comes_from_outside(described: Described, tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    write_description_page(page, [described], compare_splits(described))
    text = page.read_text(encoding="utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert all(source.startswith("data:image/") for source in re.findall(r'src="([^"]*)"', text))
    assert "“test” beside “train”" in text
    assert "the whole lesion" in text
    assert "no demographic fairness" in text or "demographic fairness" in text
    assert "gone.png" in text
    assert "highest" in text


def test_what_the_other_set_holds_is_shown_with_its_pictures(described: Described, tmp_path: Path) -> None:
    larger = tuple(replace(row, values={**row.values, "lesion_area": 0.9}) for row in described.rows)
    second = replace(described, name="theirs", rows=larger)
    page = tmp_path / "index.html"
    comparison = compare_sets(described, second)
    assert comparison.novelties
    write_description_page(page, [described, second], [comparison])
    text = page.read_text(encoding="utf-8")
    assert "In “theirs” but hardly in “mine”" in text
    assert "Lesion area: above" in text
    assert text.count("<figcaption><b>0.9</b>") == 4


def test_a_picture_that_has_gone_since_is_named(described: Described, tmp_path: Path) -> None:
    write_description_page(tmp_path / "index.html", [replace(described, dataset_dir=tmp_path)], [])
    assert "cannot be shown" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_what_nobody_knows_is_one_line_at_the_end(described: Described, tmp_path: Path) -> None:
    unknown = tuple(replace(row, values={**row.values, "lesion_area": None}) for row in described.rows)
    write_description_page(tmp_path / "index.html", [replace(described, rows=unknown)], [])
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "<h3>Lesion area" not in text
    assert "Nothing known" not in text
    assert re.search(r"<p class=faint>Nothing is known of: [^<]*Lesion area[^<]*\.</p>", text)
    assert "<h1>What “mine” looks like</h1>" in text


def test_fewer_than_thirty_values_are_points_and_more_are_bins() -> None:
    few, many = np.linspace(0, 1, 29), np.linspace(0, 1, 30)
    found = {name: draw_histogram(held, "px") or b"" for name, held in
        {"few": {"a": few}, "many": {"a": many}, "both": {"a": many, "b": few}}.items()}  # fmt: skip
    assert {name: b"% of images" in svg for name, svg in found.items()} == {"few": False, "many": True, "both": True}
    # every point is a use of one marker, and so is every tick
    assert found["few"].count(b"<use") >= 29 > found["many"].count(b"<use")
    assert found["both"].count(b"<use") >= 29


def test_figures_are_the_same_every_time_and_need_values() -> None:
    values = {"a": np.arange(50.0), "b": np.array([np.nan, 3.0])}
    first = draw_histogram(values, "mm")
    assert first is not None
    assert first == draw_histogram(values, "mm")
    assert draw_histogram({"a": np.array([np.nan])}, "") is None
    assert draw_histogram({"a": np.array([2.0, 2.0])}, "") is not None
    assert draw_bars({"a": {}}) is None
    bars = draw_bars({"a": {HOSTILE: 3, "b": 1}, "empty": {}})
    assert bars is not None
    assert b"<script" not in bars
