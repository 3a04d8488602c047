import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dermaseg_monai.errors import DataError
from dermaseg_monai.exchange import read_export, region

SIZES = {"a": (6, 9)}


def lesion(rows: slice, columns: slice) -> np.ndarray:
    mask = np.zeros((6, 9), dtype=bool)
    mask[rows, columns] = True
    return mask


UPPER, LOWER = lesion(slice(0, 2), slice(3, 8)), lesion(slice(4, 6), slice(0, 2))


def annotation(*results: dict[str, Any], **change: Any) -> dict[str, Any]:  # noqa: ANN401
    sound = {"completed_by": 4, "was_cancelled": False, "updated_at": "2026-11-21T10:00:00Z", "result": list(results)}
    return sound | change


def export(tmp_path: Path, *annotations: dict[str, Any], **data: object) -> Path:
    path = tmp_path / "export.json"
    path.write_text(json.dumps([{"data": {"case_id": "a", "digest": "d", **data}, "annotations": list(annotations)}]))
    return path


def read(path: Path):  # noqa: ANN201
    return read_export(path, people={"4": "ada", "bo@example.org": "bo"}, sizes=SIZES)


def test_all_that_was_painted_is_one_mask_with_who_and_when(tmp_path: Path) -> None:
    (answer,), skipped = read(export(tmp_path, annotation(region(UPPER, "1"), region(LOWER, "2"))))
    assert (answer.mask == (UPPER | LOWER)).all()
    assert (answer.case_id, answer.digest, answer.annotator) == ("a", "d", "ada")
    assert (answer.created_at, answer.says_no_lesion, skipped) == ("2026-11-21T10:00:00Z", False, [])


def test_an_account_may_come_with_its_address_and_skipped_tasks_are_named(tmp_path: Path) -> None:
    stated = {"from_name": "statement", "type": "choices", "value": {"choices": ["no lesion"]}}
    by_bo = annotation(stated, completed_by={"id": 9, "email": "bo@example.org"})
    (answer,), skipped = read(export(tmp_path, by_bo, annotation(was_cancelled=True)))
    assert (answer.annotator, answer.says_no_lesion, answer.mask.any(), skipped) == ("bo", True, False, ["a"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"completed_by": 5}, "'a' was answered by account '5', who may not; these may: 4, bo@example.org"),
        ({"updated_at": None}, "the annotation of ada has no date"),
        ({"updated_at": "yesterday"}, "the annotation of ada has no date"),
        ({"result": 5}, "Case 'a' has a result of another form"),
        ({"result": ["x"]}, "Case 'a' has a result of another form"),
        ({"result": [{"value": None}]}, "Case 'a' has a result of another form"),
        (
            {"result": [{"from_name": "mask", "value": {"brushlabels": None}}]},
            "Case 'a': brushlabels is 'None', no list",
        ),
        ({"result": [{"from_name": "statement", "value": {"choices": 5}}]}, "Case 'a': choices is '5', no list"),
        ({"result": [region(np.ones((9, 6), dtype=bool), "1")]}, "painted on 9 x 6 px, the picture has 6 x 9"),
        ({"result": [region(UPPER, "1") | {"image_rotation": 90}]}, "painted on a rotated picture"),
        ({"result": [region(UPPER, "1") | {"value": {"brushlabels": ["lesion"]}}]}, "without brush mask"),
        (
            {"result": [region(UPPER, "1") | {"value": {"format": "rle", "rle": [0, 1], "brushlabels": ["lesion"]}}]},
            "Case 'a': A brush mask ends after 2 bytes",
        ),
    ],
)
def test_an_annotation_that_cannot_be_taken_names_its_case(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        read(export(tmp_path, annotation(region(UPPER, "1")) | change))


def test_files_that_are_no_export_of_ours_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    for text, said in (
        ("{", "cannot be read as an export"),
        ("{}", "is no list of tasks"),
        ('[{"data": {"image": "x"}, "annotations": []}]', "Task 1 of .* has no case_id and digest"),
        ('[{"data": {"case_id": "a", "digest": "d"}}]', "has no list of annotations"),
        (
            '[{"data": {"case_id": "a", "digest": "d"}, "annotations": [null]}]',
            "Task 1 .* annotation that is no object",
        ),
        ('[{"data": {"case_id": "a", "digest": "d"}, "annotations": ["x"]}]', "Task 1 .* annotation that is no object"),
        ("[" * 100_000, r"cannot be read as an export \(it is nested too deeply\)"),
    ):
        path.write_text(text)
        with pytest.raises(DataError, match=said):
            read(path)
    with pytest.raises(DataError, match="'b' of the export was not asked here"):
        read(export(tmp_path, annotation(), case_id="b"))


def test_a_size_that_only_the_manifest_knows_takes_no_memory(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Case 'a' has 1000000 x 1000000 px; at most 100,000,000"):
        read_export(export(tmp_path, annotation()), people={"4": "ada"}, sizes={"a": (10**6, 10**6)})
