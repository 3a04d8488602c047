import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from dermaseg_monai.cli import app
from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.files import sha256_of
from dermaseg_monai.manifest import Case, FileRecord, Manifest, Split


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


def noise(seed: int) -> np.ndarray:
    grey = np.random.default_rng(seed).integers(0, 256, (24, 32), dtype=np.uint8)
    return np.asarray(Image.fromarray(grey).resize((160, 120), Image.Resampling.BICUBIC).convert("RGB"))


def save(folder: Path, name: str, pixels: np.ndarray, split: Split, lesion_id: str | None = None) -> Case:
    path = folder / f"{name}.jpg"
    folder.mkdir(exist_ok=True)
    Image.fromarray(pixels).save(path)
    return Case(name, FileRecord(path.name, sha256_of(path)), (), split, lesion_id)


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """Set one: a (train) mirrored is b (test), c (train) and d (test) are one lesion."""
    folder = tmp_path / "one"
    cases = (
        save(folder, "a", noise(1), "train"),
        save(folder, "b", noise(1)[:, ::-1], "test"),
        save(folder, "c", noise(3), "train", "L<1>"),
        save(folder, "d", noise(4), "test", "L<1>"),
        save(folder, "e", noise(5), "train"),
    )
    Manifest("<b>one</b>", "1", None, cases).save(folder / "m.json")
    return folder / "m.json"


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Set two: its training picture is the centre of e, which stands in training too."""
    folder = tmp_path / "two"
    Manifest("two", "1", None, (save(folder, "x", noise(5)[12:108, 16:144], "train"),)).save(folder / "m.json")
    return folder / "m.json"


def run(*words: object) -> Result:
    done = CliRunner().invoke(app, ["data", "leaks", *map(str, words)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def test_leaks_are_counted_and_end_with_exit_code_1(one: Path, tmp_path: Path) -> None:
    done = run(one, "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert "2 leaks between different splits, 0 overlaps" in done.output
    rows = (tmp_path / "out/leaks.csv").read_text().splitlines()
    assert [row.split(",")[-1] for row in rows] == ["case_id", "c", "d", "a", "b"]
    page = (tmp_path / "out/leaks.html").read_text()
    assert page.count("data:image/jpeg") == 2
    assert "&lt;b&gt;one&lt;/b&gt;" in page
    assert "<b>one</b>" not in page
    assert "L&lt;1&gt;" in page


def test_the_leak_free_manifest_has_no_leaks(one: Path, tmp_path: Path) -> None:
    clean = tmp_path / "clean.json"
    done = run(one, "--out-clean", clean)
    assert done.exit_code == 0
    assert "2 cases were excluded (2 of <b>one</b> train)" in done.output.replace("\n", " ")
    assert {case.id for case in Manifest.load(clean).cases if case.split == "excluded"} == {"a", "c"}
    assert (tmp_path / "clean.excluded.csv").read_text().count("\n") == 3
    assert run(clean, "--dataset-dir", one.parent).exit_code == 0


def test_the_test_side_gives_way_when_asked(one: Path, tmp_path: Path) -> None:
    run(one, "--gives-way", "test", "--out-clean", tmp_path / "clean.json")
    assert Manifest.load(tmp_path / "clean.json").counts == {"train": 3, "val": 0, "test": 0, "excluded": 2}


def test_two_sets_are_compared(one: Path, two: Path, tmp_path: Path) -> None:
    done = run(one, two, "--out-clean", tmp_path / "clean")
    assert "2 leaks between different splits, 1 overlaps of one split of two sets" in done.output
    assert sorted(path.name for path in (tmp_path / "clean").iterdir()) == [
        "_b_one__b_.json",
        "excluded.csv",
        "two.json",
    ]
    assert Manifest.load(tmp_path / "clean/two.json") == Manifest.load(two)


def test_lists_of_ids_are_compared_by_id_alone(tmp_path: Path) -> None:
    (tmp_path / "old_test.txt").write_text("a\nb\n")
    (tmp_path / "new_train.txt").write_text("b\nc\n")
    done = run(tmp_path / "old_test.txt", tmp_path / "new_train.txt", "--out-clean", tmp_path / "clean")
    assert "1 leaks between different splits" in done.output
    assert "By id alone, as lists of ids: old (test), new (train)." in done.output
    assert (tmp_path / "clean/new_train.csv").read_text() == "id,split\nb,excluded\nc,train\n"
    assert (tmp_path / "clean/old_test.csv").read_text() == "id,split\na,test\nb,test\n"


def test_a_split_whose_pictures_were_not_seen_is_not_called_clean(one: Path, tmp_path: Path) -> None:
    manifest, clean = one.rename(tmp_path / "m.json"), tmp_path / "clean.json"
    done = CliRunner().invoke(app, ["data", "leaks", str(manifest), "--out-clean", str(clean)])
    assert isinstance(done.exception, DataError)
    assert "Not every picture was compared" in str(done.exception)
    assert "--dataset-dir DIR" in str(done.exception)
    assert "were not compared: none of them is in" in done.output.replace("\n", " ")
    assert "1 leaks between different splits" in done.output
    assert not clean.exists()


@pytest.mark.parametrize("damage", ["away", "damaged"])
def test_a_picture_that_cannot_be_compared_leaves_no_clean_manifest(two: Path, tmp_path: Path, damage: str) -> None:
    picture, clean = two.parent / "x.jpg", tmp_path / "clean.json"
    cases = (*Manifest.load(two).cases, save(two.parent, "y", noise(7), "test"))
    Manifest("two", "1", None, cases).save(two)
    if damage == "away":
        picture.unlink()
    else:
        picture.write_bytes(b"no picture")
    done = CliRunner().invoke(app, ["data", "leaks", str(two), "--out-clean", str(clean)])
    assert "1 pictures could not be compared, first two x: " in done.output
    assert "; 1 pictures were compared." in done.output
    assert isinstance(done.exception, DataError)
    assert "compared: copy damaged or changed pictures again or take them out of the manifest." in str(done.exception)
    assert not clean.exists()


def test_nothing_shared_ends_with_exit_code_0(two: Path) -> None:
    done = run(two)
    assert (done.exit_code, "0 leaks between different splits" in done.output) == (0, True)


def test_terminal_and_page_say_what_was_compared_also_where_nothing_is_found(two: Path, tmp_path: Path) -> None:
    cases = (
        *Manifest.load(two).cases,
        save(two.parent, "y", noise(7), "test", "L1"),
        save(two.parent, "z", noise(8), "excluded", "L1"),
    )
    Manifest("two", "1", None, cases).save(two)
    done = run(two, "--out", tmp_path / "out")
    words = (
        "Compared: 2 cases by their ids; the lesion is known for 1 of 2, the patient is known for 0 of 2; "
        "2 pictures were compared. What is not known cannot show a leak."
    )
    assert words in done.output
    assert (
        f"<p>Nothing stands on two different splits.</p>\n<p>{words}</p>" in (tmp_path / "out/leaks.html").read_text()
    )


def test_places_that_do_not_fit_are_refused(one: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"There is no folder .*gone for <b>one</b>"):
        run(one, "--dataset-dir", tmp_path / "gone")
    with pytest.raises(ConfigError, match="2 folders are given with --dataset-dir for 1 manifests"):
        run(one, "--dataset-dir", tmp_path, "--dataset-dir", tmp_path)
    with pytest.raises(ConfigError, match="named twice"):
        run(one, one)


def manifest(path: Path, name: str, *cases: Case) -> Path:
    Manifest(name, "1", None, cases).save(path)
    return path


def shown(page: Path) -> list[np.ndarray]:
    pictures = re.findall(r"data:image/jpeg;base64,([^\"]+)", page.read_text())
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(one))), dtype=float) for one in pictures]


def test_parts_of_one_set_are_written_to_a_file_each_and_keep_their_name(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    train = manifest(folder / "train.json", "isic", save(folder, "a", noise(1), "train"))
    test = manifest(folder / "test.json", "isic", save(folder, "b", noise(1)[:, ::-1], "test"))
    done = run(train, test, "--out-clean", tmp_path / "clean")
    assert "1 of isic train" in done.output.replace("\n", " ")
    written = {path.name: Manifest.load(path) for path in (tmp_path / "clean").glob("*.json")}
    assert {name: one.counts["excluded"] for name, one in written.items()} == {"train.json": 1, "test.json": 0}
    assert written["test.json"] == Manifest.load(test)
    assert written["train.json"].name == "isic"


def test_two_files_of_one_name_that_share_a_split_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    pictures = {"a": noise(1), "b": noise(1)[:, ::-1]}
    paths = [
        manifest(tmp_path / name / "m.json", "set", save(tmp_path / name, name, pixels, "train"))
        for name, pixels in pictures.items()
    ]
    done = run(*paths, "--out", tmp_path / "out", "--out-clean", tmp_path / "clean")
    assert "0 leaks between different splits, 1 overlaps of one split of two sets" in done.output
    assert {path.name for path in (tmp_path / "clean").glob("*.json")} == {"a_m.json", "b_m.json"}
    assert Manifest.load(tmp_path / "clean/b_m.json") == Manifest.load(paths[1])


def test_the_page_shows_the_picture_of_the_side_that_is_meant(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    train = manifest(one / "m.json", "set", save(one, "1", noise(1), "train"))
    test = manifest(
        other / "m.json", "set", save(other, "1", noise(2), "test"), save(other, "2", noise(1)[:, ::-1], "test")
    )
    run(train, test, "--out", tmp_path / "out")
    left, right = shown(tmp_path / "out/leaks.html")
    assert np.abs(left - noise(1)).mean() < 10
    assert np.abs(right - noise(1)[:, ::-1]).mean() < 10


def test_an_input_is_not_written_over(one: Path, two: Path, tmp_path: Path) -> None:
    source = one.rename(one.parent / "two.json")
    before = source.read_bytes()
    with pytest.raises(ConfigError, match=r"two\.json is one of the inputs.*--out-clean"):
        run(source, two, "--out", tmp_path / "out", "--out-clean", one.parent)
    with pytest.raises(ConfigError, match=r"two\.json is one of the inputs"):
        run(source, "--out-clean", one.parent / ".." / "one" / "two.json")
    assert source.read_bytes() == before
    assert not (tmp_path / "out").exists()


def test_the_table_of_leaks_does_not_replace_a_list(tmp_path: Path) -> None:
    (tmp_path / "leaks.csv").write_text("id,split\na,train\n")
    with pytest.raises(ConfigError, match=r"leaks\.csv is one of the inputs"):
        run(tmp_path / "leaks.csv", "--out", tmp_path)


def test_cases_that_only_an_excluded_one_ties_are_told_of_and_go(tmp_path: Path) -> None:
    cases = (
        Case("a", FileRecord("a.jpg", "a" * 64), (), "train", "L1"),
        Case("x", FileRecord("x.jpg", "b" * 64), (), "excluded", "L1", "P1"),
        Case("b", FileRecord("b.jpg", "c" * 64), (), "test", None, "P1"),
    )
    lists = tmp_path / "m.json"
    Manifest("set", "ids", None, cases).save(lists)
    done = run(lists, "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert re.search(r"leak +set train +set test +indirect +1 +1 +1", done.stdout)
    assert "through x (excluded)" in (tmp_path / "out/leaks.csv").read_text()
    assert "the same through other cases" in (tmp_path / "out/leaks.html").read_text()
    assert run(lists, "--out-clean", tmp_path / "clean.csv").exit_code == 0
    assert (tmp_path / "clean.csv").read_text().splitlines()[1:] == ["a,excluded", "b,test", "x,excluded"]


def test_the_other_pictures_of_a_lesion_go_with_the_copy(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    cases = (
        save(folder, "a1", noise(1), "train", "L1"),
        save(folder, "a2", noise(2), "train", "L1"),
        save(folder, "b", noise(1)[:, ::-1], "test"),
        save(folder, "c", noise(3), "train", "L2"),
    )
    Manifest("set", "1", None, cases).save(folder / "m.json")
    done = run(folder / "m.json", "--out-clean", folder / "clean.json")
    assert "2 leaks between different splits" in done.stdout
    assert [(case.id, case.split) for case in Manifest.load(folder / "clean.json").cases] == [
        ("a1", "excluded"),
        ("a2", "excluded"),
        ("b", "test"),
        ("c", "train"),
    ]
    assert run(folder / "clean.json").exit_code == 0


def test_what_a_copy_of_an_excluded_picture_ties_is_said_and_not_counted(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    cases = (
        save(folder, "a", noise(1), "train"),
        save(folder, "x", noise(1)[:, ::-1], "excluded", "L1"),
        save(folder, "b", noise(2), "test", "L1"),
    )
    Manifest("set", "1", None, cases).save(folder / "m.json")
    done = run(folder / "m.json", "--out", tmp_path / "out")
    assert done.exit_code == 0
    said = "Not counted: 1 groups stand on two sides where a copy of an excluded picture counts too, first a (train), "
    assert f"{said}b (test), through x (excluded)." in done.stdout.replace("\n", " ")
    assert "Not counted: 1 groups" in (tmp_path / "out/leaks.html").read_text()


def test_a_name_in_two_spellings_is_asked_about_on_the_terminal_alone(tmp_path: Path) -> None:
    cases = (
        Case("a", FileRecord("a.jpg", "a" * 64), (), "train", None, "Ann"),
        Case("b", FileRecord("b.jpg", "b" * 64), (), "test", None, "ann"),
    )
    lists = tmp_path / "m.json"
    Manifest("set", "ids", None, cases).save(lists)
    done = run(lists, "--out", tmp_path / "out")
    assert "warning: 2 names of patients differ only by capitals or leading zeros, first 'Ann' and 'ann'" in done.output
    assert not any("Ann" in path.read_text() for path in (tmp_path / "out").iterdir())
