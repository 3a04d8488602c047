import shutil
from pathlib import Path

import numpy as np
import pytest

from dermaseg_monai.data import make_demo
from dermaseg_monai.errors import DataError
from dermaseg_monai.files import sha256_of
from dermaseg_monai.images import write_mask
from dermaseg_monai.manifest import Manifest
from dermaseg_monai.prompting import readable_cases


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_demo(tmp_path_factory.mktemp("data") / "demo", n=10, seed=0).parent


@pytest.fixture
def demo(untouched: Path, tmp_path: Path) -> Path:
    """Manifest of ten drawn images that a test may damage."""
    return shutil.copytree(untouched, tmp_path / "demo") / "manifest.json"


def files(manifest: Path) -> list[tuple[str, Path, Path]]:
    """Return id, image and reference mask of each case of the training split."""
    cases = Manifest.load(manifest).in_split("train")
    found = [(case.id, case.image, case.reference) for case in cases]
    return [(name, manifest.parent / image.path, manifest.parent / ref.mask.path) for name, image, ref in found if ref]


def test_samples_are_as_those_of_every_evaluation(demo: Path) -> None:
    found = readable_cases(demo, demo.parent, "train")
    expected = {name: (str(image), str(mask)) for name, image, mask in files(demo)}
    assert {sample["case_id"]: (sample["image_path"], sample["label_path"]) for sample in found} == expected
    assert all(sample["image"] == sample["image_path"] and sample["label"] == sample["label_path"] for sample in found)
    assert found.failures == ()


def test_one_bad_file_costs_its_own_case_and_is_named(demo: Path) -> None:
    (first, image, _), (second, _, mask), (third, _, other) = files(demo)[:3]
    image.write_bytes(image.read_bytes()[:100])
    write_mask(mask, np.zeros((7, 9), dtype=bool))
    other.unlink()
    found = readable_cases(demo, demo.parent, "train")
    assert len(found) == len(files(demo)) - 3
    reasons = {one.case_id: one.reason for one in found.failures}
    assert set(reasons) == {first, second, third}
    assert "Cannot read" in reasons[first]
    assert "its sha256 differs" in reasons[second]
    assert "does not exist" in reasons[third]


def test_a_mask_of_another_size_is_left_out(demo: Path) -> None:
    name, _, mask = files(demo)[0]
    before = sha256_of(mask)
    write_mask(mask, np.zeros((7, 9), dtype=bool))
    demo.write_text(demo.read_text().replace(before, sha256_of(mask)))
    (failure,) = readable_cases(demo, demo.parent, "train").failures
    assert failure.case_id == name
    assert "has (7, 9) px, its image" in failure.reason


def test_nothing_that_can_be_used_is_an_error(demo: Path) -> None:
    for _, _, mask in files(demo):
        mask.unlink()
    with pytest.raises(DataError, match=r"None of the \d+ train cases can be used"):
        readable_cases(demo, demo.parent, "train")
