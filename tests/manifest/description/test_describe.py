import csv
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dermaseg_monai.images import write_mask, write_rgb
from dermaseg_monai.manifest import Annotation, Attribute, Case, FileRecord, Manifest, processes
from dermaseg_monai.manifest.description import Row, describe, table, write_table
from dermaseg_monai.manifest.description.vocabulary import recorded
from dermaseg_monai.manifest.table import read_table
from tests.manifest.description.drawn import plain


def case(name: str, *, mask: bool = True, image: str | None = None, **attributes: Attribute) -> Case:
    annotations = (Annotation(FileRecord(f"masks/{name}.png", "0" * 64)),) if mask else ()
    return Case(name, FileRecord(image or f"images/{name}.png", "0" * 64), annotations, "train", attributes=attributes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Good, without a mask, cut short, and with a mask of another size."""
    rgb, mask = plain()
    for name in ("good", "bare", "cut", "odd"):
        write_rgb(tmp_path / "images" / f"{name}.png", rgb)
        write_mask(tmp_path / "masks" / f"{name}.png", mask)
    write_mask(tmp_path / "masks" / "odd.png", mask[:100])
    held = (tmp_path / "images" / "cut.png").read_bytes()
    (tmp_path / "images" / "cut.png").write_bytes(held[: len(held) // 2])
    return tmp_path


@pytest.fixture
def manifest() -> Manifest:
    cases = (case("good", dx="nv"), case("bare", mask=False), case("cut", age=40), case("odd"), case("gone"))
    return Manifest("five", "1", "CC-0", (*cases, case("volume", mask=False, image="v.nii.gz")))


def test_a_bad_image_gets_a_row_with_the_reason_and_costs_no_other(folder: Path, manifest: Manifest) -> None:
    rows = {row.case_id: row for row in describe(manifest, folder).rows}
    assert {name: row.status for name, row in rows.items()} == {
        "good": "measured",
        "bare": "no mask",
        "cut": "failed",
        "odd": "failed",
        "gone": "failed",
        "volume": "volume",
    }
    assert "cut.png" in rows["cut"].reason
    assert "its mask" in rows["odd"].reason
    assert "does not exist" in rows["gone"].reason
    assert rows["cut"].values["age"] == 40
    assert rows["cut"].values["lesion_area"] is None
    assert rows["good"].values["diagnosis"] == "nevus"
    assert rows["good"].values["lesion_area"] == pytest.approx(np.pi * 40**2 / 256**2, rel=0.01)
    assert rows["bare"].values["lesion_area"] is None
    assert rows["bare"].values["hair"] == 0
    assert rows["bare"].tone_reason == "no mask"


@pytest.mark.slow
def test_processes_give_the_same_rows(folder: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = describe(manifest, folder).rows
    monkeypatch.setattr(table, "_WORTH_A_PROCESS", 1)
    monkeypatch.setattr(processes, "usable_cores", lambda: 2)
    assert describe(manifest, folder).rows == alone


def test_a_picture_that_kills_its_process_gets_a_row_too(
    folder: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies_over_good(work: Callable[[Case], Row], items: Sequence[Case], **_: object) -> list[Row | None]:
        return [None if item.id == "good" else work(item) for item in items]

    monkeypatch.setattr(table, "results_of", dies_over_good)
    rows = describe(manifest, folder).rows
    assert [row.case_id for row in rows] == [case.id for case in manifest.cases]
    good = next(row for row in rows if row.case_id == "good")
    assert (good.status, good.values["diagnosis"], good.values["lesion_area"]) == ("failed", "nevus", None)
    assert "want of memory" in good.reason


def test_the_table_has_one_row_per_image_and_empty_cells_for_what_is_unknown(
    folder: Path, manifest: Manifest, tmp_path: Path
) -> None:
    write_table(tmp_path / "images.csv", [describe(manifest, folder)])
    with (tmp_path / "images.csv").open(newline="", encoding="utf-8") as stream:
        rows = {row["id"]: row for row in csv.DictReader(stream)}
    assert len(rows) == 6
    assert rows["good"]["tone_band"] in ("very light", "light", "intermediate")
    assert (rows["cut"]["status"], rows["cut"]["ita"], rows["cut"]["licence"]) == ("failed", "", "CC-0")


def test_no_cell_of_the_table_is_a_formula_and_the_table_can_be_joined(folder: Path, tmp_path: Path) -> None:
    good = replace(case("good", diagnosis="@nevus"), id="=1+2")
    write_table(tmp_path / "images.csv", [describe(Manifest("-x", "1", None, (good,)), folder)])
    with (tmp_path / "images.csv").open(newline="", encoding="utf-8") as stream:
        (row,) = csv.DictReader(stream)
    assert (row["data_set"], row["id"], row["diagnosis"]) == ("'-x", "'=1+2", "'@nevus")
    again = read_table(tmp_path / "images.csv", id_column="id")
    assert again.rows["=1+2"]["diagnosis"] == "@nevus"


def test_different_words_for_one_thing_become_one() -> None:
    ham = recorded(case("a", dx="mel", localization="back", sex="unknown", dataset="vidir_modern"), None)
    isic = recorded(case("b", diagnosis="Melanoma, NOS", site="posterior torso", sex="M", age="55.0"), None)
    assert ham["diagnosis"] == isic["diagnosis"] == "melanoma"
    assert ham["site"] == isic["site"] == "torso"
    assert (ham["sex"], isic["sex"], isic["age"], ham["source"]) == (None, "male", 55, "vidir_modern")


def test_words_in_no_list_stay_and_impossible_ages_do_not() -> None:
    found = recorded(case("a", diagnosis="Blue Nevus", age=430), None)
    assert (found["diagnosis"], found["age"]) == ("blue nevus", None)
