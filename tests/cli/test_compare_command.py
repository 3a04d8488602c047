import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dermaseg_monai.cli import app
from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.manifest import Case, FileRecord, Manifest
from dermaseg_monai.metrics import CaseScore, write_scores


def evaluation(folder: Path, dice: dict[str, float], config: dict[str, str] | None = None) -> Path:
    rows = [
        CaseScore(
            case_id=name, dice=score, jaccard=score / (2 - score), threshold_jaccard=0.0, accuracy=1.0,
            sensitivity=1.0, specificity=1.0, precision=1.0, pred_px=3, label_px=3,
        )
        for name, score in dice.items()
    ]  # fmt: skip
    write_scores(folder / "cases.csv", rows)
    (folder / "run.json").write_text(json.dumps({"config": config or {}}))
    return folder


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Three volumes; two of one patient."""
    cases = [
        Case(name, FileRecord(f"{name}.nii.gz", name * 64), (), "test", patient_id=patient)
        for name, patient in (("a", "P"), ("b", "P"), ("c", "Q"))
    ]
    Manifest("vols", "1", None, tuple(cases)).save(tmp_path / "manifest.json")
    return tmp_path / "manifest.json"


def compare(*words: object) -> str:
    done = CliRunner().invoke(app, ["compare", *map(str, words)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def test_two_evaluations_are_shown_side_by_side_in_groups_of_the_runs_own_manifest(
    manifest: Path, tmp_path: Path
) -> None:
    config = {"manifest": str(manifest), "dataset_dir": str(tmp_path)}
    one = evaluation(tmp_path / "one", {"a": 0.9, "b": 0.8, "c": 0.7}, config)
    two = evaluation(tmp_path / "two", {"c": 0.6, "a": 0.9, "b": 0.9})
    said = compare(f"3D={one}", f"slice by slice={two}", "--out", tmp_path / "out")
    assert "slice by slice - 3D" in said
    assert "Evaluated on the same 3 cases in 2 groups." in (tmp_path / "out" / "comparison.md").read_text()


def test_what_cannot_be_compared_is_said_in_one_line(manifest: Path, tmp_path: Path) -> None:
    one, two = (evaluation(tmp_path / name, {"a": 0.9, "x": 0.8}) for name in ("one", "two"))
    with pytest.raises(ConfigError, match=r"'one' names no evaluation\. Give NAME=FOLDER"):
        compare("one", f"b={two}", "--out", tmp_path / "out")
    with pytest.raises(ConfigError, match="a stands for two folders"):
        compare(f"a={one}", f"a={two}", "--out", tmp_path / "out")
    with pytest.raises(ConfigError, match=r"run\.json does not say which cases were evaluated\. Give --manifest"):
        compare(f"a={one}", f"b={two}", "--out", tmp_path / "out")
    with pytest.raises(DataError, match=r"manifest\.json has no case x, which .*one has scores of"):
        compare(f"a={one}", f"b={two}", "--out", tmp_path / "out", "--manifest", manifest)
    with pytest.raises(DataError, match="Cannot read the scores"):
        compare(f"a={one}", f"b={tmp_path / 'none'}", "--out", tmp_path / "out", "--manifest", manifest)
