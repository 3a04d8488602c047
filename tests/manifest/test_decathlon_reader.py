"""A Decathlon folder is read as it is released, and what does not fit is said in one line."""

import gzip
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from typer.testing import CliRunner

from dermaseg_monai.cli import app
from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.images import read_image, read_mask, require_same_place, write_volume
from dermaseg_monai.manifest import (
    Manifest,
    index,
    index_decathlon,
    index_folder,
    require_verified,
    verify,
    write_decathlon_datalist,
)
from tests.manifest.decathlon_folder import N, make_task

Edit = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_task(tmp_path_factory.mktemp("released"))


@pytest.fixture
def task(released: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(released, tmp_path / released.name))


def edit(task: Path, change: Edit) -> None:
    data = json.loads((task / "dataset.json").read_text())
    change(data)
    (task / "dataset.json").write_text(json.dumps(data))


def two_structures(task: Path) -> None:
    """Let the upper half of every lesion have the value 2."""
    edit(task, lambda data: data.update(labels={"0": "background", "1": "lesion", "2": "crust"}))
    for path in (task / "labelsTr").glob("*.nii.gz"):
        picture = read_image(path)
        values = picture.pixels.astype(np.uint8)
        values[:, :, : values.shape[2] // 2] *= 2
        write_volume(path, values, picture)


def splits_of(manifest: Manifest) -> dict[str, str]:
    return {case.id: case.split for case in manifest.cases}


def test_a_task_is_read_as_it_is_released(released: Path) -> None:
    manifest = index_decathlon(released)
    assert (manifest.name, manifest.version, manifest.licence) == ("Skin", "1.0 04/05/2018", "CC-BY-SA 4.0")
    assert manifest.counts == {"train": 4, "val": 1, "test": 1, "excluded": 0}
    first = manifest.cases[0]
    assert [record.path for record in first.files] == ["imagesTr/skin_000.nii.gz", "labelsTr/skin_000.nii.gz"]
    assert first.attribution == "A hospital"
    assert [case.id for case in manifest.cases if case.reference is None] == ["skin_005"]
    require_verified(manifest, released)


def test_the_validation_side_depends_on_the_ids_alone(released: Path, task: Path) -> None:
    edit(task, lambda data: data.update(training=data["training"][::-1]))
    assert splits_of(index_decathlon(task)) == splits_of(index_decathlon(released))


def test_a_dataset_json_is_a_manifest_as_it_is(released: Path, tmp_path: Path) -> None:
    found = Manifest.load(released / "dataset.json")
    assert found == index("decathlon", released, tmp_path / "manifest.json")
    assert Manifest.load(tmp_path / "manifest.json") == found
    assert found.digest == Manifest.load(released / "dataset.json").digest


def test_the_command_says_what_has_no_label(released: Path, tmp_path: Path) -> None:
    out = tmp_path / "manifest.json"
    words = ["data", "index", "decathlon", "--root", str(released), "--out", str(out)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    said = " ".join(done.output.split())
    assert "6 cases (4 train, 1 val, 1 test, 0 excluded)" in said
    assert "val is 0.2 of the training list, in the order of the sha256 of the ids" in said
    assert "1 test images have no label" in said
    done = CliRunner().invoke(app, [*words, "--val-share", "0.4", "--test-share", "0.2"])
    assert "(2 train, 2 val, 1 test, 1 excluded)" in done.output
    assert "1 test images have no label and are excluded" in " ".join(done.output.split())


def test_a_list_of_macos_files_is_no_list_of_images(task: Path) -> None:
    edit(task, lambda data: data["training"].append({"image": "./imagesTr/._skin_000.nii.gz", "label": "./labelsTr/x"}))
    manifest = index_decathlon(task)
    assert len(manifest.cases) == N
    assert "1 files of macOS (._*) were left out" in str(manifest.division)


def test_the_lists_of_monai_are_read(task: Path) -> None:
    def lists(data: dict[str, Any]) -> None:
        data["validation"] = [data["training"].pop()]
        data["testing"] = [{"image": data.pop("test")[0], "case_id": "outside"}]

    edit(task, lists)
    manifest = index_decathlon(task)
    assert splits_of(manifest) == {f"skin_00{at}": "train" for at in range(4)} | {"skin_004": "val", "outside": "test"}
    with pytest.raises(ConfigError, match="has a validation list; val_share would undo it"):
        index("decathlon", task, val_share=0.2)


def test_several_labels_are_listed_until_one_says_which_are_the_lesion(task: Path) -> None:
    two_structures(task)
    with pytest.raises(DataError, match=r"has 2 labels: 1 lesion, 2 crust\. Say which .*--foreground 1,2") as error:
        Manifest.load(task / "dataset.json")
    assert "\n" not in str(error.value)
    with pytest.raises(DataError, match="names no label 3 to be the lesion; it has 1 lesion, 2 crust"):
        index_decathlon(task, foreground=[1, 3])


@pytest.mark.parametrize("foreground", [[2], [1, 2]])
def test_the_lesion_becomes_a_mask_beside_its_label(task: Path, foreground: list[int]) -> None:
    two_structures(task)
    before = {path: path.read_bytes() for path in task.rglob("*.nii.gz")}
    manifest = index_decathlon(task, foreground=foreground)
    require_verified(manifest, task)
    folder = "_".join(["foreground", *map(str, foreground)])
    for case in (case for case in manifest.cases if case.reference):
        assert case.reference is not None
        label, mask = task / "labelsTr" / f"{case.id}.nii.gz", task / case.reference.mask.path
        assert mask == task / folder / "labelsTr" / label.name
        assert np.array_equal(read_mask(mask), np.isin(read_image(label).pixels, foreground))
        require_same_place(label, mask)
    assert {path: path.read_bytes() for path in before} == before
    assert index_decathlon(task, foreground=foreground) == manifest
    assert not list(task.glob(".*"))


def test_a_label_without_a_name_leaves_no_mask(task: Path) -> None:
    two_structures(task)
    picture = read_image(task / "labelsTr" / "skin_003.nii.gz")
    write_volume(task / "labelsTr" / "skin_003.nii.gz", picture.pixels + np.float32(0.5), picture)
    names = sorted(path.name for path in task.iterdir())
    with pytest.raises(DataError, match=r"1 of 5 labels .*skin_003.*value 0\.5, which is none of 0 background, 1 les"):
        index_decathlon(task, foreground=[1])
    assert sorted(path.name for path in task.iterdir()) == names


def test_a_stack_of_modalities_is_refused_by_name(task: Path) -> None:
    edit(task, lambda data: data.update(modality={"0": "FLAIR", "1": "T1w"}, tensorImageSize="4D"))
    with pytest.raises(DataError, match=r"has 2 modalities \(FLAIR, T1w\) in one 4D image"):
        index_decathlon(task)


def test_a_stack_that_is_not_announced_is_refused_too(task: Path) -> None:
    nib.save(nib.Nifti1Image(np.zeros((4, 4, 4, 2), dtype=np.int16), np.eye(4)), task / "imagesTr/skin_001.nii.gz")
    with pytest.raises(DataError, match=r"skin_001.* has shape \(4, 4, 4, 2\); three axes were expected"):
        index_decathlon(task)


def test_a_volume_without_a_place_is_refused_when_it_is_indexed(task: Path) -> None:
    path = task / "imagesTr" / "skin_001.nii.gz"
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[84:88] = np.float32(0).tobytes()  # pixdim[2]
    path.write_bytes(gzip.compress(bytes(content)))
    with pytest.raises(
        DataError, match=r"1 of 11 files cannot be used, first: .*skin_001.* has a spacing of \S+ x 0 x"
    ):
        index_decathlon(task)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data["test"].append("../secret.nii.gz"), r"names the file '\.\./secret.*leaves .*Task11_Skin"),
        (lambda data: data["test"].append("/etc/passwd.nii.gz"), r"names the file '/etc/passwd.*leaves"),
        (lambda data: data["test"].append("imagesTs\\..\\x.nii.gz"), r"names the file 'imagesTs.*leaves"),
        (lambda data: data["test"].append({"image": "a.nii.gz", "case_id": "a/b"}), r"'a/b' names output files"),
        (lambda data: data["test"].append(["a.nii.gz", "b.nii.gz"]), r"the line \['a.* is neither a path nor"),
        (lambda data: data["training"].append("./imagesTr/x.nii.gz"), r"x\.nii\.gz has no label, and only test"),
        (lambda data: data["test"].append(data["training"][0]), r"1 ids belong to several images, first 'skin_000'"),
        (lambda data: data["test"].append("./imagesTs/absent.nii.gz"), r"1 of 7 cases .*lack a file, first .*absent"),
        (lambda data: data.update(labels={"background": 0, "lesion": 1}), r"labels is not of the form"),
        (lambda data: data.update(labels={"0": "background", "9" * 5000: "lesion"}), r"labels is not of the form"),
        (
            lambda data: data["test"].append("imagesTs/a\0/x.nii.gz"),
            r"names the file 'imagesTs/a\\x00/x.*no plain text",
        ),
        (lambda data: data.update(validation=5), r"validation is '5', and no list of images"),
        (lambda data: data["test"].append(7), r"the line 7 is neither a path nor"),
        (lambda data: data["training"][0].update(label=["a", "b"]), r"the line .*is neither a path nor"),
        (lambda data: data.update(training=[], test=[]), r"lists no image in training, validation, test"),
    ],
)
def test_a_list_that_does_not_fit_is_one_line(task: Path, change: Edit, message: str) -> None:
    edit(task, change)
    with pytest.raises(DataError, match=message) as error:
        index_decathlon(task)
    assert "\n" not in str(error.value)


def test_missing_files_can_be_left_out_and_are_counted(task: Path) -> None:
    (task / "labelsTr" / "skin_002.nii.gz").unlink()
    with pytest.raises(DataError, match=r"1 of 6 cases .*labelsTr/skin_002.*--allow-partial"):
        index_decathlon(task)
    manifest = index_decathlon(task, allow_partial=True)
    assert "skin_002" not in splits_of(manifest)
    assert "1 cases without their files were left out" in str(manifest.division)


def test_a_folder_without_a_list_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no dataset\.json\. Pass the folder of one task"):
        index_decathlon(tmp_path)
    (tmp_path / "dataset.json").write_text("{}")
    with pytest.raises(DataError, match="has no list of images"):
        index_decathlon(tmp_path)


def test_files_in_another_folder_are_not_those_of_the_list(released: Path, tmp_path: Path) -> None:
    problems = verify(Manifest.load(released / "dataset.json"), tmp_path)
    assert {problem.kind for problem in problems} == {"missing"}


def test_what_was_exported_is_read_back(plain: Path) -> None:
    table = {"tables": plain / "table.csv", "split_column": "split"}
    manifest = index_folder(plain, **table, lesion_column="lesion", patient_column="patient")
    write_decathlon_datalist(manifest, plain, plain / "dataset.json")
    found = index_decathlon(plain)
    assert found.cases == manifest.cases
    assert replace(found, division=None) == manifest


def test_a_group_is_exported_and_keeps_images_on_one_side(plain: Path) -> None:
    (plain / "groups.csv").write_text("id,group\na,7\nb,7\nc,\n")
    manifest = index_folder(plain, tables=plain / "groups.csv", group_column="group")
    write_decathlon_datalist(manifest, plain, plain / "dataset.json")
    found = index_decathlon(plain, val_share=0.3)
    assert [case.attributes.get("group") for case in found.cases] == ["7", "7", None]
    assert found.cases[0].split == found.cases[1].split


def test_images_that_only_an_excluded_one_ties_are_exported_as_one_group(plain: Path) -> None:
    (plain / "ties.csv").write_text("id,split,lesion,patient\na,train,L1,\nb,excluded,L1,P1\nc,val,,P1\n")
    manifest = index_folder(
        plain, tables=plain / "ties.csv", split_column="split", lesion_column="lesion", patient_column="patient"
    )
    write_decathlon_datalist(manifest, plain, plain / "dataset.json")
    assert [case.attributes for case in index_decathlon(plain).cases] == [{"group": "with case a"}] * 2


def test_what_a_listed_test_image_ties_is_not_drawn_apart(task: Path) -> None:
    alone = splits_of(index_decathlon(task, val_share=0.2))
    (drawn,) = [name for name, split in alone.items() if split == "val"]
    partner = next(name for name, split in alone.items() if split == "train")

    def tie(about: dict[str, Any]) -> None:
        about["test"] = [{"image": about["test"][0], "lesion_id": "x", "patient_id": "x"}]
        for line in about["training"]:
            if drawn in line["image"]:
                line["lesion_id"] = "x"
            elif partner in line["image"]:
                line["patient_id"] = "x"

    edit(task, tie)
    tied = splits_of(index_decathlon(task, val_share=0.2))
    assert tied[drawn] == tied[partner]
