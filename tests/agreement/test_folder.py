from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dermaseg_monai.agreement import readings_of_folder, readings_of_manifest
from dermaseg_monai.data.demo import make_demo
from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.manifest import Annotation, Case, FileRecord, Manifest, Split
from tests.agreement.conftest import Write


def test_names_say_case_annotator_tool_and_skill(write: Write) -> None:
    root = write("ISIC_1_A04_T1_S2.png").parent
    for name in ("ISIC_1_A06_T3_S1.png", "ISIC_2_A06_T1_S1.png", "preview.png"):
        write(name)
    cases, strange = readings_of_folder(root, "ISIC_{case}_{annotator}_{tool}_{skill}.png")
    assert [case.id for case in cases] == ["1", "2"]
    first = cases[0].readings[0]
    assert (first.annotator, first.tool, first.skill) == ("A04", "T1", "S2")
    assert [path.name for path in strange] == ["preview.png"]


def test_annotators_may_be_folders(write: Write) -> None:
    root = write("ann/case-7.png").parents[1]
    write("bob/case-7.png")
    (case,), _ = readings_of_folder(root, "{annotator}/{case}.png")
    assert (case.id, [reading.annotator for reading in case.readings]) == ("case-7", ["ann", "bob"])


def test_an_ending_in_capitals_is_the_same_ending(write: Write) -> None:
    root = write("ann/c1.png").parents[1]
    write("carla/c1.PNG")
    (case,), strange = readings_of_folder(root, "{annotator}/{case}.png")
    assert ([reading.annotator for reading in case.readings], case.id, strange) == (["ann", "carla"], "c1", [])


def test_a_pattern_without_an_ending_takes_every_type_of_image(write: Write) -> None:
    root = write("ann/c1.png").parents[1]
    write("bob/c1.TIF")
    (case,), _ = readings_of_folder(root, "{annotator}/{case}")
    assert (case.id, [reading.annotator for reading in case.readings]) == ("c1", ["ann", "bob"])


def test_photographs_below_the_folder_are_neither_outlines_nor_left_out(write: Write) -> None:
    root = write("ann/c1.png").parents[1]
    write("bob/c1.png")
    photographs = {"c1": write("images/c1.bmp"), "c2": write("images/c2.png")}
    for pattern in ("{annotator}/{case}.png", "{annotator}/{case}"):
        (case,), strange = readings_of_folder(root, pattern, photographs=photographs)
        assert ([reading.annotator for reading in case.readings], strange) == (["ann", "bob"], [])


def test_a_reader_who_saved_another_type_stops_the_study(write: Write) -> None:
    root = write("ann/c1.png").parents[1]
    write("bob/c1.png")
    write("dan/c1.bmp")
    with pytest.raises(DataError, match=r"leave out 1 outlines .*all of dan \(1 \.bmp\).*'\{annotator\}/\{case\}'\."):
        readings_of_folder(root, "{annotator}/{case}.png")


def test_names_that_do_not_fit_are_shown(write: Write) -> None:
    root = write("a_by_ann.png").parent
    with pytest.raises(DataError, match=r"fits the pattern '\{case\}-\{annotator\}\.png'; found: a_by_ann\.png"):
        readings_of_folder(root, "{case}-{annotator}.png")


def test_one_annotator_alone_agrees_with_nobody(write: Write) -> None:
    root = write("a_ann.png").parent
    write("b_ann.png")
    with pytest.raises(DataError, match=r"one annotator \(ann\): agreement needs two"):
        readings_of_folder(root, "{case}_{annotator}.png")


@pytest.mark.parametrize("pattern", ["{case}.png", "{case}_{case}_{annotator}.png", "{case}_{annotator}_{id}.png"])
def test_a_pattern_that_cannot_work_is_refused(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(ConfigError, match="must hold"):
        readings_of_folder(tmp_path, pattern)


def test_the_readers_of_a_manifest_count_and_its_reference_where_they_are_too_few(tmp_path: Path) -> None:
    manifest = Manifest.load(make_demo(tmp_path / "demo", n=10, seed=0))
    cases = readings_of_manifest(manifest, tmp_path / "demo")
    assert [[reading.annotator for reading in case.readings] for case in cases] == [["tight", "loose", "noisy"]] * 10


def test_cases_of_one_lesion_patient_or_picture_are_one_group(tmp_path: Path) -> None:
    ties: list[dict[str, Any]] = [
        {"lesion_id": "L", "patient_id": "P"}, {"lesion_id": "L"}, {"patient_id": "P", "split": "excluded"},
        {"sha256": "same"}, {"sha256": "same"}, {"attributes": {"group": 7}}, {"attributes": {"group": 7}},
        {"patient_id": "alone"}, {},
    ]  # fmt: skip
    manifest = Manifest("m", "1", None, tuple(_tied(f"c{at}", **tie) for at, tie in enumerate(ties)))
    found = {case.id: case.group for case in readings_of_manifest(manifest, tmp_path)}
    assert found == {"c0": "c0", "c1": "c0", "c3": "c3", "c4": "c3", "c5": "c5", "c6": "c5", "c7": None, "c8": None}


def test_readers_without_a_name_are_not_taken_for_one_person(tmp_path: Path) -> None:
    case = _tied("c0")
    manifest = Manifest(
        "m", "1", None, (replace(case, annotations=tuple(replace(one, annotator=None) for one in case.annotations)),)
    )
    with pytest.raises(DataError, match=r"Case c0 has 2 outlines by readers without a name"):
        readings_of_manifest(manifest, tmp_path)


def _tied(name: str, *, sha256: str = "", split: Split = "train", **ties: Any) -> Case:  # noqa: ANN401 (ids and attributes)
    image = FileRecord(f"{name}.png", sha256 or name, size_px=(40, 60))
    annotations = tuple(Annotation(replace(image, path=f"{who}.png"), who, role="reader") for who in ("ann", "bob"))
    return Case(name, image, annotations, split, **ties)
