import csv
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dermaseg_monai.assurance import StressRow, summarise_stress
from dermaseg_monai.cli import app, main
from dermaseg_monai.cli.stress_output import _print, _write_table
from dermaseg_monai.data.stressors import STRESSORS
from dermaseg_monai.engines.training_record import TRAINING_CASES, TrainingCase, write_training_cases
from dermaseg_monai.engines.weights import write_weights
from dermaseg_monai.manifest import Manifest, index_folder
from dermaseg_monai.networks import BADeepLabV3, UNet
from tests.assurance.bench import make_set
from tests.experiments.small_matrix import make_case

ABOUT = {"bundle": "ba_deeplab", "encoder": "mobilenet_v2", "output_stride": "16", "image_size": "32"}
Refused = Callable[..., str]


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "set" / "manifest.json"
    make_set(tmp_path / "set").save(path)
    return path


def test_case_ids_are_no_formulas_in_the_table(tmp_path: Path) -> None:
    rows = [StressRow("=1+1", "hair", 1, 2.0, 0.5, 0.4, 0.0, 9, 9), StressRow("b", "hair", 1, 2.0, reason="cut short")]
    _write_table(tmp_path / "stress.csv", rows, {"hair": "hairs"})
    with (tmp_path / "stress.csv").open(newline="") as stream:
        one, other = csv.DictReader(stream)
    assert (one["case_id"], one["unit"], one["pred_px"]) == ("'=1+1", "hairs", "9")
    assert (other["dice"], other["pred_px"], other["reason"]) == ("", "", "cut short")


def test_what_is_printed_of_few_lesions_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [StressRow(name, "none", 0, None, 0.9, 0.8, 0.8, 9, 9) for name in "ab"]
    hair = STRESSORS["hair"]
    for step, level in enumerate(hair.levels, start=1):
        rows += [StressRow(name, "hair", step, level, 0.8, 0.7, 0.7, 9, 9) for name in "ab"]
    cases = [make_case(name, "test") for name in "ab"]
    _print(summarise_stress(rows, stressors=[hair], cases=cases, seed=0))
    assert "Fewer than 10 groups (2): the interval is too narrow." in capsys.readouterr().out


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refused:
    def command(*words: object) -> str:
        monkeypatch.setattr(sys, "argv", ["dermaseg", "stress", *map(str, words)])
        with pytest.raises(SystemExit) as stopped:
            main()
        assert stopped.value.code == 1
        error = capsys.readouterr().err
        assert error.startswith("dermaseg: error: ")
        assert error.count("\n") == 1
        return error

    return command


def test_an_unknown_stressor_is_answered_with_the_nearest(refused: Refused, manifest: Path) -> None:
    assert "Unknown stressor 'hairs' in --stressors. Did you mean hair?" in refused(
        "x", manifest, "--stressors", "hairs"
    )
    assert "There are hair, ruler, " in refused("x", manifest, "--stressors", "blur,qqq")
    assert "it names none" in refused("x", manifest, "--stressors", " , ")


def test_unknown_bundles_splits_weights_and_sheets_are_refused(
    refused: Refused, manifest: Path, tmp_path: Path
) -> None:
    assert "No bundle named 'nowhere'" in refused("nowhere", manifest)
    assert "has no case in split 'val' (it has test 3)" in refused("ba_deeplab", manifest, "--split", "val")
    assert "trains no network of its own" in refused("sam_prompt", manifest)
    gone = tmp_path / "gone"
    assert f"There are no weights {gone}" in refused("ba_deeplab", manifest, "--weights", gone)
    assert "gone.json" in refused("ba_deeplab", tmp_path / "gone.json")
    assert f"dataset_dir {gone} does not exist" in refused("ba_deeplab", manifest, "--dataset-dir", gone)
    weights = tmp_path / "model.safetensors"
    weights.touch()
    words = ("ba_deeplab", manifest, "--weights", weights)
    assert "There is no overlay double_view" in refused(*words, "--overlay", "double_view")


def test_weights_of_another_network_are_refused_and_nothing_is_written(
    refused: Refused, manifest: Path, tmp_path: Path
) -> None:
    weights, out = tmp_path / "run" / "model.safetensors", tmp_path / "out"
    write_weights(weights, UNet((4, 8)), ABOUT | {"network": "UNet", "bundle": "baselines"})
    words = ("ba_deeplab", manifest, "--weights", weights, "--out", out)
    assert "was not made for this BADeepLabV3" in refused(*words)
    (weights.parent / "run.json").write_text(json.dumps({"bundle": "deeplabv3", "config": {"seed": 0}}))
    said = refused(*words)
    assert "was trained with the bundle deeplabv3, not ba_deeplab" in said
    assert "dermaseg stress deeplabv3 MANIFEST" in said
    assert not out.exists()


def test_a_leaking_manifest_is_refused(refused: Refused, manifest: Path) -> None:
    data = json.loads(manifest.read_text())
    for case, split in zip(data["cases"], ("train", "test", "test"), strict=True):
        case |= {"split": split, "lesion_id": "one"}
    manifest.write_text(json.dumps(data))
    assert "leak" in refused("ba_deeplab", manifest)


def test_cases_that_the_weights_have_seen_are_refused_unless_that_is_accepted(
    refused: Refused, manifest: Path, tmp_path: Path
) -> None:
    weights, out = tmp_path / "model.safetensors", tmp_path / "out"
    write_weights(weights, BADeepLabV3("mobilenet_v2"), ABOUT)
    seen = TrainingCase("0" * 16, "train", "b", "0" * 64, "", "", "")
    write_training_cases(tmp_path / TRAINING_CASES, [seen])
    words = ("ba_deeplab", manifest, "--weights", weights, "--stressors", "ink", "--out", out)
    assert "1 of 3 test cases of set were seen in the training" in refused(*words)
    assert not out.exists()
    done = CliRunner().invoke(app, ["stress", *map(str, words), "--allow-leaks", "--overlay", "single_view"])
    assert done.exit_code == 0, done.output
    about = json.loads((out / "stress.json").read_text())["about"]
    assert about["Seen in training"] == "1 cases of the split, accepted with --allow-leaks"


def test_a_case_that_is_not_tested_ties_two_that_are(manifest: Path, tmp_path: Path) -> None:
    weights, out = tmp_path / "model.safetensors", tmp_path / "out"
    write_weights(weights, BADeepLabV3("mobilenet_v2"), ABOUT)
    loaded = Manifest.load(manifest)
    known = {"a": {"lesion_id": "L", "patient_id": "P"}, "b": {"lesion_id": "L"}, "c": {"patient_id": "P"}}
    replace(loaded, cases=tuple(replace(case, **known[case.id]) for case in loaded.cases)).save(manifest)
    words = ["ba_deeplab", str(manifest), "--weights", str(weights), "--stressors", "ink", "--out", str(out)]
    done = CliRunner().invoke(app, ["stress", *words, "--limit", "2", "--overlay", "single_view"])
    assert done.exit_code == 0, done.output
    (curve,) = json.loads((out / "stress.json").read_text())["curves"]
    assert (curve["n"], curve["n_groups"]) == (2, 1)


def test_a_folder_of_another_test_is_refused(refused: Refused, manifest: Path, tmp_path: Path) -> None:
    weights = tmp_path / "model.safetensors"
    write_weights(weights, BADeepLabV3("mobilenet_v2"), ABOUT)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "plan.json").write_text(json.dumps({"weights": "other"}))
    said = refused("ba_deeplab", manifest, "--weights", weights, "--out", tmp_path / "out")
    assert "holds a stress test with another cases, manifest" in said


def test_when_no_picture_can_be_read_the_folder_is_asked_for(refused: Refused, manifest: Path, tmp_path: Path) -> None:
    weights = tmp_path / "model.safetensors"
    write_weights(weights, BADeepLabV3("mobilenet_v2"), ABOUT)
    words = ("ba_deeplab", manifest, "--weights", weights, "--dataset-dir", tmp_path)
    assert "None of the 3 cases can be used" in refused(*words, "--out", tmp_path / "out")


def test_the_manifest_of_a_folder_is_enough(tmp_path: Path) -> None:
    """The weights are random: what is asked here is that every file is there and says the same."""
    make_set(tmp_path / "set")
    (tmp_path / "set" / "images" / "c.png").write_bytes(b"")
    path = tmp_path / "set" / "manifest.json"
    _manifest_with_a_broken_picture(tmp_path / "set").save(path)
    weights, out = tmp_path / "model.safetensors", tmp_path / "out"
    write_weights(weights, BADeepLabV3("mobilenet_v2"), ABOUT)
    words = ["stress", "ba_deeplab", str(path), "--weights", str(weights), "--out", str(out)]
    done = CliRunner().invoke(app, [*words, "--stressors", "noise", "--overlay", "single_view"])
    assert done.exit_code == 0, done.output
    rows = (out / "stress.csv").read_text().splitlines()
    assert rows[0] == "case_id,stressor,step,level,unit,dice,jaccard,threshold_jaccard,pred_px,label_px,reason"
    assert len(rows) == 1 + 6 * 3
    found = json.loads((out / "stress.json").read_text())
    assert found["about"]["Network sees"] == "32 x 32 px (from the weights file), a single view, no mirror images"
    assert found["about"]["Seen in training"].startswith("not known")
    assert found["about"]["Sheets"] == "evaluate.json, single_view.json"
    assert found["ranking"] == ["noise"]
    assert list(found["failed"]) == ["c"]
    assert "Took no part: 'c'" in done.output
    assert (out / "curves.png").is_file()
    assert "Stress test" in (out / "stress.html").read_text()
    assert str(tmp_path) not in (out / "stress.json").read_text().replace(str(tmp_path / "set" / "images"), "")


def _manifest_with_a_broken_picture(folder: Path) -> Manifest:
    (folder / "images" / "c.png").write_bytes((folder / "images" / "b.png").read_bytes())
    made = index_folder(folder, split="test")
    (folder / "images" / "c.png").write_bytes(b"")
    return made
