"""Volumes become pictures: nothing is turned over, and no volume stands on two sides."""

from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from dermaseg_monai.data.slice_set import make_slices
from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.files import sha256_of
from dermaseg_monai.images import Picture, read_image, read_mask, write_mask, write_volume
from dermaseg_monai.manifest import Annotation, Case, FileRecord, Manifest, Split, find_leaks

SHAPE = (7, 5, 6)
AFFINE = np.array([[0, 0, -0.2, 4], [0, -0.9, 0, -3], [0.1, 0, 0, 2], [0, 0, 0, 1.0]])
"""The file counts z up, y backwards, x to the right's left: voxels of 0.1, 0.9 and 0.2 mm along z, y and x."""


def volumes_in(folder: Path, splits: dict[str, Split], affine: np.ndarray = AFFINE) -> Path:
    """One volume per id, each with its own noise; a blank border slice at y 0; lesion at one voxel per y from 1 on."""
    cases = []
    for seed, (name, split) in enumerate(splits.items()):
        values = np.random.default_rng(seed).integers(0, 1000, SHAPE).astype(np.float32)
        values[:, 0] = 0
        mask = np.zeros(SHAPE, dtype=bool)
        for y in range(1, SHAPE[1]):
            mask[y, y, 0] = True
        header = nib.Nifti1Header()
        header.set_sform(affine, code=1)
        header.set_qform(affine, code=1)
        like = Picture(values, None, affine, header)
        write_volume(folder / f"images/{name}.nii.gz", values, like)
        write_mask(folder / f"masks/{name}.nii.gz", mask, like=like)
        image, label = (
            FileRecord(f"{kind}/{name}.nii.gz", sha256_of(folder / f"{kind}/{name}.nii.gz"), shape_vox=SHAPE)
            for kind in ("images", "masks")
        )
        cases.append(Case(name, image, (Annotation(label, "ada"),), split, patient_id=f"P{seed}"))
    Manifest("vols", "1", "CC0-1.0", tuple(cases)).save(folder / "manifest.json")
    return folder / "manifest.json"


@pytest.fixture
def volumes(tmp_path: Path) -> Path:
    return volumes_in(tmp_path / "volumes", {"a": "train", "b": "val", "c": "test", "d": "excluded"})


def scaled(path: Path) -> np.ndarray:
    values = read_image(path).pixels
    low, high = np.percentile(values, [0.5, 99.5])
    return np.rint(((values - low) / (high - low)).clip(0, 1) * 255).astype(np.uint8)


def test_every_slice_keeps_split_and_patient_and_no_volume_is_on_two_sides(volumes: Path, tmp_path: Path) -> None:
    made = make_slices(volumes, volumes.parent, tmp_path / "out", plane=None, neighbours=0)
    # y steps by 0.9 mm: coronal slices hold the fine voxels; the blank slice of each of three volumes is left out
    assert (made.plane, made.pictures, made.with_lesion, made.blank) == ("coronal", 12, 12, 3)
    manifest = Manifest.load(made.manifest)
    assert manifest.counts == {"train": 4, "val": 4, "test": 4, "excluded": 0}
    assert find_leaks(manifest) == []
    for case in manifest.cases:
        volume = case.id.partition("_")[0]
        assert case.attributes["group"] == volume
        assert (case.split, case.patient_id) == {"a": ("train", "P0"), "b": ("val", "P1"), "c": ("test", "P2")}[volume]
        assert case.image.spacing_mm == pytest.approx((0.1, 0.2))  # rows go down the patient, columns across
        assert case.reference is not None
        assert case.reference.annotator == "ada"


def test_slices_keep_the_group_of_their_volume_and_what_an_excluded_one_ties(tmp_path: Path) -> None:
    volumes = volumes_in(tmp_path / "volumes", {"a": "train", "b": "train", "c": "train", "d": "excluded"})
    loaded = Manifest.load(volumes)
    known = {"a": {"attributes": {"group": "7"}}, "b": {"attributes": {"group": "7"}}}
    cases = tuple(replace(case, **known.get(case.id, {})) for case in loaded.cases)
    replace(loaded, cases=cases).save(volumes)
    made = Manifest.load(make_slices(volumes, volumes.parent, tmp_path / "one", plane=None, neighbours=0).manifest)
    assert {case.id[0]: case.attributes["group"] for case in made.cases} == {"a": "7", "b": "7", "c": "c"}

    tied = {"a": {"lesion_id": "L"}, "d": {"lesion_id": "L", "patient_id": "P2"}}  # c is of patient P2
    replace(loaded, cases=tuple(replace(case, **tied.get(case.id, {})) for case in loaded.cases)).save(volumes)
    made = Manifest.load(make_slices(volumes, volumes.parent, tmp_path / "two", plane=None, neighbours=0).manifest)
    found = {case.id[0]: case.attributes["group"] for case in made.cases}
    assert found == {"a": "with case a", "b": "b", "c": "with case a"}


def test_a_slice_is_neither_transposed_nor_reversed(volumes: Path, tmp_path: Path) -> None:
    made = make_slices(volumes, volumes.parent, tmp_path / "out", plane="coronal", neighbours=0)
    pixels, mask = scaled(volumes.parent / "images/a.nii.gz"), read_mask(volumes.parent / "masks/a.nii.gz")
    for at in range(1, 5):  # y runs backwards in the file, as upright slices count it
        rgb = read_image(made.manifest.parent / f"images/a_coronal_{at:04d}.png").pixels
        label = read_mask(made.manifest.parent / f"masks/a_coronal_{at:04d}.png")
        # file axis 0 runs up the patient, rows down; file axis 2 runs to the patient's left, as columns
        assert np.array_equal(rgb, np.repeat(pixels[::-1, at, :, None], 3, axis=-1))
        assert np.array_equal(label, mask[::-1, at])
        assert np.argwhere(label).tolist() == [[6 - at, 0]]


def test_the_neighbours_are_in_red_and_blue(volumes: Path, tmp_path: Path) -> None:
    made = make_slices(volumes, volumes.parent, tmp_path / "out", plane="coronal", neighbours=1)
    pixels = scaled(volumes.parent / "images/a.nii.gz")[::-1]
    assert made.blank == 0  # the blank slice has one with echoes beside it
    for at, channels in ((0, (0, 0, 1)), (2, (1, 2, 3)), (4, (3, 4, 4))):
        rgb = read_image(made.manifest.parent / f"images/a_coronal_{at:04d}.png").pixels
        assert np.array_equal(rgb, np.moveaxis(pixels[:, list(channels)], 1, -1))
    assert Manifest.load(made.manifest).name == "vols-coronal-neighbours1"


def test_a_set_of_pictures_and_a_folder_with_a_set_are_refused(volumes: Path, tmp_path: Path) -> None:
    make_slices(volumes, volumes.parent, tmp_path / "out", plane="axial", neighbours=0)
    with pytest.raises(DataError, match="already holds a data set"):
        make_slices(volumes, volumes.parent, tmp_path / "out", plane="axial", neighbours=0)
    pictures = tmp_path / "out" / "manifest.json"
    with pytest.raises(
        DataError, match=r"has no slices to take: case a_axial_0000 is a picture\. Give a manifest of N"
    ):
        make_slices(pictures, pictures.parent, tmp_path / "more", plane="axial", neighbours=0)
    with pytest.raises(ConfigError, match="'top' is no plane"):
        make_slices(volumes, volumes.parent, tmp_path / "more", plane="top", neighbours=0)
    assert not (tmp_path / "more").exists()
