import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest import Annotation, Case, FileRecord, Manifest, index_decathlon


def rewritten(manifest: Manifest, path: Path, **changes: object) -> Path:
    path.write_text(json.dumps({**manifest.to_json(), **changes}))
    return path


def test_a_saved_manifest_comes_back_equal_with_every_field(make_case: Callable[..., Case], tmp_path: Path) -> None:
    mask = FileRecord("m/1.nii.gz", "1" * 64, shape_vox=(4, 5, 6), spacing_mm=(0.5, 0.5, 2.0))
    annotation = Annotation(mask, "A04", "T1", "S2", "2024-05-06T07:08:09", "adjudicated", "m/0.nii.gz")
    case = make_case(
        "a",
        "test",
        image=FileRecord("i/1.nii.gz", "2" * 64, shape_vox=(4, 5, 6), spacing_mm=(0.5, 0.5, 2.0)),
        annotations=(annotation,),
        lesion_id="L",
        patient_id="P",
        attributes={"age": 4, "width": 1.5, "sex": "female", "site": None},
        licence="CC-0",
        attribution="Müller",
    )
    saved = Manifest(name="all", version="2", licence=None, cases=(case,))
    saved.save(tmp_path / "m.json")
    assert Manifest.load(tmp_path / "m.json") == saved
    assert "Müller" in (tmp_path / "m.json").read_text(encoding="utf-8")


def test_neither_bytes_nor_digest_depend_on_the_order_of_cases_and_attributes(
    manifest: Manifest, tmp_path: Path
) -> None:
    a, b = manifest.cases
    turned = replace(manifest, cases=(b, replace(a, attributes=dict(reversed(list(a.attributes.items()))))))
    manifest.save(tmp_path / "1.json")
    turned.save(tmp_path / "2.json")
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "2.json").read_bytes()
    assert manifest.digest == turned.digest


def test_the_digest_is_the_sha256_of_the_canonical_json(make_case: Callable[..., Case]) -> None:
    case = make_case("a", image=FileRecord("i.png", "1" * 64), annotations=(), attributes={"age": 4.5})
    canonical = (
        '{"cases":[{"annotations":[],"attributes":{"age":4.5},"id":"a",'
        f'"image":{{"path":"i.png","sha256":"{"1" * 64}"}},"split":"train"}}],'
        '"licence":null,"name":"x","schema":1,"version":"1"}'
    )
    manifest = Manifest(name="x", version="1", licence=None, cases=(case,))
    assert manifest.digest == hashlib.sha256(canonical.encode()).hexdigest()


def test_the_digest_notes_any_change(manifest: Manifest) -> None:
    a, b = manifest.cases
    assert replace(manifest, cases=(replace(a, split="excluded"), b)).digest != manifest.digest


def test_in_split_gives_the_cases_in_the_order_of_their_ids(make_case: Callable[..., Case]) -> None:
    cases = (make_case("c"), make_case("a"), make_case("b", "val"))
    manifest = Manifest(name="x", version="1", licence=None, cases=cases)
    assert [case.id for case in manifest.in_split("train")] == ["a", "c"]
    assert manifest.counts == {"train": 2, "val": 1, "test": 0, "excluded": 0}


def test_an_empty_split_says_what_the_others_hold(manifest: Manifest) -> None:
    with pytest.raises(DataError, match=r"two has no case in split 'test' \(it has train 1, val 1\).*--split-column"):
        manifest.in_split("test")


def test_an_empty_manifest_is_refused(manifest: Manifest, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"m\.json: Manifest two: it has no case.*dermaseg data index"):
        Manifest.load(rewritten(manifest, tmp_path / "m.json", cases=[]))


def test_an_id_used_twice_is_named(make_case: Callable[..., Case]) -> None:
    with pytest.raises(DataError, match="1 ids are used twice, first 'a'"):
        Manifest(name="x", version="1", licence=None, cases=(make_case("a"), make_case("a", "val")))


def test_a_case_in_a_split_that_is_none_is_named(make_case: Callable[..., Case]) -> None:
    case = make_case("a")
    object.__setattr__(case, "split", "validation")  # what a caller without type checks can do
    with pytest.raises(DataError, match="case 'a' is in split 'validation'; choose one of train, val, test, excluded"):
        Manifest(name="all", version="1", licence=None, cases=(case,))


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../a.png", "images/../../a.png", "C:/a.png", "a\\b.png", "\\\\host\\a"]
)
def test_a_path_that_leaves_the_data_folder_is_refused(make_case: Callable[..., Case], path: str) -> None:
    with pytest.raises(DataError, match=r"case 'a' has the path .*leaves dataset_dir"):
        Manifest(name="x", version="1", licence=None, cases=(make_case("a", image=FileRecord(path, "0" * 64)),))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"schema": 1,\n  "name": }', r"m\.json is not JSON: Expecting value at line 2, column 11"),
        ('{"schema": 1, "name": NaN}', r"m\.json is not JSON: NaN is no JSON number"),
        ("[1]", r'm\.json is not a manifest: it has no "schema"'),
        ('{"name": "x"}', r'm\.json is not a manifest: it has no "schema"'),
        ('{"schema": 2}', r"m\.json has schema 2; this release reads 1\. Update dermaseg_monai"),
        ('{"schema": 1, "name": "x"}', r"m\.json: top level: '\w+' is a required property"),
    ],
)
def test_a_file_that_is_no_manifest_says_where(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "m.json").write_text(text)
    with pytest.raises(DataError, match=message):
        Manifest.load(tmp_path / "m.json")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"split": "validation"},
            r"cases\[1\]\.split: 'validation' is not one of .*'excluded'",
        ),
        ({"id": "../b"}, r"cases\[1\]\.id: '\.\./b' does not match"),
        ({"id": ""}, r"cases\[1\]\.id: '' does not match"),
        ({"image": {"path": "b.png"}}, r"cases\[1\]\.image: 'sha256' is a required property"),
        ({"image": {"path": "b.png", "sha256": "x"}}, r"cases\[1\]\.image\.sha256: 'x' does not match"),
        ({"attributes": {"age": [1]}}, r"cases\[1\]\.attributes\.age: \[1\] is not of type"),
        ({"sex": "male"}, r"cases\[1\]: Additional properties are not allowed \('sex' was unexpected\)"),
    ],
)
def test_a_value_out_of_the_schema_is_found_by_its_place(
    manifest: Manifest, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    first, second = manifest.to_json()["cases"]
    path = rewritten(manifest, tmp_path / "m.json", cases=[first, {**second, **change}])
    with pytest.raises(DataError, match=message) as caught:
        Manifest.load(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "a\n"}, r"the id 'a\\n' cannot name a file"),
        ({"id": "a\ud800"}, r"m\.json is not JSON: '\\ud800' is half a character"),
        ({"image": {"path": "a\ud800.png", "sha256": "0" * 64}}, r"m\.json is not JSON: '\\ud800' is half a character"),
        (
            {"image": {"path": "a\0.png", "sha256": "0" * 64}},
            r"case 'b' has the path 'a\\x00\.png', which is no plain text",
        ),
        ({"attributes": {"age": 10**18}}, "10{18}... is a number of 19 digits, more than 18"),
        ({"attributes": {"age": 777.5}}, "1e999 is too large for a number"),
        ({"image": {"path": "b.nii", "sha256": "0" * 64, "spacing_mm": [1, 777.5]}}, "1e999 is too large for a number"),
    ],
    ids=["line break", "half an id", "half a path", "NUL", "long number", "infinite attribute", "infinite spacing"],
)
def test_what_json_allows_and_no_file_can_be_is_refused(
    manifest: Manifest, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    first, second = manifest.to_json()["cases"]
    path = rewritten(manifest, tmp_path / "m.json", cases=[first, {**second, **change}])
    path.write_text(path.read_text().replace("777.5", "1e999"))  # which Python reads as infinite
    with pytest.raises(DataError, match=message) as caught:
        Manifest.load(path)
    assert "\n" not in str(caught.value)


def test_a_character_written_in_two_halves_is_one(manifest: Manifest, tmp_path: Path) -> None:
    path = rewritten(manifest, tmp_path / "m.json", division="\U0001f41d")
    assert r"\ud83d\udc1d" in path.read_text()
    assert Manifest.load(path).division == "\U0001f41d"


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"schema": 1, "name": "n", "version": "1", "licence": null, "cases": ' + "[" * 900 + "]" * 900 + "}",
        '{"training": ' + "[" * 900 + "]" * 900 + "}",
        '{"name": ' + "[" * 900 + "]" * 900 + ', "training": ["a.nii"]}',
    ],
    ids=["brackets", "cases", "a line of a data list", "its name"],
)
def test_what_is_nested_deeply_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "dataset.json").write_text(text)
    for read in (Manifest.load, lambda file: index_decathlon(file.parent)):
        with pytest.raises(DataError, match=r"dataset\.json") as caught:
            read(tmp_path / "dataset.json")
        assert "\n" not in str(caught.value)


def test_a_missing_file_names_the_next_command(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"There is no manifest .*none\.json.*dermaseg data index"):
        Manifest.load(tmp_path / "none.json")


def test_binary_rubbish_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(DataError, match="not UTF-8 text"):
        Manifest.load(tmp_path / "m.json")
