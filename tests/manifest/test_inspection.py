import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dermaseg_monai.manifest import Manifest, counts_of, index_folder, inspect, verify, write_problem_table
from dermaseg_monai.manifest.inspection import Inspection

Saver = Callable[..., None]


@pytest.fixture
def three(tmp_path: Path, save_image: Saver, save_mask: Saver) -> Path:
    """Pictures a, b, c (6 x 8) that differ, with masks of one to three rows at the upper border."""
    root = tmp_path / "three"
    for rows, name in enumerate("abc", start=1):
        save_image(root / "images" / f"{name}.png", level=10 * rows)
        save_mask(root / "masks" / f"{name}.png", rows=rows)
    return root


def found(inspection: Inspection) -> dict[str, list[tuple[str, ...]]]:
    """The ids of every finding but `border`, by kind."""
    kinds: dict[str, list[tuple[str, ...]]] = {}
    for one in inspection.findings:
        if one.kind != "border":
            kinds.setdefault(one.kind, []).append(one.case_ids)
    return kinds


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_findings_are_no_problems(three: Path) -> None:
    inspection = inspect(index_folder(three), three)
    assert inspection.problems == ()
    assert [(one.kind, one.case_ids) for one in inspection.findings] == [
        ("border", ("c",)),
        ("border", ("b",)),
        ("border", ("a",)),
    ]
    assert inspection.findings[2].detail == "masks/a.png touches the border of the picture with 8 px"


def test_problems_are_those_of_verify(three: Path) -> None:
    manifest = index_folder(three)
    (three / "images/b.png").unlink()
    (three / "masks/c.png").write_bytes(b"no picture")
    inspection = inspect(manifest, three)
    assert [problem.kind for problem in inspection.problems] == ["missing", "changed"]
    assert list(inspection.problems) == verify(manifest, three)


def test_one_file_under_two_ids(three: Path) -> None:
    (three / "images/c.png").write_bytes((three / "images/a.png").read_bytes())
    assert found(inspect(index_folder(three), three)) == {"same_file": [("a", "c")]}


def test_the_same_pixels_in_two_formats(three: Path) -> None:
    Image.open(three / "images/b.png").save(three / "images/b.bmp")
    (three / "images/b.png").rename(three / "images/d.png")
    (three / "masks/d.png").write_bytes((three / "masks/b.png").read_bytes())
    held = found(inspect(index_folder(three), three))
    assert held == {"same_pixels": [("b", "d")], "same_mask": [("b", "d")]}


def test_pictures_of_another_shape_are_no_twins(three: Path, save_image: Saver, save_mask: Saver) -> None:
    save_image(three / "images/d.png", level=10, height=8, width=6)
    save_mask(three / "masks/d.png", rows=4, height=8, width=6)
    assert found(inspect(index_folder(three), three)) == {}


def test_empty_masks_are_alike_without_being_twins(three: Path) -> None:
    for name in "ab":
        Image.fromarray(np.zeros((6, 8), dtype=np.uint8)).save(three / "masks" / f"{name}.png")
    assert found(inspect(index_folder(three), three)) == {"empty": [("a",), ("b",)]}


def test_a_second_inspection_reads_no_file(three: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = index_folder(three)
    first = inspect(manifest, three)
    for name in ("sha256_of", "read_image", "read_mask"):
        monkeypatch.setattr(f"dermaseg_monai.manifest.verification.{name}", None)
    assert inspect(manifest, three) == first


def test_what_verify_remembers_lacks_nothing_for_the_inspection(three: Path) -> None:
    manifest = index_folder(three)
    verify(manifest, three)
    assert len(inspect(manifest, three).findings) == 3


def test_facts_of_another_release_are_found_anew(three: Path, own_cache: Path) -> None:
    manifest = index_folder(three)
    first = inspect(manifest, three)
    (memory,) = own_cache.rglob("*.json")
    memory.write_text(memory.read_text().replace("mask and picture, 1", "mask and picture, 0").replace("px", "pixels"))
    assert inspect(manifest, three) == first


def test_the_table_has_a_row_for_each(three: Path, tmp_path: Path) -> None:
    manifest = index_folder(three)
    (three / "images/b.png").unlink()
    inspection = inspect(manifest, three)
    write_problem_table(tmp_path / "t.csv", inspection)
    rows = read_rows(tmp_path / "t.csv")
    assert [(row["level"], row["kind"], row["case_id"]) for row in rows] == [
        ("error", "missing", "b"),
        ("finding", "border", "c"),
        ("finding", "border", "b"),
        ("finding", "border", "a"),
    ]
    assert [(level, kind, number) for level, kind, number, _ in counts_of(inspection)] == [
        ("error", "missing", 1),
        ("finding", "border", 3),
    ]


def test_an_id_is_no_formula_in_a_spreadsheet(three: Path, tmp_path: Path) -> None:
    manifest = index_folder(three)
    odd = tuple(replace(case, id=f"=1+{case.id}") for case in manifest.cases)
    odd_manifest = Manifest(name="odd", version="1", licence=None, cases=odd)
    write_problem_table(tmp_path / "t.csv", inspect(odd_manifest, three))
    rows = read_rows(tmp_path / "t.csv")
    assert {row["case_id"] for row in rows} == {"'=1+a", "'=1+b", "'=1+c"}
