"""Masks that are not their image's are found as far as size, place and names tell."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from dermaseg_monai.data import make_volumes
from dermaseg_monai.files import sha256_of
from dermaseg_monai.manifest import Annotation, Case, FileRecord, Manifest, index_folder, inspect, verify

Saver = Callable[..., None]


def record(folder: Path, path: str) -> FileRecord:
    return FileRecord(path, sha256_of(folder / path))


def with_mask(manifest: Manifest, case: Case, mask: FileRecord) -> Manifest:
    changed = replace(case, image=replace(case.image, shape_vox=None), annotations=(Annotation(mask),))
    return replace(manifest, cases=tuple(changed if one.id == case.id else one for one in manifest.cases))


@pytest.fixture
def volumes(tmp_path: Path) -> Manifest:
    return Manifest.load(make_volumes(tmp_path / "set", n=3, seed=0))


def save_like(path: Path, like: Path, *, descrip: str = "", move_mm: float = 0.0) -> None:
    image = nib.Nifti1Image.from_filename(like)
    affine = np.array(image.affine)
    affine[0, 3] += move_mm
    copy = nib.Nifti1Image(np.asarray(image.dataobj), affine)
    copy.header["descrip"] = descrip.encode()
    path.parent.mkdir(exist_ok=True)
    nib.save(copy, path)


def test_a_mask_elsewhere_in_the_patient_is_a_problem(tmp_path: Path, volumes: Manifest) -> None:
    root, case = tmp_path / "set", volumes.cases[0]
    save_like(root / "moved" / "volume_0000.nii.gz", root / "masks" / "volume_0000.nii.gz", move_mm=2)
    spoilt = with_mask(volumes, case, record(root, "moved/volume_0000.nii.gz"))
    (problem,) = verify(spoilt, root)
    assert (problem.kind, problem.case_id, problem.path) == ("mask_place", case.id, "moved/volume_0000.nii.gz")
    assert "it has another affine: a corner lies 2 mm from the image's" in problem.detail
    assert list(inspect(spoilt, root).problems) == [problem]


def test_every_reader_s_mask_is_asked_for_its_place(tmp_path: Path, volumes: Manifest) -> None:
    root, case = tmp_path / "set", volumes.cases[0]
    path = root / "annotations" / "tight" / "volume_0000.nii.gz"
    save_like(path, path, move_mm=2)
    changed = tuple(
        replace(one, mask=record(root, one.mask.path)) if one.annotator == "tight" else one for one in case.annotations
    )
    spoilt = replace(volumes, cases=(replace(case, annotations=changed), *volumes.cases[1:]))
    assert [(one.kind, one.path) for one in verify(spoilt, root)] == [
        ("mask_place", "annotations/tight/volume_0000.nii.gz")
    ]


def test_a_file_with_a_fault_of_its_own_has_one_problem(tmp_path: Path, volumes: Manifest) -> None:
    root = tmp_path / "set"
    (root / "images" / "volume_0000.nii.gz").unlink()
    assert [problem.kind for problem in verify(volumes, root)] == ["missing"]


def test_a_mask_that_is_named_after_another_case_is_a_problem(tmp_path: Path, volumes: Manifest) -> None:
    root, case = tmp_path / "set", volumes.cases[0]
    save_like(root / "mixed" / "volume_0001_mask.nii.gz", root / "masks" / "volume_0000.nii.gz")
    (problem,) = verify(with_mask(volumes, case, record(root, "mixed/volume_0001_mask.nii.gz")), root)
    assert problem.kind == "other_case"
    assert (
        problem.detail == "mixed/volume_0001_mask.nii.gz is named after case volume_0001 and is the mask of volume_0000"
    )


def test_swapped_photograph_masks_are_found_by_their_names(plain: Path) -> None:
    manifest = index_folder(plain)
    a, b, c = manifest.cases
    swapped = replace(manifest, cases=(replace(a, annotations=b.annotations), replace(b, annotations=a.annotations), c))
    assert [(one.case_id, one.kind) for one in verify(swapped, plain)] == [("a", "other_case"), ("b", "other_case")]


def test_names_that_fit_their_own_image_are_no_problem(plain: Path) -> None:
    manifest = index_folder(plain)
    a, b, c = manifest.cases
    # ids need not be file names: here a's image and mask are called b
    renamed = replace(manifest, cases=(replace(b, id="a"), replace(a, id="b"), c))
    assert verify(renamed, plain) == []


def test_a_header_that_names_another_case_is_worth_a_look(tmp_path: Path, volumes: Manifest) -> None:
    root, case = tmp_path / "set", volumes.cases[0]
    whole = root / "masks" / "volume_0000.nii.gz"
    save_like(root / "new" / "volume_0000.nii.gz", whole, descrip="Jane Doe volume_0002.nii.gz")
    inspection = inspect(with_mask(volumes, case, record(root, "new/volume_0000.nii.gz")), root)
    assert inspection.problems == ()
    (finding,) = (one for one in inspection.findings if one.kind == "header_name")
    assert finding.detail == "new/volume_0000.nii.gz names case volume_0002 in its header"
    assert finding.case_ids == ("volume_0000",)
    save_like(root / "new" / "volume_0000.nii.gz", whole, descrip="volume_0000, before volume_0002")
    inspection = inspect(with_mask(volumes, case, record(root, "new/volume_0000.nii.gz")), root)
    assert [one for one in inspection.findings if one.kind == "header_name"] == []
