import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from dermaseg_monai.cli import app
from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.images import read_image, write_mask, write_volume
from dermaseg_monai.manifest import Annotation, Case, FileRecord, Manifest
from dermaseg_monai.metrics import CaseScore, scores_to_frame

SHAPE = (20, 12, 24)


def evaluation(folder: Path, dice: dict[str, float], config: Mapping[str, object] | None = None) -> Path:
    rows = [
        CaseScore(
            case_id=name, dice=score, jaccard=score / (2 - score), threshold_jaccard=0.0, accuracy=1.0,
            sensitivity=1.0, specificity=1.0, precision=1.0, pred_px=3, label_px=3, hd95_px=1.0, surface_dice=1.0,
        )
        for name, score in dice.items()
    ]  # fmt: skip
    table = scores_to_frame(rows).assign(file=[f"{row.case_id}.nii.gz" for row in rows])
    folder.mkdir()
    table.to_csv(folder / "cases.csv", index=False)
    write_mask(folder / "masks" / "b.nii.gz", lesion(13))
    (folder / "run.json").write_text(json.dumps({"config": config or {}}))
    return folder


@pytest.fixture
def volumes(tmp_path: Path) -> Path:
    """Manifest of three volumes; two of one patient; the files of b alone."""
    write_volume(tmp_path / "set" / "b.nii.gz", np.random.default_rng(0).random(SHAPE, dtype=np.float32), None)
    write_mask(tmp_path / "set" / "b_mask.nii.gz", lesion(16))
    cases = [
        Case(
            name,
            FileRecord(f"{name}.nii.gz", name * 64),
            (Annotation(FileRecord(f"{name}_mask.nii.gz", name * 64)),),
            "test",
            patient_id=patient,
        )
        for name, patient in (("a", "P"), ("b", "P"), ("c", "Q"))
    ]
    Manifest("vols", "1", None, tuple(cases)).save(tmp_path / "set" / "manifest.json")
    return tmp_path / "set" / "manifest.json"


def lesion(end: int) -> np.ndarray:
    mask = np.zeros(SHAPE, dtype=bool)
    mask[4:end, 3:9, 6:20] = True
    return mask


def compare(*words: object) -> str:
    done = CliRunner().invoke(app, ["compare", *map(str, words)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def test_two_evaluations_are_shown_side_by_side_in_groups_of_the_runs_own_manifest(
    volumes: Path, tmp_path: Path
) -> None:
    config = {"manifest": str(volumes), "dataset_dir": str(volumes.parent)}
    one = evaluation(tmp_path / "one", {"a": 0.9, "b": 0.6, "c": 0.7}, config)
    two = evaluation(tmp_path / "two", {"c": 0.7, "a": 0.9, "b": 0.7})
    said = compare(f"3D={one}", f"slice by slice={two}", "--out", tmp_path / "out")
    assert "slice by slice - 3D" in said
    assert "threshold Jaccard" not in said  # ISIC's, for photographs
    assert "Evaluated on the same 3 cases in 2 groups." in (tmp_path / "out" / "comparison.md").read_text()
    sheet = read_image(tmp_path / "out" / "hardest.png").pixels.astype(int)  # b: only its volume and masks are there
    for colour in ((0, 213, 255), (255, 208, 0)):  # reference and prediction
        assert (np.abs(sheet - colour).max(axis=2) < 30).sum() > 300


def test_photographs_are_compared_by_threshold_jaccard_too_and_no_planes_are_drawn(tmp_path: Path) -> None:
    cases = [Case(name, FileRecord(f"{name}.jpg", name * 64), (), "test") for name in "ab"]
    Manifest("photographs", "1", None, tuple(cases)).save(tmp_path / "manifest.json")
    config = {"manifest": str(tmp_path / "manifest.json"), "dataset_dir": str(tmp_path)}
    one = evaluation(tmp_path / "one", {"a": 0.9, "b": 0.6}, config)
    said = compare(f"one={one}", f"two={evaluation(tmp_path / 'two', {'a': 0.8, 'b': 0.7})}", "--out", tmp_path / "out")
    assert "threshold Jaccard ↑" in said
    assert not (tmp_path / "out" / "hardest.png").exists()


def test_surface_dice_of_two_tolerances_is_refused_and_that_of_one_states_it(tmp_path: Path) -> None:
    cases = [Case(name, FileRecord(f"{name}.jpg", name * 64), (), "test") for name in "ab"]
    Manifest("photographs", "1", None, tuple(cases)).save(tmp_path / "manifest.json")
    config = {"manifest": str(tmp_path / "manifest.json"), "dataset_dir": str(tmp_path)}
    two, three, mean, bare = (
        evaluation(tmp_path / name, {"a": 0.9, "b": 0.6}, {**config, **more})
        for name, more in (("two", {"tolerance_px": 2.0}), ("three", {"tolerance_px": 3.0}), ("mean", {}), ("bare", {}))
    )
    (mean / "run.json").write_text(json.dumps({"config": config, "about": {"tolerance_px": 3.0}}))
    (bare / "run.json").unlink()
    for other in (three, mean):
        with pytest.raises(DataError, match=r"surface Dice of one is within 2 px, that of other within 3 px"):
            compare(f"one={two}", f"other={other}", "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    compare(f"three={three}", f"mean={mean}", f"bare={bare}", "--out", tmp_path / "out")
    page = (tmp_path / "out" / "comparison.md").read_text()
    assert "Surface Dice: contours within 3 px (not stated by bare)." in page


def test_what_cannot_be_compared_is_said_in_one_line(volumes: Path, tmp_path: Path) -> None:
    one, two = (evaluation(tmp_path / name, {"a": 0.9, "x": 0.8}) for name in ("one", "two"))
    data = ("--manifest", volumes, "--dataset-dir", volumes.parent)
    with pytest.raises(ConfigError, match=r"'one' names no evaluation\. Give NAME=FOLDER"):
        compare("one", f"b={two}", "--out", tmp_path / "out")
    with pytest.raises(ConfigError, match="a stands for two folders"):
        compare(f"a={one}", f"a={two}", "--out", tmp_path / "out")
    with pytest.raises(ConfigError, match=r"run\.json does not say which cases were predicted\. Give them: --manifest"):
        compare(f"a={one}", f"b={two}", "--out", tmp_path / "out", "--manifest", volumes)
    with pytest.raises(DataError, match=r"manifest\.json has no case x, which .*one has scores of"):
        compare(f"a={one}", f"b={two}", "--out", tmp_path / "out", *data)
    with pytest.raises(DataError, match="Cannot read the scores"):
        compare(f"a={one}", f"b={tmp_path / 'none'}", "--out", tmp_path / "out", *data)
    known, others = evaluation(tmp_path / "known", {"a": 0.9}), evaluation(tmp_path / "others", {"y": 0.1})
    with pytest.raises(DataError, match="others"):
        compare(f"known={known}", f"others={others}", "--out", tmp_path / "out", *data)
