import subprocess
import sys
from pathlib import Path

import pytest

from dermaseg_monai.manifest import Manifest
from tests.experiments.small_matrix import make_case

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "scores_by_column.py"
HEAD = "case_id,dice,jaccard,threshold_jaccard,accuracy,sensitivity,specificity,precision,pred_px,label_px\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [
        f"{name},1,{score},0,1,{score},1,0.5,4,4\n" for name, score in zip("0123", (0.25, 0.5, 0.75, 1), strict=True)
    ]
    (tmp_path / "cases.csv").write_text(HEAD + "".join(rows))
    (tmp_path / "table.csv").write_text("id,width,site\n0,100,arm\n1,200,leg\n2,300,arm\n3,,\n9,100,arm\n")
    Manifest("set", "1", None, tuple(make_case(name, "test") for name in "0123")).save(tmp_path / "set.json")
    return tmp_path


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    named = [str(folder / name) for name in ("cases.csv", "table.csv", "set.json")]
    command = [sys.executable, str(SCRIPT), *named[:2], *words, "--manifest", named[2]]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=SCRIPT.parents[1])  # noqa: S603


def test_numbers_are_divided_at_the_cuts_and_a_case_without_one_is_a_part(folder: Path) -> None:
    lines = run(folder, "width", "200").stdout.splitlines()
    assert [line.split("|")[1:3] for line in lines[2:]] == [
        [" up to 200 ", " 2 "],
        [" above 200 ", " 1 "],
        [" none ", " 1 "],
    ]
    assert lines[2] == "| up to 200 | 2 | 2 | 0.375 | 0.000 | 0.375 | 0.500 |"


def test_words_are_parts_as_they_are(folder: Path) -> None:
    lines = run(folder, "site").stdout.splitlines()
    assert [line.split("|")[1:3] for line in lines[2:]] == [[" arm ", " 2 "], [" leg ", " 1 "], [" none ", " 1 "]]


def test_a_case_that_the_table_lacks_is_a_part_and_a_table_of_other_cases_is_refused(folder: Path) -> None:
    (folder / "table.csv").write_text("id,site\n0,arm\n1,arm\n3,arm\n")
    lines = run(folder, "site").stdout.splitlines()
    assert [line.split("|")[1:3] for line in lines[2:]] == [[" arm ", " 3 "], [" none ", " 1 "]]
    (folder / "table.csv").write_text("id,site\n7,arm\n")
    done = run(folder, "site")
    assert (done.returncode, done.stdout) == (1, "")
    assert "a row for none of the 4 cases, the first of which is 0" in done.stderr


def test_a_column_that_is_not_there_is_named(folder: Path) -> None:
    done = run(folder, "camera")
    assert done.returncode == 1
    assert "no column camera; it has id, width, site" in done.stderr


def test_intervals_draw_lesions_and_few_lesions_have_none(folder: Path) -> None:
    names = [f"{lesion}{shot}" for lesion in "abcdefghij" for shot in (1, 2)]
    scores = {name: 0.5 if name.endswith("1") else 0.7 for name in names}
    cells = [f"{name},1,{score},0,1,{score},1,0.5,4,4\n" for name, score in scores.items()]
    (folder / "cases.csv").write_text(HEAD + "".join(cells))
    sites = {name: "one" if name[0] == "j" else "nine" for name in names}
    (folder / "table.csv").write_text("id,site\n" + "".join(f"{name},{site}\n" for name, site in sites.items()))

    def printed(lesions: bool) -> list[str]:  # noqa: FBT001
        cases = [make_case(name, "test", lesion_id=name[0] if lesions else None) for name in names]
        Manifest("set", "1", None, tuple(cases)).save(folder / "set.json")
        return run(folder, "site").stdout.splitlines()[2:]

    together, apart = printed(lesions=True), printed(lesions=False)
    few = "| 0.600 | 0.000 | 0.600 | 0.500 |"
    assert together == [f"| nine | 18 | 9 {few}", f"| one | 2 | 1 {few}"]
    assert apart[0].startswith("| nine | 18 | 18 | 0.600 [0.5")
    (folder / "table.csv").write_text("id,site\n" + "".join(f"{name},all\n" for name in names))
    # each lesion has the same mean, so that no draw of ten lesions differs
    assert printed(lesions=True) == ["| all | 20 | 10 | 0.600 [0.600, 0.600] | 0.000 | 0.600 | 0.500 |"]


def test_a_manifest_without_the_cases_is_refused(folder: Path) -> None:
    Manifest("set", "1", None, (make_case("9", "test"),)).save(folder / "set.json")
    done = run(folder, "site")
    assert (done.returncode, done.stdout) == (1, "")
    assert "has no case 0, which was scored. Give the manifest of the evaluation." in done.stderr
