import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "readers_by_image.py"
ROWS = "ISIC_id,annotator,tool\nb,A03,T1\nb,A00,T2\nb,MV,MV\na,A00,T2\na,A00,T1\na,A00,\nc,ST,ST\n"


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(SCRIPT), *words], capture_output=True, text=True, check=False)  # noqa: S603


def test_people_and_tools_are_named_once_and_no_consensus_is_one(tmp_path: Path) -> None:
    (tmp_path / "outlines.csv").write_text(ROWS)
    assert run(str(tmp_path / "outlines.csv"), "ST", "MV").stdout == "id,readers,tools\na,A00,T1+T2\nb,A00+A03,T1+T2\n"


def test_a_table_without_the_columns_is_named(tmp_path: Path) -> None:
    (tmp_path / "outlines.csv").write_text("id,who\na,b\n")
    done = run(str(tmp_path / "outlines.csv"))
    assert done.returncode == 1
    assert "no column ISIC_id, annotator, tool; it has id, who" in done.stderr
