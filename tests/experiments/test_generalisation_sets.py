from pathlib import Path

import pytest

from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.experiments.generalisation_sets import named, read_sets
from tests.experiments.small_matrix import make_case, make_set, two_sets


def paths(folder: Path, *names: str) -> list[Path]:
    two_sets(folder)
    return [folder / f"{name}.json" for name in names]


def test_a_set_has_its_manifest_s_name_and_folder(tmp_path: Path) -> None:
    first, second = read_sets(paths(tmp_path, "a", "b"), [], split="test")
    assert (first.name, second.name) == ("a", "b")
    assert first.folder == second.folder == tmp_path
    assert second.manifest.counts["test"] == 3


def test_folders_come_in_order_or_by_name(tmp_path: Path) -> None:
    given = paths(tmp_path, "a", "b")
    first, second = read_sets(given, ["x", "/y=z"], split="test")
    assert (first.folder, second.folder) == (Path("x").resolve(), Path("/y=z"))
    first, second = read_sets(given, ["b=/y"], split="test")
    assert (first.folder, second.folder) == (tmp_path, Path("/y"))


def test_sets_of_one_name_go_by_their_files(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    one = make_set(tmp_path / "one", "same", [make_case("x", "test")])
    other = make_set(tmp_path, "same", [make_case("y", "test")])
    one.path.rename(tmp_path / "first set.json")
    sets = read_sets([tmp_path / "first set.json", other.path], [], split="test")
    assert [found.name for found in sets] == ["first set", "same"]
    assert [found.slug for found in sets] == ["first_set", "same"]


@pytest.mark.parametrize(
    ("names", "folders", "said"),
    [
        (("a",), [], r"1 manifest is given, but a matrix needs two or more"),
        (("a", "b", "a"), [], r"a\.json is given twice"),
        (("a", "b"), ["x"], r"1 --dataset-dir for 2 manifests.*--dataset-dir a=FOLDER"),
        (("a", "b"), ["a=x", "bb=y"], r"--dataset-dir: unknown data set 'bb'\. Did you mean b\?"),
        (("a", "b"), ["a=x", "a=y"], r"--dataset-dir names a twice"),
    ],
)
def test_sets_that_cannot_be_told_apart_are_refused(
    tmp_path: Path, names: tuple[str, ...], folders: list[str], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        read_sets(paths(tmp_path, *names), folders, split="test")


def test_a_set_without_test_cases_is_refused(tmp_path: Path) -> None:
    make_set(tmp_path, "c", [make_case("c1", "train")])
    with pytest.raises(DataError, match=r"Manifest c has no case in split 'test'"):
        read_sets([*paths(tmp_path, "a"), tmp_path / "c.json"], [], split="test")


def test_a_word_without_a_name_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"--weights runs/x: expected NAME=PATH, as in --weights a=PATH"):
        named(["runs/x"], ["a"], option="--weights")
