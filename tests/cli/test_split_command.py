from pathlib import Path

import pytest
from typer.testing import CliRunner

from dermaseg_monai.cli import app
from dermaseg_monai.errors import ConfigError, DataError, LeakError
from dermaseg_monai.manifest import Case, FileRecord, Manifest, find_leaks
from dermaseg_monai.manifest.id_lists import shipped_list


def case(name: str, number: int, **known: object) -> Case:
    file = FileRecord(f"{name}.png", f"{number:064x}", size_px=(2, 2))
    return Case(name, image=file, annotations=(), **{"split": "train", **known})  # pyright: ignore[reportArgumentType]


@pytest.fixture
def ph2(tmp_path: Path) -> Path:
    """The 200 ids of PH2, two to an invented lesion, every tenth a melanoma, every second free."""
    cases = [
        case(
            name,
            row,
            lesion_id=f"L{row // 2}",
            attributes={"dx": "melanoma" if row % 10 == 0 else "nevus"},
            licence="CC-0" if row % 2 else "CC-BY-NC",
        )
        for row, name in enumerate(sorted(shipped_list("ph2")))
    ]
    Manifest("ph2", "1", None, tuple(cases)).save(tmp_path / "m.json")
    return tmp_path / "m.json"


def split(manifest: Path, *words: str | Path) -> str:
    out = [] if "--out" in words else ["--out", str(manifest.with_name("new.json"))]
    done = CliRunner().invoke(app, ["data", "split", str(manifest), *map(str, words), *out])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def new(manifest: Path) -> Manifest:
    return Manifest.load(manifest.with_name("new.json"))


def test_ratios_write_a_manifest_that_says_how_and_print_the_fit(ph2: Path) -> None:
    said = split(ph2, "--ratios", "70:10:20", "--stratify", "dx", "--seed", "3")
    made = new(ph2)
    assert made.counts == {"train": 140, "val": 20, "test": 40, "excluded": 0}
    assert made.division == "ratios 70:10:20 into train, val, test, seed 3, whole groups, stratified by dx"
    assert find_leaks(made) == []
    assert f"digest {made.digest[:12]}" in said
    assert "melanoma" in said
    assert "Worst of 2 classes: dx " in said
    assert ", 0.00 points." in said
    assert "warning" not in said


def test_the_same_command_writes_the_same_bytes(ph2: Path) -> None:
    split(ph2, "--ratios", "70:30", "--stratify", "dx")
    split(ph2, "--ratios", "70:30", "--stratify", "dx", "--out", ph2.with_name("again.json"))
    assert ph2.with_name("again.json").read_bytes() == ph2.with_name("new.json").read_bytes()


def test_a_published_split_warns_and_offers_the_grouped_one(ph2: Path) -> None:
    said = split(ph2, "--named", "khan_ph2")
    assert "the sizes are published, the ids are not" in said
    assert "stand on two sides" in said
    assert "--named khan_ph2_grouped keeps them whole" in said
    assert "warning" not in split(ph2, "--named", "khan_ph2_grouped", "--parts", "train,val")
    assert new(ph2).counts == {"train": 140, "val": 60, "test": 0, "excluded": 0}


def test_folds_go_into_a_folder_that_appears_when_they_are_whole(ph2: Path) -> None:
    out = ph2.with_name("folds")
    said = split(ph2, "--folds", "4", "--stratify", "dx", "--out", out)
    assert sorted(path.name for path in out.iterdir()) == ["fold1.json", "fold2.json", "fold3.json", "fold4.json"]
    assert said.count("150 train, 50 val, 0 test") == 4
    assert not list(ph2.parent.glob(".writing-*"))
    with pytest.raises(ConfigError, match=r"holds files\. Folds of two draws must not mix"):
        split(ph2, "--folds", "4", "--out", out)
    with pytest.raises(ConfigError, match="folds go into a folder"):
        split(ph2, "--folds", "4")


def test_official_lists_that_divide_a_lesion_are_refused_until_allowed(tmp_path: Path) -> None:
    listed = shipped_list("isic2018")
    train, test = (next(name for name, split in listed.items() if split == side) for side in ("train", "test"))
    cases = (case(train, 1, lesion_id="L"), case(test, 2, lesion_id="L"), case("mine", 3))
    Manifest("isic2018", "1", None, cases).save(tmp_path / "m.json")
    with pytest.raises(LeakError, match=r"isic2018 divides groups: 1 lesions.*--allow-leaks.*dermaseg data leaks"):
        split(tmp_path / "m.json", "--official", "isic2018")
    assert not (tmp_path / "new.json").exists()
    said = split(tmp_path / "m.json", "--official", "isic2018", "--allow-leaks")
    assert "train 1 of 2594, val 0 of 100, test 1 of 1000" in said
    assert "1 cases became excluded; 0 were so before" in said
    assert new(tmp_path / "m.json").division == "list isic2018, divided groups allowed"


def test_a_list_of_ones_own_and_the_benchmark_are_taken(ph2: Path, tmp_path: Path) -> None:
    ids = sorted(shipped_list("ph2"))
    (tmp_path / "s.csv").write_text(f"id,split\n{ids[0]},train\n{ids[1]},train\n{ids[2]},val\n{ids[3]},val\n")
    split(ph2, "--table", tmp_path / "s.csv")
    assert new(ph2).counts == {"train": 2, "val": 2, "test": 0, "excluded": 196}
    with pytest.raises(DataError, match="None of the 200 cases of ph2 is in the list benchmark"):
        split(ph2, "--named", "benchmark")


def test_a_licence_is_selected_alone_and_before_a_split(ph2: Path) -> None:
    assert "100 cases became excluded; 0 were so before" in split(ph2, "--licence", "CC-0")
    assert new(ph2).division == "licence CC-0"
    split(ph2, "--licence", "cc0", "--ratios", "70:30")
    assert new(ph2).counts == {"train": 70, "val": 0, "test": 30, "excluded": 100}
    with pytest.raises(DataError, match="khan_ph2 divides 200 images into 140/60; ph2 has 100"):
        split(ph2, "--licence", "cc0", "--named", "khan_ph2")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Nothing says how to split. Choose one of --ratios, --folds"),
        (["--ratios", "70:30", "--folds", "3"], "--ratios and --folds exclude each other"),
        (["--ratios", "70:30", "--parts", "train,train"], "name train, val and test, each once"),
        (["--ratios", "70:30", "--parts", "train,excluded"], "name train, val and test, each once"),
        (["--ratios", "70:30", "--parts", "train"], "70:30 has 2 parts"),
        (["--ratios", "70:30", "--allow-leaks"], "--allow-leaks says nothing beside --ratios"),
        (["--folds", "3", "--scale"], "--scale says nothing beside --folds"),
        (["--official", "ham10000"], "no official splits of 'ham10000'. Choose one of isic2016"),
        (["--official", "isic2018", "--seed", "2"], "--seed says nothing beside --official"),
        (["--named", "khan"], "There is no split named 'khan'"),
    ],
)
def test_options_that_do_not_fit_are_refused_and_nothing_is_written(ph2: Path, words: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        split(ph2, *words)
    assert [path.name for path in ph2.parent.iterdir()] == ["m.json"]


def test_names_in_two_spellings_are_asked_about(tmp_path: Path) -> None:
    cases = tuple(case(f"c{n}", n, patient_id=name) for n, name in enumerate(("P01", "P1", "P2", "P3")))
    Manifest("set", "1", None, cases).save(tmp_path / "m.json")
    said = split(tmp_path / "m.json", "--ratios", "50:50")
    assert "warning: 2 names of patients differ only by capitals or leading zeros, first 'P01' and 'P1'" in said
