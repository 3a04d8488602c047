from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from dermaseg_monai.cli import app
from dermaseg_monai.images import write_mask, write_rgb
from dermaseg_monai.manifest import index_folder


@pytest.fixture
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Twelve pictures whose masks touch the upper border, and one that shows the same as another."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "set"
    for level in range(12):
        name = f"case{level:02}"
        write_rgb(root / "images" / f"{name}.png", np.full((6, 8, 3), level, dtype=np.uint8))
        write_mask(root / "masks" / f"{name}.png", np.arange(48).reshape(6, 8) <= level)
    write_rgb(root / "images" / "twin.bmp", np.full((6, 8, 3), 3, dtype=np.uint8))
    write_mask(root / "masks" / "twin.png", np.arange(48).reshape(6, 8) < 30)
    index_folder(root).save(root / "manifest.json")
    return root / "manifest.json"


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["data", "verify", *map(str, words)])


def test_findings_are_counted_and_fail_nothing(manifest: Path) -> None:
    done = run(manifest)
    assert done.exit_code == 0, done.output
    assert "finding  same_pixels  case03 twin: images/case03.png shows the same as twin" in done.output
    assert "finding  border            13  the lesion touches" in done.output
    assert "13 cases are as" in done.output


def test_the_first_of_many_findings_are_listed_and_the_table_has_all(manifest: Path, tmp_path: Path) -> None:
    done = run(manifest, "--out", tmp_path / "found")
    assert done.output.count("touches the border of the picture with") == 10
    assert "finding  border       ... (all in the table: --out FOLDER)" in done.output
    table = (tmp_path / "found" / "problems.csv").read_text(encoding="utf-8")
    assert table.count("touches the border of the picture with") == 13
    assert (tmp_path / "found" / "problems.html").read_text(encoding="utf-8").count("<img") == 13 + 2


def test_a_wrong_folder_does_not_fill_the_terminal(manifest: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    done = run(manifest, "--dataset-dir", tmp_path / "elsewhere")
    assert done.exit_code == 1
    assert done.output.count("does not exist") == 10
    assert "13 of 13 cases cannot be used" in done.output


def test_a_file_that_cannot_be_used_ends_with_exit_code_1(manifest: Path) -> None:
    (manifest.parent / "masks" / "case05.png").unlink()
    (manifest.parent / "images" / "case05.png").write_bytes(b"")
    done = run(manifest)
    assert done.exit_code == 1
    assert "error    missing      case05: " in done.output
    assert "error    changed      case05: " in done.output
    assert "1 of 13 cases cannot be used" in done.output
