import multiprocessing
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from dermaseg_monai.data.demo import demo_manifest, demo_set, make_demo
from dermaseg_monai.data.whole_folder import whole_folder
from dermaseg_monai.errors import DataError
from dermaseg_monai.files import sha256_of
from dermaseg_monai.images import measure, read_image, read_mask
from dermaseg_monai.manifest import Case, Manifest

N = 24


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_demo(tmp_path_factory.mktemp("demo") / "set", n=N, seed=5).parent


@pytest.fixture(scope="module")
def cases(folder: Path) -> tuple[Case, ...]:
    return Manifest.load(folder / "manifest.json").cases


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


def test_every_file_is_as_the_manifest_says(folder: Path, cases: tuple[Case, ...]) -> None:
    assert len(cases) == N
    for case in cases:
        for record in (case.image, *(one.mask for one in case.annotations)):
            assert sha256_of(folder / record.path) == record.sha256
            assert measure(folder / record.path) == record.size_px
            assert record.size_px == case.image.size_px


def test_nothing_else_lies_in_the_folder(folder: Path, cases: tuple[Case, ...]) -> None:
    written = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    listed = {record.path for case in cases for record in case.files}
    assert written - listed == {"manifest.json", "README.txt"}
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    first, second, other = (make_demo(tmp_path / name, n=6, seed=seed) for name, seed in [("a", 1), ("b", 1), ("c", 2)])
    assert Manifest.load(first).digest == Manifest.load(second).digest
    assert Manifest.load(first).cases[0].image.sha256 != Manifest.load(other).cases[0].image.sha256


def test_one_worker_draws_the_same_bytes_as_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = make_demo(tmp_path / "many", n=6, seed=1)
    monkeypatch.setattr(demo_set.os, "cpu_count", lambda: 1)
    assert Manifest.load(make_demo(tmp_path / "one", n=6, seed=1)).digest == Manifest.load(many).digest


def test_the_manifest_says_who_what_and_under_which_licence(cases: tuple[Case, ...]) -> None:
    for case in cases:
        assert case.licence == "CC0-1.0"
        assert case.attribution
        assert {one.annotator for one in case.annotations} == {"generator", "tight", "loose", "noisy"}
        assert case.reference is not None
        assert case.reference.annotator == "generator"
        assert set(case.attributes) == {
            "diagnosis",
            "age",
            "sex",
            "site",
            "device",
            "ita_deg",
            "skin_band",
            "fitzpatrick_estimate",
            "artefacts",
            "border_contact",
            "satellites",
        }


def test_lesions_are_neither_absent_nor_everywhere(folder: Path, cases: tuple[Case, ...]) -> None:
    for case in cases:
        assert case.reference is not None
        assert 0.003 < read_mask(folder / case.reference.mask.path).mean() < 0.85


def test_border_contact_is_what_the_mask_shows(folder: Path, cases: tuple[Case, ...]) -> None:
    for case in cases:
        assert case.reference is not None
        mask = read_mask(folder / case.reference.mask.path)
        touches = any(edge.any() for edge in (mask[0], mask[-1], mask[:, 0], mask[:, -1]))
        assert case.attributes["border_contact"] == ("yes" if touches else "no")


def test_lesions_stand_out_from_their_surroundings(folder: Path, cases: tuple[Case, ...]) -> None:
    differences: list[float] = []
    for case in cases:
        assert case.reference is not None
        rgb = read_image(folder / case.image.path).pixels.astype(float)
        mask = read_mask(folder / case.reference.mask.path)
        differences.append(float(np.abs(np.median(rgb[mask], axis=0) - np.median(rgb[~mask], axis=0)).max()))
    assert min(differences) > 6
    assert np.median(differences) > 40


def test_annotators_keep_to_their_habits(folder: Path, cases: tuple[Case, ...]) -> None:
    ratio: dict[str, list[float]] = {"tight": [], "loose": [], "noisy": []}
    scores: dict[str, list[float]] = {"tight": [], "loose": [], "noisy": []}
    for case in cases:
        assert case.reference is not None
        truth = read_mask(folder / case.reference.mask.path)
        for one in case.annotations[1:]:
            mask = read_mask(folder / one.mask.path)
            ratio[one.annotator or ""].append(mask.sum() / truth.sum())
            scores[one.annotator or ""].append(dice(mask, truth))
    assert np.median(ratio["tight"]) < 0.97
    assert np.median(ratio["loose"]) > 1.05
    assert all(0.84 < np.mean(values) < 0.99 for values in scores.values())
    assert np.std(ratio["noisy"]) > np.std(ratio["tight"])


def test_a_set_that_is_there_is_returned_untouched(folder: Path) -> None:
    before = (folder / "manifest.json").stat().st_mtime_ns
    assert demo_manifest(folder, n=99, seed=99) == str(folder / "manifest.json")
    assert (folder / "manifest.json").stat().st_mtime_ns == before


def test_an_absent_or_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("empty", "deep/absent"):
        assert len(Manifest.load(demo_manifest(tmp_path / name, n=3)).cases) == 3


@pytest.mark.parametrize("make", [demo_manifest, make_demo])
def test_a_folder_with_other_things_is_refused(make: Callable[..., object], tmp_path: Path) -> None:
    (tmp_path / "holiday.txt").write_text("x")
    with pytest.raises(DataError, match=r"is not empty and holds no manifest\.json.*Remove what is in it"):
        make(tmp_path, n=3, seed=0)
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.txt"]


def test_make_demo_does_not_overwrite_a_set(folder: Path) -> None:
    with pytest.raises(DataError, match="already holds a data set"):
        make_demo(folder, n=3, seed=0)


def test_a_folder_that_cannot_be_made_is_a_data_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataError, match=r"Cannot write .*set.*Choose a folder you may write to"):
        demo_manifest(tmp_path / "file" / "set", n=3)


def test_a_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise DataError("No space left")

    monkeypatch.setattr(demo_set, "write_mask", fail)
    with pytest.raises(DataError, match="No space left"):
        demo_manifest(tmp_path / "set", n=3)
    assert list(tmp_path.iterdir()) == []


def test_two_that_start_at_once_share_one_set(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda seed: demo_manifest(tmp_path / "set", n=6, seed=seed), [3, 3])
    assert first == second
    assert len(Manifest.load(first).cases) == 6
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


@pytest.mark.slow
def test_two_processes_that_start_at_once_share_one_set(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        first, second = pool.starmap(demo_manifest, [(tmp_path / "set", 8, 3)] * 2)
    assert first == second
    assert len(Manifest.load(first).cases) == 8
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_who_comes_second_keeps_the_set_of_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_text = demo_set.write_text

    def meanwhile(path: Path, text: str) -> None:
        write_text(path, text)
        with whole_folder(tmp_path / "set") as draft:  # another process, quicker than this one
            (draft / "manifest.json").write_text("theirs")

    monkeypatch.setattr(demo_set, "write_text", meanwhile)
    assert Path(demo_manifest(tmp_path / "set", n=3)).read_text() == "theirs"
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
