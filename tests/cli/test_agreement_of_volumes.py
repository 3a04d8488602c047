"""The agreement commands on volumes: millimetres throughout, and pictures of slices."""

import json
import shutil
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from dermaseg_monai.cli import app
from dermaseg_monai.data import make_volumes
from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.images import read_image, spacing_of
from dermaseg_monai.manifest import Manifest


def agreement(*words: object):  # noqa: ANN201
    return CliRunner().invoke(app, ["agreement", *map(str, words)], catch_exceptions=False)


@pytest.fixture(scope="module")
def volumes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_volumes(tmp_path_factory.mktemp("volumes") / "set", n=6, seed=0)


@pytest.fixture(scope="module")
def study(volumes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("study") / "out"
    done = agreement("--manifest", volumes, "--out", out, "--tolerance-mm", "0.2")
    assert done.exit_code == 0, done.output
    return out


def test_every_table_of_volumes_is_in_mm(volumes: Path, study: Path) -> None:
    pairs = pd.read_csv(study / "pairs.csv")
    assert len(pairs) == 6
    assert {"hd95_mm", "assd_mm", "surface_dice", "volume_difference_mm3", "band_vox", "volume_vox"} <= set(pairs)
    row = pairs.iloc[0]
    x, y, z = spacing_of(volumes.parent / "annotations" / "loose" / f"{row['case_id']}.nii.gz")
    assert row["volume_a_mm3"] == pytest.approx(row["voxels_a"] * x * y * z)
    for path in study.glob("*.csv"):
        # an error has a place on a picture; in a volume these columns are empty
        lengths = [name for name in pd.read_csv(path).dropna(axis=1, how="all") if name.endswith("px")]
        assert lengths == [], path.name
    summary = (study / "summary.md").read_text()
    assert "Volumes: lengths in mm and mm³" in summary
    assert "Surface Dice at 0.2 mm" in summary
    assert " px" not in summary
    scores = json.loads((study / "summary.json").read_text())["agreement"]["different_people"]["scores"]
    assert scores["hd95_mm"]["mean"] == pytest.approx(pairs["hd95_mm"].mean())


def test_the_page_shows_slices_and_says_where_they_lie(study: Path) -> None:
    page = (study / "index.html").read_text()
    assert "Where people agree least" in page
    assert "mm from the first; right:" in page
    assert "nearest patient left" in page


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "volumes, measured in mm: give the tolerance of surface Dice with --tolerance-mm"),
        (["--tolerance-px", "2"], "and no --tolerance-px"),
        (["--tolerance-px", "auto", "--tolerance-mm", "1"], "and no --tolerance-px"),
        (["--tolerance-mm", "-1"], "--tolerance-mm is '-1', but it is a number of millimetres from 0"),
    ],
)
def test_a_tolerance_that_does_not_fit_is_one_line(volumes: Path, tmp_path: Path, words: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        agreement("--manifest", volumes, "--out", tmp_path / "out", *words)
    assert not (tmp_path / "out").exists()


def test_a_folder_of_volumes_is_measured_too(volumes: Path, study: Path, tmp_path: Path) -> None:
    root = ("--root", volumes.parent / "annotations", "--pattern", "{annotator}/{case}.nii.gz")
    scans = volumes.parent / "images"
    done = agreement(*root, "--images", scans, "--out", tmp_path / "out", "--tolerance-mm", "0.2")
    assert done.exit_code == 0, done.output
    ours, theirs = (pd.read_csv(folder / "pairs.csv") for folder in (tmp_path / "out", study))
    assert ours["hd95_mm"].to_list() == theirs["hd95_mm"].to_list()


def test_volumes_and_pictures_in_one_folder_are_one_line(volumes: Path, tmp_path: Path) -> None:
    for who in ("loose", "tight"):
        (tmp_path / "root" / who).mkdir(parents=True)
        shutil.copy(volumes.parent / "annotations" / who / "volume_0000.nii.gz", tmp_path / "root" / who / "a.nii.gz")
    (tmp_path / "root" / "loose" / "b.png").write_bytes(b"x")
    with pytest.raises(DataError, match=r"millimetres and pixels do not go into one mean"):
        agreement("--root", tmp_path / "root", "--pattern", "{annotator}/{case}", "--out", tmp_path / "out")


def test_the_ceiling_of_volumes_is_in_mm(volumes: Path, tmp_path: Path) -> None:
    masks = volumes.parent / "masks"
    words = ("--manifest", volumes, "--pred", masks, "--margin", "0.05", "--tolerance-mm", "0.2")
    done = agreement("ceiling", *words, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "HD95, mm" in done.output
    assert "volume difference, mm³" in done.output
    assert "Surface Dice at 0.2 mm" in done.output
    assert "px" not in done.output


def test_a_consensus_lies_where_the_readers_do(volumes: Path) -> None:
    out = volumes.parent.parent / "consensus"
    done = agreement("consensus", "--manifest", volumes, "--out", out, "--method", "shape", "--tie", "skin")
    assert done.exit_code == 0, done.output
    row = pd.read_csv(out / "cases.csv").iloc[0]
    written = nib.Nifti1Image.from_filename(out / "masks" / f"{row['case_id']}.nii.gz")
    reader = nib.Nifti1Image.from_filename(volumes.parent / "annotations" / "tight" / f"{row['case_id']}.nii.gz")
    assert np.array_equal(np.asarray(written.affine), np.asarray(reader.affine))
    voxel_mm3 = abs(np.linalg.det(np.asarray(reader.affine)[:3, :3]))
    assert row["volume_mm3"] == pytest.approx((np.asarray(written.dataobj) > 0).sum() * voxel_mm3)
    assert "area_px" not in row
    again = Manifest.load(out / "manifest.json")
    assert {one.role for one in again.cases[0].annotations} == {"reference", "reader", "consensus"}


def moved(volumes: Path, tmp_path: Path) -> Path:
    """A copy of the set in which the reader `loose` of the first case lies 5 mm off."""
    root = tmp_path / "moved"
    shutil.copytree(volumes.parent, root)
    path = root / "annotations" / "loose" / "volume_0000.nii.gz"
    image = nib.Nifti1Image.from_filename(path)
    affine = np.array(image.affine)
    affine[0, 3] += 5
    nib.save(nib.Nifti1Image(np.asarray(image.dataobj), affine), path)
    return root / "manifest.json"


def test_no_consensus_is_taken_of_masks_on_different_affines(volumes: Path, tmp_path: Path) -> None:
    place = moved(volumes, tmp_path)
    words = ("--manifest", place, "--out", place.parent / "out", "--method", "majority", "--tie", "lesion")
    done = agreement("consensus", *words)
    assert done.exit_code == 1
    assert "Failed: volume_0000: the mask of loose has another affine: a corner lies 5 mm" in done.output


def test_an_outline_that_lies_elsewhere_is_named_and_not_compared(volumes: Path, tmp_path: Path) -> None:
    done = agreement("--manifest", moved(volumes, tmp_path), "--out", tmp_path / "out", "--tolerance-mm", "0.2")
    assert done.exit_code == 1
    assert (
        "Left out: volume_0000: the mask of loose has another affine: a corner lies 5 mm from its image's"
        in done.output
    )
    assert "volume_0000" not in set(pd.read_csv(tmp_path / "out" / "pairs.csv")["case_id"])


def test_a_trainee_of_volumes_is_measured_in_mm_and_drawn(volumes: Path, tmp_path: Path) -> None:
    words = ("--manifest", volumes, "--trainee", "loose", "--min-cases", "3", "--pictures", "2")
    done = agreement("qualify", *words, "--out", tmp_path / "out")
    assert "has qualified" in done.output
    table = pd.read_csv(tmp_path / "out" / "cases.csv")
    assert {"offset_mm", "trainee_mm3", "reference_mm3"} <= set(table)
    assert not [name for name in table if name.endswith("_px")]
    assert len(list((tmp_path / "out" / "worst").glob("*.png"))) == 2


def test_no_outline_is_drawn_on_a_scan_that_lies_elsewhere(volumes: Path, tmp_path: Path) -> None:
    def drawn(manifest: Path, out: Path) -> np.ndarray:
        words = ("--manifest", manifest, "--trainee", "loose", "--min-cases", "1", "--pictures", "6")
        agreement("qualify", *words, "--out", out)
        (path,) = (out / "worst").glob("*volume_0000*.png")
        return read_image(path).pixels

    shutil.copytree(volumes.parent, tmp_path / "moved")
    path = tmp_path / "moved" / "images" / "volume_0000.nii.gz"
    image = nib.Nifti1Image.from_filename(path)
    affine = np.array(image.affine)
    affine[0, 3] += 5
    nib.save(nib.Nifti1Image(np.asarray(image.dataobj), affine), path)
    there, elsewhere = drawn(volumes, tmp_path / "a"), drawn(tmp_path / "moved" / "manifest.json", tmp_path / "b")
    grey = [(pixels == 168).all(axis=-1).mean() for pixels in (there, elsewhere)]
    assert grey[1] > 0.3 > grey[0]


def test_a_queue_of_volumes_has_no_tasks_and_says_so(volumes: Path, tmp_path: Path) -> None:
    words = ("--manifest", volumes, "--tolerance-mm", "0.2", "--flag-below", "0.99")
    assert agreement(*words, "--out", tmp_path / "study").exit_code == 0
    done = agreement("adjudicate", "--manifest", volumes, "--study", tmp_path / "study", "--out", tmp_path / "queue")
    assert "6 cases are volumes and have no task" in done.output
    assert len(pd.read_csv(tmp_path / "queue" / "queue.csv")) == 6
    assert not (tmp_path / "queue" / "tasks.json").exists()
    with pytest.raises(DataError, match="has no photograph to draw on"):
        agreement("read", "--manifest", volumes, "--out", tmp_path / "read")
