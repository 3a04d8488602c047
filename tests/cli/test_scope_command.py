from pathlib import Path

import pytest
from typer.testing import CliRunner

from dermaseg_monai.cli import app
from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.manifest import Case, FileRecord, Manifest


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    file = FileRecord("a.png", "0" * 64, size_px=(2, 2))
    Manifest("tiny", "1", None, (Case("a", image=file, annotations=(), split="train"),)).save(tmp_path / "m.json")
    return tmp_path / "m.json"


def scope(*words: str | Path) -> str:
    done = CliRunner().invoke(app, ["data", "scope", *map(str, words)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def test_a_shipped_scope_goes_into_a_new_manifest_and_is_printed_from_it(manifest: Path, tmp_path: Path) -> None:
    before = manifest.read_bytes()
    said = scope(manifest, "isic", "--out", tmp_path / "new.json")
    assert "Structure:        The primary skin lesion." in said
    assert "Border rule:      not stated by the authors of the masks" in said
    assert said.endswith(f"digest {Manifest.load(tmp_path / 'new.json').digest[:12]}\n")
    assert manifest.read_bytes() == before
    assert scope(tmp_path / "new.json") in said


def test_a_manifest_without_scope_says_how_to_get_one(manifest: Path) -> None:
    with pytest.raises(DataError, match=r"has no scope.*dermaseg data scope .*m\.json isic --out NEW\.json"):
        scope(manifest)


@pytest.mark.parametrize("words", [["isic"], ["--out", "x.json"]])
def test_scope_and_out_go_together(manifest: Path, words: list[str]) -> None:
    with pytest.raises(ConfigError, match=r"without .*dermaseg data scope .*m\.json SCOPE --out NEW\.json"):
        scope(manifest, *words)
    assert not Path("x.json").exists()


def test_a_bad_scope_writes_nothing(manifest: Path, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("form: 1\nstucture: lesion\n")
    with pytest.raises(DataError, match=r"no field 'stucture'\. Did you mean structure"):
        scope(manifest, tmp_path / "s.yaml", "--out", tmp_path / "new.json")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.json", "s.yaml"]
