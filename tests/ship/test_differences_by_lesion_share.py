import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "differences_by_lesion_share.py"
HEAD = "case_id,size_px,label_px,jaccard,hd95_px,surface_dice\n"


def write(runs: Path, run: str, small: str, large: str, ids: str = "ab") -> None:
    folder = runs / run / "evaluate_test"
    folder.mkdir(parents=True)
    rows = f"{ids[0]},10 x 10,4,{small}\n{ids[1]},10 x 10,80,{large}\n"
    (folder / "cases.csv").write_text(HEAD + rows)


def run(runs: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), str(runs), "base", "new"]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603


def test_seeds_are_averaged_and_lesions_sorted_by_their_share(tmp_path: Path) -> None:
    write(tmp_path, "base-seed0-1", "0.5,4,0.5", "0.8,2,0.5")
    write(tmp_path, "base-seed1-2", "0.7,2,0.5", "0.8,2,0.5")
    write(tmp_path, "new-seed0-3", "0.8,1,0.75", "0.7,4,0.5")
    lines = run(tmp_path).stdout.splitlines()
    assert lines[2:] == [
        "| up to 0.05 | 1 | +0.200 | -2.000 | +0.250 |",
        "| up to 1 | 1 | -0.100 | +2.000 | +0.000 |",
    ]


def test_other_images_are_not_compared(tmp_path: Path) -> None:
    write(tmp_path, "base-seed0-1", "0.5,4,0.5", "0.8,2,0.5")
    write(tmp_path, "new-seed0-2", "0.5,4,0.5", "0.8,2,0.5", ids="ac")
    done = run(tmp_path)
    assert done.returncode == 1
    assert "scored on different images" in done.stderr
