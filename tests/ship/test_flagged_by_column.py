import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "flagged_by_column.py"


def flagged(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT, *words], capture_output=True, text=True, check=False)  # noqa: S603 (our own script)


def test_bad_outlines_are_counted_where_the_column_is_lowest(tmp_path: Path) -> None:
    # 20 outlines, two of them bad: the lowest tenth (2 rows) holds one, the lowest quarter (5 rows) both
    rows = [(0.05 * place, 0.9, 0.9) for place in range(20)]
    rows[0], rows[4] = (0.0, 0.5, 0.4), (0.2, 0.6, 0.4)
    table = tmp_path / "cases.csv"
    table.write_text("guess,dice,jaccard\n" + "".join(f"{a},{b},{c}\n" for a, b, c in reversed(rows)))
    cells = [cell.strip() for cell in flagged(str(table), "guess").stdout.splitlines()[-1].strip("|").split("|")]
    assert cells[:2] == ["guess", "20"]
    assert cells[3:7] == ["1 of 2", "2 of 2", "0.650", "0.872"]  # (.4 + .9) / 2 and (17 * .9 + .4) / 18
    assert cells[7:9] == ["0.475", "0.865"]


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text("dice,jaccard\n1,1\n")
    done = flagged(str(tmp_path / "cases.csv"), "predicted_dice")
    assert done.returncode == 1
    assert "has no column predicted_dice; it has dice, jaccard." in done.stderr
