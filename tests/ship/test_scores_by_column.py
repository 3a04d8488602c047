import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "scores_by_column.py"
HEAD = "case_id,dice,jaccard,threshold_jaccard,accuracy,sensitivity,specificity,precision,pred_px,label_px\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [
        f"{name},1,{score},0,1,{score},1,0.5,4,4\n" for name, score in zip("0123", (0.25, 0.5, 0.75, 1), strict=True)
    ]
    (tmp_path / "cases.csv").write_text(HEAD + "".join(rows))
    (tmp_path / "table.csv").write_text("id,width,site\n0,100,arm\n1,200,leg\n2,300,arm\n3,,\n9,100,arm\n")
    return tmp_path


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), str(folder / "cases.csv"), str(folder / "table.csv"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=SCRIPT.parents[1])  # noqa: S603


def test_numbers_are_divided_at_the_cuts_and_a_case_without_one_is_a_part(folder: Path) -> None:
    lines = run(folder, "width", "200").stdout.splitlines()
    assert [line.split("|")[1:3] for line in lines[2:]] == [
        [" up to 200 ", " 2 "],
        [" above 200 ", " 1 "],
        [" none ", " 1 "],
    ]
    assert lines[2].startswith("| up to 200 | 2 | 0.375 [0.250, 0.500] | 0.000 | 0.375 | 0.500 |")


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
