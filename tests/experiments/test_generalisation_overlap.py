from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dermaseg_monai.experiments.generalisation_overlap import find_overlap
from dermaseg_monai.files import sha256_of
from dermaseg_monai.manifest import Case
from tests.experiments.small_matrix import make_case, make_set


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


def draw(path: Path, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 255, (6, 8, 3), dtype=np.uint8))
    pixels = np.asarray(coarse.resize((160, 120), Image.Resampling.BICUBIC))
    Image.fromarray(pixels).save(path)
    return pixels


def with_file(folder: Path, case: Case) -> Case:
    """Return the case as one whose file lies in the folder; another file than that of the manifest is not compared."""
    return replace(case, image=replace(case.image, sha256=sha256_of(folder / case.image.path)))


def test_nearly_the_same_picture_is_found_and_what_it_is_tied_to(tmp_path: Path) -> None:
    pixels = draw(tmp_path / "x.jpg", 1)
    Image.fromarray(pixels[:, ::-1]).resize((100, 75)).save(tmp_path / "mirrored.jpg", quality=70)
    for seed, name in enumerate(("other", "third"), start=2):
        draw(tmp_path / f"{name}.jpg", seed)
    tested = [
        with_file(tmp_path, make_case("mirrored", "val", lesion_id="L")),
        with_file(tmp_path, make_case("other", "test", lesion_id="L")),
    ]
    third = with_file(tmp_path, make_case("third", "test"))
    one = make_set(tmp_path, "a", [with_file(tmp_path, make_case("x", "train"))])
    found = find_overlap(one, make_set(tmp_path, "b", [*tested, third]), split="test")
    assert (found.shared, found.unread) == ({"other": ("through another picture",)}, 0)
    tested = [with_file(tmp_path, make_case(name, "test")) for name in ("mirrored", "other")]
    found = find_overlap(one, make_set(tmp_path, "b", [*tested, make_case("gone", "test")]), split="test")
    assert (found.shared, found.unread) == ({"mirrored": ("picture",)}, 1)


def shared(folder: Path, trained: list[Case], tested: list[Case]) -> dict[str, tuple[str, ...]]:
    one, other = make_set(folder, "a", trained), make_set(folder, "b", tested)
    return dict(find_overlap(one, other, split="test").shared)


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [("lesion_id", "L", "lesion"), ("patient_id", "P", "patient")],
)
def test_a_lesion_or_patient_on_both_sides_is_found(tmp_path: Path, field: str, value: str, word: str) -> None:
    trained = [make_case("x", "train", **{field: value})]
    tested = [make_case("y", "test", **{field: value}), make_case("z", "test")]
    assert shared(tmp_path, trained, tested) == {"y": (word,)}


def test_one_id_and_one_file_are_found(tmp_path: Path) -> None:
    twin = make_case("x", "val")
    copy = replace(make_case("other name", "test"), image=twin.image)
    found = shared(tmp_path, [twin], [copy, make_case("x", "test")])
    assert found == {"other name": ("file",), "x": ("id", "file")}


def test_what_is_neither_trained_on_nor_tested_does_not_count(tmp_path: Path) -> None:
    trained = [make_case("x", "test"), make_case("y", "excluded"), make_case("seen", "train")]
    assert shared(tmp_path, trained, [make_case("x", "test"), make_case("y", "test"), make_case("seen", "val")]) == {}


def test_a_case_is_found_through_another_picture_of_its_lesion(tmp_path: Path) -> None:
    trained = [make_case("old", "train")]
    tested = [make_case("old", "val", lesion_id="L"), make_case("new", "test", lesion_id="L")]
    assert shared(tmp_path, trained, tested) == {"new": ("through another picture",)}
    trained = [make_case("seen", "train", lesion_id="L"), make_case("left out", "excluded", lesion_id="L")]
    assert shared(tmp_path, trained, [make_case("left out", "test")]) == {"left out": ("through another picture",)}


def test_a_case_is_found_through_an_excluded_one_of_its_own_set(tmp_path: Path) -> None:
    between = make_case("x", "excluded", lesion_id="L", patient_id="P")
    own = make_set(
        tmp_path, "a", [make_case("t", "train", lesion_id="L"), between, make_case("s", "test", patient_id="P")]
    )
    assert find_overlap(own, own, split="test").shared == {"s": ("through another picture",)}


def test_a_case_of_a_lesion_whose_picture_was_trained_on_is_found_in_its_own_set(tmp_path: Path) -> None:
    Image.fromarray(draw(tmp_path / "x.jpg", 1)[:, ::-1]).save(tmp_path / "mirrored.jpg")
    draw(tmp_path / "other.jpg", 2)
    tested = [make_case("mirrored", "test", lesion_id="L"), make_case("other", "test", lesion_id="L")]
    cases = [with_file(tmp_path, case) for case in (make_case("x", "train"), *tested)]
    own = make_set(tmp_path, "a", cases)
    assert find_overlap(own, own, split="test").shared == {
        "mirrored": ("picture",),
        "other": ("through another picture",),
    }


def test_groups_of_two_tables_are_not_compared_but_those_of_one_are(tmp_path: Path) -> None:
    trained = [make_case("x", "train", attributes={"group": 0}), make_case("x2", "test", attributes={"group": 0})]
    assert shared(tmp_path, trained, [make_case("y", "test", attributes={"group": 0})]) == {}
    own = make_set(tmp_path, "a", trained)
    assert find_overlap(own, own, split="test").shared == {"x2": ("group",)}


def test_the_overlap_counts_cases_and_what_they_share(tmp_path: Path) -> None:
    one = make_set(tmp_path, "a", [make_case("x", "train", patient_id="P")])
    other = make_set(tmp_path, "b", [make_case("x", "test"), make_case("y", "test", patient_id="P")])
    found = find_overlap(one, other, split="test")
    assert found.counts == {"id": 1, "file": 1, "patient": 1}
    assert (found.n, len(found.shared)) == (2, 2)


def test_a_set_that_nobody_trains_on_shares_nothing(tmp_path: Path) -> None:
    assert shared(tmp_path, [make_case("x", "test")], [make_case("x", "test")]) == {}
