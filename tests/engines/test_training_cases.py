import gzip
import json
import logging
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dermaseg_monai.engines.training_cases import record_training_cases, seen_in_training
from dermaseg_monai.engines.training_record import TRAINING_CASES, read_training_cases
from dermaseg_monai.errors import ConfigError, DataError, LeakError, TrainingError
from dermaseg_monai.files import sha256_of
from dermaseg_monai.locks import taken
from dermaseg_monai.manifest import Annotation, Case, FileRecord, Manifest, Role, Split

Save = Callable[..., Case]


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


def noise(seed: int) -> np.ndarray:
    grey = np.random.default_rng(seed).integers(0, 256, (24, 32), dtype=np.uint8)
    return np.asarray(Image.fromarray(grey).resize((160, 120), Image.Resampling.BICUBIC).convert("RGB"))


@pytest.fixture
def save(tmp_path: Path) -> Save:
    def saved(name: str, seed: int, split: Split, pixels: np.ndarray | None = None, **known: object) -> Case:
        path = tmp_path / f"{name}.png"
        Image.fromarray(noise(seed) if pixels is None else pixels).save(path)
        case = Case(name, FileRecord(path.name, sha256_of(path)), (), split)
        return replace(case, **known)

    return saved


@pytest.fixture
def trained(save: Save, tmp_path: Path) -> Path:
    """Weights in run/, trained on a and b (validation) of a manifest that also has c for testing."""
    cases = (
        save("a", 1, "train", lesion_id="L1", patient_id="Smith", attributes={"group": 7}),
        save("b", 2, "val"),
        save("c", 3, "test"),
    )
    Manifest("study", "1", None, cases).save(tmp_path / "study.json")
    record_training_cases(tmp_path / "study.json", tmp_path, tmp_path / "run")
    return tmp_path / "run" / "model.safetensors"


def other(folder: Path, *cases: Case, name: str = "other") -> Path:
    Manifest(name, "1", None, cases).save(folder / "other.json")
    return folder / "other.json"


def test_the_file_names_cases_and_no_patient(trained: Path) -> None:
    rows = read_training_cases(trained)
    assert rows is not None
    assert [(row.id, row.split, len(row.image), len(row.whole), len(row.square)) for row in rows] == [
        ("a", "train", 64, 64, 64),
        ("b", "val", 64, 64, 64),
    ]
    text = gzip.decompress(trained.with_name(TRAINING_CASES).read_bytes()).decode()
    assert "Smith" not in text
    assert "L1" not in text


def test_the_same_training_writes_the_same_bytes(trained: Path, tmp_path: Path) -> None:
    record_training_cases(tmp_path / "study.json", tmp_path, tmp_path / "again")
    assert (tmp_path / "again" / TRAINING_CASES).read_bytes() == trained.with_name(TRAINING_CASES).read_bytes()


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_every_split_of_the_manifest_itself_can_be_scored(trained: Path, tmp_path: Path, split: Split) -> None:
    found = seen_in_training(trained, tmp_path / "study.json", tmp_path, split)
    assert found == {"checked": True, "cases": 0}


@pytest.mark.parametrize(
    ("known", "key"),
    [
        ({"id": "a"}, "id"),
        ({}, "image"),
        ({"lesion_id": "L1"}, "lesion"),
        ({"patient_id": "Smith"}, "patient"),
    ],
)
def test_what_was_trained_on_is_refused(
    trained: Path, save: Save, tmp_path: Path, known: dict[str, str], key: str
) -> None:
    case = replace(save("x", 1 if key == "image" else 5, "test"), **known)
    manifest = other(tmp_path, case, save("y", 6, "test"))
    said = rf"1 of 2 test cases of other were seen .*first {case.id}: same {key} as a \(train\).*--allow_leaks"
    with pytest.raises(LeakError, match=said):
        seen_in_training(trained, manifest, tmp_path, "test")
    assert seen_in_training(trained, manifest, tmp_path, "test", allow_leaks=True) == {"checked": True, "cases": 1}


@pytest.mark.parametrize(
    "pixels",
    [
        np.asarray(Image.fromarray(noise(2)).resize((320, 240)))[:, ::-1],
        np.asarray(Image.fromarray(noise(2)).convert("L").resize((80, 60)).convert("RGB")),
    ],
    ids=["larger and mirrored", "small and grey"],
)
def test_a_copy_of_a_validation_picture_is_refused(
    trained: Path, save: Save, tmp_path: Path, pixels: np.ndarray
) -> None:
    manifest = other(tmp_path, save("x", 0, "test", pixels))
    with pytest.raises(LeakError, match=r"first x: nearly the same picture as b \(val\)"):
        seen_in_training(trained, manifest, tmp_path, "test")


def test_a_patient_in_another_spelling_is_the_same_patient(trained: Path, save: Save, tmp_path: Path) -> None:
    manifest = other(tmp_path, save("t", 9, "test", patient_id="\u200bSmith\u00a0"))
    with pytest.raises(LeakError, match=r"first t: same patient as a \(train\)"):
        seen_in_training(trained, manifest, tmp_path, "test")


def test_a_patient_as_an_earlier_file_names_it_is_the_same_patient(
    save: Save, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = save("a", 1, "train", patient_id="12.0")
    with monkeypatch.context() as before:
        before.setattr("dermaseg_monai.engines.training_cases.canonical_name", str)
        record_training_cases(other(tmp_path, case, save("b", 2, "val")), tmp_path, tmp_path / "old")
    manifest = other(tmp_path, save("t", 9, "test", patient_id="12.0"))
    with pytest.raises(LeakError, match=r"first t: same patient as a \(train\)"):
        seen_in_training(tmp_path / "old" / "model.safetensors", manifest, tmp_path, "test")


def test_a_group_in_another_spelling_is_the_same_group_and_no_name_is_none(save: Save, tmp_path: Path) -> None:
    cases = (save("a", 1, "train", attributes={"group": "12"}, patient_id="'"), save("b", 2, "val"))
    record_training_cases(other(tmp_path, *cases), tmp_path, tmp_path / "run")
    weights = tmp_path / "run" / "model.safetensors"
    manifest = other(tmp_path, save("t", 9, "test", attributes={"group": "12.0"}))
    with pytest.raises(LeakError, match=r"first t: same group as a \(train\)"):
        seen_in_training(weights, manifest, tmp_path, "test")
    nameless = other(tmp_path, save("t", 9, "test", patient_id="\u200b"))
    assert seen_in_training(weights, nameless, tmp_path, "test")["cases"] == 0


def test_the_whole_of_which_training_saw_a_crop_is_refused(trained: Path, save: Save, tmp_path: Path) -> None:
    framed = noise(50).repeat(2, axis=0).repeat(2, axis=1)
    height, width = 170, 226
    top, left = (framed.shape[0] - height) // 2, (framed.shape[1] - width) // 2
    framed[top : top + height, left : left + width] = np.asarray(Image.fromarray(noise(1)).resize((width, height)))
    manifest = other(tmp_path, save("x", 0, "test", framed))
    with pytest.raises(LeakError, match=r"nearly the same picture as a"):
        seen_in_training(trained, manifest, tmp_path, "test")


def test_the_training_side_of_another_manifest_is_refused_too(trained: Path, save: Save, tmp_path: Path) -> None:
    manifest = other(tmp_path, save("x", 1, "train"))
    with pytest.raises(LeakError, match=r"1 of 1 train cases of other.*same image as a \(train\)"):
        seen_in_training(trained, manifest, tmp_path, "train")


def test_validation_cases_can_be_scored_as_validation_cases_of_another_manifest(
    trained: Path, save: Save, tmp_path: Path
) -> None:
    again = other(tmp_path, save("b", 2, "val"))
    assert seen_in_training(trained, again, tmp_path, "val") == {"checked": True, "cases": 0}
    with pytest.raises(LeakError, match=r"same id as b \(val\)"):
        seen_in_training(trained, other(tmp_path, save("b", 2, "test")), tmp_path, "test")
    with pytest.raises(LeakError, match=r"same id as a \(train\)"):
        seen_in_training(trained, other(tmp_path, save("a", 1, "val")), tmp_path, "val")


def test_a_group_of_another_set_is_another_group(trained: Path, save: Save, tmp_path: Path) -> None:
    case = save("x", 5, "test", attributes={"group": 7})
    assert seen_in_training(trained, other(tmp_path, case), tmp_path, "test")["cases"] == 0
    with pytest.raises(LeakError, match="same group as a"):
        seen_in_training(trained, other(tmp_path, case, name="study"), tmp_path, "test")


def test_what_earlier_weights_were_trained_on_is_taken_over(trained: Path, save: Save, tmp_path: Path) -> None:
    second = tmp_path / "second"
    record_training_cases(
        other(tmp_path, save("x", 8, "train"), save("y", 9, "val")), tmp_path, second, initial_weights=trained
    )
    assert [row.id for row in read_training_cases(second) or ()] == ["x", "y", "a", "b"]
    third = tmp_path / "third"
    record_training_cases(tmp_path / "other.json", tmp_path, third, resume=second)
    assert [row.id for row in read_training_cases(third) or ()] == ["x", "y", "a", "b"]
    fourth = tmp_path / "fourth"
    record_training_cases(tmp_path / "other.json", tmp_path, fourth, initial_weights=tmp_path / "none" / "model.pt")
    assert [row.id for row in read_training_cases(fourth) or ()] == ["x", "y"]


def test_a_run_is_not_resumed_on_other_cases(save: Save, tmp_path: Path) -> None:
    a, b = save("a", 1, "train"), save("b", 2, "val")
    record_training_cases(other(tmp_path, a, b), tmp_path, tmp_path / "run")
    with pytest.raises(TrainingError, match=r"run was trained on other cases: 2 train or val cases .* first b \(val\)"):
        record_training_cases(
            other(tmp_path, a, save("c", 3, "val")), tmp_path, tmp_path / "x", resume=tmp_path / "run"
        )
    more = other(tmp_path, a, b, save("t", 4, "test", attributes={"site": "arm"}))  # indexed anew, the same training
    record_training_cases(more, tmp_path, tmp_path / "x", resume=tmp_path / "run")


def test_a_run_is_not_resumed_on_other_masks(save: Save, tmp_path: Path) -> None:
    def drawn(sha256: str) -> tuple[Case, Case]:
        mask = Annotation(FileRecord("mask.png", sha256), role="reference")
        return save("a", 1, "train", annotations=(mask,)), save("b", 2, "val")

    record_training_cases(other(tmp_path, *drawn("1" * 64)), tmp_path, tmp_path / "run")
    record_training_cases(tmp_path / "other.json", tmp_path, tmp_path / "x", resume=tmp_path / "run")
    redrawn = other(tmp_path, *drawn("2" * 64))
    with pytest.raises(TrainingError, match=r"1 train or val cases .*\(picture, or an outline .*\), first a \(train\)"):
        record_training_cases(redrawn, tmp_path, tmp_path / "x", resume=tmp_path / "run")


def test_a_reader_of_another_name_or_a_consensus_is_no_other_mask(save: Save, tmp_path: Path) -> None:
    def drawn(*more: Annotation) -> tuple[Case, Case]:
        mask = Annotation(FileRecord("mask.png", "1" * 64))
        return save("a", 1, "train", annotations=(mask, *more)), save("b", 2, "val")

    def by(name: str, sha256: str = "2" * 64) -> Annotation:
        return Annotation(FileRecord("other.png", sha256), role="reader", annotator=name)

    run = tmp_path / "run"
    record_training_cases(other(tmp_path, *drawn(by("noisy"))), tmp_path, run)
    consensus = Annotation(FileRecord("c.png", "3" * 64), role="consensus")
    record_training_cases(other(tmp_path, *drawn(by("N"), consensus)), tmp_path, tmp_path / "x", resume=run)
    with pytest.raises(TrainingError, match=r"first a \(train\)"):
        record_training_cases(other(tmp_path, *drawn(by("N", "4" * 64))), tmp_path, tmp_path / "y", resume=run)


@pytest.mark.parametrize("earlier", ["none", "another"])
def test_a_file_of_before_masks_were_noted_is_read(save: Save, tmp_path: Path, earlier: str) -> None:
    path = tmp_path / "run" / TRAINING_CASES
    record_training_cases(other(tmp_path, save("a", 1, "train"), save("b", 2, "val")), tmp_path, path.parent)
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    if earlier == "none":
        lines = [line.rpartition(",")[0] for line in lines]
    else:  # a digest that meant other masks
        lines = [lines[0].replace(",masks", ",outlines"), *lines[1:]]
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    assert [(row.id, row.masks) for row in read_training_cases(path.parent) or ()] == [("a", ""), ("b", "")]
    for folder, resumed in (("x", "run"), ("y", "x")):  # the second has both rows of every case
        record_training_cases(tmp_path / "other.json", tmp_path, tmp_path / folder, resume=tmp_path / resumed)


def test_a_run_is_not_resumed_where_readers_or_dates_give_other_labels(save: Save, tmp_path: Path) -> None:
    def mask(digit: str, role: Role, **what: str) -> Annotation:
        return Annotation(FileRecord(f"{digit}.png", digit * 64), role=role, **what)

    def manifest(*drawn: Annotation) -> Path:
        return other(tmp_path, save("a", 1, "train", annotations=drawn), save("b", 2, "val"))

    def readers(*names: str) -> list[Annotation]:
        return [mask(str(at), "reader", annotator=name) for at, name in enumerate(names, 2)]

    def labels(*years: int) -> list[Annotation]:
        return [mask(str(at), "reference", created_at=f"{year}-01-01T00:00:00Z") for at, year in enumerate(years, 2)]

    label = mask("1", "reference")
    for name, before, after in (
        ("people", (label, *readers("ann", "bob")), (label, *readers("ann", "ann"))),  # one person, so one of them
        ("dates", labels(2020, 2021), labels(2022, 2021)),  # the other one is the newest
    ):
        record_training_cases(manifest(*before), tmp_path, tmp_path / name)
        with pytest.raises(TrainingError, match=r"first a \(train\)"):
            record_training_cases(manifest(*after), tmp_path, tmp_path / "x", resume=tmp_path / name)


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_the_file_is_found_beside_a_link_and_beside_what_it_is_a_link_to(trained: Path, tmp_path: Path) -> None:
    known = read_training_cases(trained)
    weights, link = tmp_path / "store" / "model.safetensors", tmp_path / "model.safetensors"
    weights.parent.mkdir()
    link.symlink_to(weights)
    shutil.copy(trained.with_name(TRAINING_CASES), weights.parent)
    assert read_training_cases(link) == known
    shutil.move(weights.parent / TRAINING_CASES, link.parent)  # a store of files by digest: the list lies at the link
    assert read_training_cases(link) == known


def test_a_near_identical_picture_on_two_sides_is_refused_before_training(save: Save, tmp_path: Path) -> None:
    copy = np.ascontiguousarray(noise(1)[::-1])
    manifest = other(tmp_path, save("a", 1, "train"), save("b", 0, "test", copy))
    with pytest.raises(
        LeakError, match=r"1 leaks between the splits of other, first picture .* in a \(train\), b \(test\)"
    ):
        record_training_cases(manifest, tmp_path, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    record_training_cases(manifest, tmp_path, tmp_path / "run", allow_leaks=True)
    assert (tmp_path / "run" / TRAINING_CASES).is_file()


def test_weights_without_the_file_are_scored_and_it_is_said(
    trained: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    trained.with_name(TRAINING_CASES).unlink()
    with caplog.at_level(logging.WARNING):
        found = seen_in_training(trained, tmp_path / "study.json", tmp_path, "test")
    assert found == {"checked": False, "cases": None}
    assert json.dumps(found)
    assert "was trained on is not known" in caplog.text


@pytest.mark.parametrize("damage", [b"", b"\x1f\x8b\x08", gzip.compress(b"other,columns\n1,2\n")])
def test_a_damaged_file_is_named(trained: Path, tmp_path: Path, damage: bytes) -> None:
    trained.with_name(TRAINING_CASES).write_bytes(damage)
    with pytest.raises(DataError, match=r"training_cases\.csv\.gz .*Copy it again"):
        seen_in_training(trained, tmp_path / "study.json", tmp_path, "test")


def test_a_file_that_would_fill_the_memory_is_not_unpacked(trained: Path, tmp_path: Path) -> None:
    path = trained.with_name(TRAINING_CASES)
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + b"a,b,c,d,e,f,g,,\r\n" * 1_100_000, 1))
    with pytest.raises(DataError, match=r"training_cases\.csv\.gz unpacks to more than 16,777,216 bytes"):
        seen_in_training(trained, tmp_path / "study.json", tmp_path, "test")


def test_a_file_cut_short_in_a_row_is_named(trained: Path, tmp_path: Path) -> None:
    path = trained.with_name(TRAINING_CASES)
    text = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(text[: -len(text.splitlines()[-1]) + 40]))
    with pytest.raises(DataError, match=r"is damaged"):
        seen_in_training(trained, tmp_path / "study.json", tmp_path, "test")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot lock a folder")
def test_the_list_of_a_training_that_goes_on_is_not_written_over(
    save: Save, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dermaseg_monai.engines.claim._PATIENCE_S", 0.3)
    run = tmp_path / "run"
    run.mkdir()
    number = os.open(run, os.O_RDONLY)
    assert taken(number)
    with pytest.raises(ConfigError, match=r"Another training works in .*run"):
        record_training_cases(other(tmp_path, save("a", 1, "train"), save("b", 2, "val")), tmp_path, run)
    os.close(number)
    assert list(run.iterdir()) == []
    (run / "last.ckpt").touch()  # it has ended meanwhile
    with pytest.raises(ConfigError, match=r"holds another training \(last\.ckpt\)"):
        record_training_cases(tmp_path / "other.json", tmp_path, run)
    assert not (run / TRAINING_CASES).exists()
