"""The drawn volumes: what the manifest says of them is so, and no two are held alike."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from dermaseg_monai.data import make_volumes, volume_manifest
from dermaseg_monai.errors import DataError
from dermaseg_monai.images import measure, read_image, read_mask, require_same_place
from dermaseg_monai.manifest import Case, Manifest, require_no_leaks, require_verified

N = 8


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_volumes(tmp_path_factory.mktemp("volumes") / "set", n=N, seed=3).parent


@pytest.fixture(scope="module")
def cases(folder: Path) -> tuple[Case, ...]:
    return Manifest.load(folder / "manifest.json").cases


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


def test_every_file_is_as_the_manifest_says(folder: Path, cases: tuple[Case, ...]) -> None:
    manifest = Manifest.load(folder / "manifest.json")
    require_verified(manifest, folder)
    require_no_leaks(manifest, allow_leaks=False)
    assert manifest.counts == {"train": 5, "val": 1, "test": 2, "excluded": 0}
    for case in cases:
        picture = read_image(folder / case.image.path)
        assert measure(folder / case.image.path) == case.image.shape_vox
        assert picture.spacing_mm == pytest.approx(case.image.spacing_mm, abs=1e-6)
        for one in case.annotations:
            require_same_place(folder / case.image.path, folder / one.mask.path)


def test_spacing_is_anisotropic_and_axes_are_oblique(folder: Path, cases: tuple[Case, ...]) -> None:
    for case in cases:
        assert case.image.spacing_mm is not None
        assert max(case.image.spacing_mm) > 1.5 * min(case.image.spacing_mm)
        affine = read_image(folder / case.image.path).affine
        assert affine is not None
        assert (np.abs(affine[:3, :3]) > 1e-3).sum() > 3
    assert len({nib.aff2axcodes(read_image(folder / case.image.path).affine) for case in cases}) > 2


def test_a_lesion_is_one_piece_of_few_echoes_and_two_people_see_it_differently(
    folder: Path, cases: tuple[Case, ...]
) -> None:
    for case in cases:
        image, lesion = read_image(folder / case.image.path).pixels, read_mask(folder / case.annotations[0].mask.path)
        tight, loose = (read_mask(folder / one.mask.path) for one in case.annotations[1:])
        assert 0.003 < lesion.mean() < 0.2
        assert [one.role for one in case.annotations] == ["reference", "reader", "reader"]
        assert tight.sum() < lesion.sum() < loose.sum()
        assert min(dice(tight, lesion), dice(loose, lesion)) > 0.7
        assert image[lesion].mean() < 0.5 * image[loose & ~lesion].mean()


def test_the_same_seed_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    again = make_volumes(tmp_path / "again", n=N, seed=3)
    assert again.read_bytes() == (folder / "manifest.json").read_bytes()  # it holds every sha256


def test_a_set_that_is_there_stays(folder: Path, tmp_path: Path) -> None:
    assert volume_manifest(folder, n=3, seed=9) == str(folder / "manifest.json")
    with pytest.raises(DataError, match="already holds a data set"):
        make_volumes(folder, n=3, seed=9)
    (tmp_path / "other").write_text("")
    with pytest.raises(DataError, match=r"is not empty and holds no manifest\.json"):
        volume_manifest(tmp_path)


@pytest.mark.parametrize(("n", "seed"), [(2, 0), (5, -1)])
def test_too_few_volumes_or_a_negative_seed_are_refused(tmp_path: Path, n: int, seed: int) -> None:
    with pytest.raises(ValueError, match="at least 3 volumes, and a seed"):
        make_volumes(tmp_path / "set", n=n, seed=seed)
