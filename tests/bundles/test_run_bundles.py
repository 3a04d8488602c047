import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import run_bundles as script

FIGURES = {
    "full": {"demo": False, "overrides": {}, "figures": {"dice": {"mean": 0.9, "allowed_drop": 0.01}}},
    "short": {
        "demo": True,
        "overrides": {"max_epochs": 1, "image_size": 64},
        "figures": {"dice": {"mean": None, "allowed_drop": 0.1}},
    },
}


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one bundle that has figures and an empty sheet."""
    docs = tmp_path / "bundles" / "toy" / "docs"
    docs.mkdir(parents=True)
    (tmp_path / "bundles" / "toy" / "configs").mkdir()
    (tmp_path / "bundles" / "toy" / "configs" / "train.json").write_text("{}")
    plane = {"network_data_format": {"inputs": {"image": {"spatial_shape": ["n", "n"]}}}}
    (tmp_path / "bundles" / "toy" / "configs" / "metadata.json").write_text(json.dumps(plane))
    (docs / "expected_figures.json").write_text(json.dumps(FIGURES))
    monkeypatch.setattr(script, "ROOT", tmp_path)
    return tmp_path


def python(code: str, *, leaves: list[str]) -> script.Step:
    return script.Step("train", [sys.executable, "-c", code], leaves)


def toy_steps(dice: float) -> Callable[..., list[script.Step]]:
    summary = json.dumps({"scores": {"dice": {"mean": dice}}})
    code = f"import pathlib; d = pathlib.Path('evaluate'); d.mkdir(); (d / 'summary.json').write_text({summary!r})"

    def steps(_bundle: str, *, out: Path, **_: object) -> list[script.Step]:
        return [python(f"import os; os.chdir({str(out)!r}); {code}", leaves=["evaluate/summary.json"])]

    return steps


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("bundle", script.bundle_names())
def test_every_bundle_trains_evaluates_infers_and_exports(bundle: str, tmp_path: Path) -> None:
    code = script.main(["--short", "--out", str(tmp_path), "--bundle", bundle, "--device", "cpu"])
    assert code == 0, (tmp_path / "report.md").read_text(encoding="utf-8")
    (report,) = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["bundles"]
    ran = ["demo", "train", "evaluate", "inference", "verify_net_in_out", "ckpt_export", "onnx_export"]
    assert list(report["seconds"]) == [*ran, "compare_exports"]
    assert 0 <= report["figures"]["dice"] <= 1


@pytest.mark.parametrize(("found", "dropped"), [(0.89, False), (0.8901, False), (0.8899, True), (float("nan"), True)])
def test_a_figure_may_drop_by_what_is_stored_and_no_more(found: float, *, dropped: bool) -> None:
    assert script.Figure("dice", found, expected=0.9, allowed_drop=0.01).dropped is dropped


def test_without_a_stored_figure_nothing_can_drop() -> None:
    assert not script.Figure("dice", 0.0, expected=None, allowed_drop=0.01).dropped


def test_a_step_that_fails_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    problem = script.run_step(python("print('the reason'); raise SystemExit(3)", leaves=[]), out=tmp_path)
    assert problem is not None
    assert "train ended with code 3" in problem
    assert "the reason" in problem


def test_a_step_that_leaves_nothing_has_failed(tmp_path: Path) -> None:
    (tmp_path / "empty.pt").touch()
    problem = script.run_step(python("pass", leaves=["empty.pt"]), out=tmp_path)
    assert problem is not None
    assert "exited 0 but left no empty.pt" in problem


@pytest.mark.parametrize(("dice", "code", "verdict"), [(0.95, 0, "ok"), (0.88, 1, "DROPPED")])
def test_the_report_says_which_figure_dropped(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, dice: float, code: int, verdict: str
) -> None:
    monkeypatch.setattr(script, "steps", toy_steps(dice))
    assert script.main(["--out", str(checkout / "out")]) == code
    report = (checkout / "out" / "report.md").read_text(encoding="utf-8")
    assert f"| dice | {dice:.4f} | 0.9000 | 0.01 | {verdict} |" in report


def test_record_stores_the_mean_and_keeps_what_may_be_lost(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "steps", toy_steps(0.95123))
    assert script.main(["--out", str(checkout / "out"), "--record"]) == 0
    stored = json.loads(script.figures_file("toy").read_text(encoding="utf-8"))
    assert stored["full"]["figures"]["dice"] == {"mean": 0.9512, "allowed_drop": 0.01}
    assert stored["short"] == FIGURES["short"]


def test_a_score_that_evaluate_lost_is_named(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    renamed = {**FIGURES, "full": {**FIGURES["full"], "figures": {"jaccard": {"mean": 0.8, "allowed_drop": 0.01}}}}
    script.figures_file("toy").write_text(json.dumps(renamed))
    monkeypatch.setattr(script, "steps", toy_steps(0.95))
    assert script.main(["--out", str(checkout / "out")]) == 1
    assert "evaluate gives no jaccard; its summary has dice" in (checkout / "out" / "report.md").read_text()


def test_a_bundle_without_figures_is_told_what_to_write(checkout: Path) -> None:
    script.figures_file("toy").unlink()
    assert script.main(["--out", str(checkout / "out")]) == 1
    assert "there is no" in (checkout / "out" / "report.md").read_text()


def test_an_unknown_bundle_is_refused_with_the_known_ones(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert script.main(["--out", str(checkout / "out"), "--bundle", "tpy"]) == 1
    assert "No bundle tpy" in capsys.readouterr().out


def test_the_short_form_trains_briefly_and_the_weights_say_the_rest(checkout: Path) -> None:
    steps = list(script.steps("toy", out=checkout / "out", expected=FIGURES["short"], device="cpu"))
    commands = {step.name: step.command for step in steps}
    assert {"--max_epochs=1", "--image_size=64"} <= set(commands["train"])
    weights = f"--weights={checkout / 'out' / 'train' / 'model.safetensors'}"
    assert all(weights in commands[name] for name in ("evaluate", "inference", "verify_net_in_out", "onnx_export"))
    assert all("--device=cpu" in commands[name] for name in ("train", "evaluate", "inference"))
    assert not any(argument.startswith("--max_epochs") for argument in commands["evaluate"])


@pytest.mark.parametrize("bundle", script.bundle_names())
def test_a_shipped_bundle_stores_figures_for_both_forms(bundle: str) -> None:
    stored = json.loads(script.figures_file(bundle).read_text(encoding="utf-8"))
    assert set(stored) == {"full", "short"}
    for profile in stored.values():
        assert set(profile) == {"demo", "overrides", "figures"}
        assert all(figure["allowed_drop"] >= 0 for figure in profile["figures"].values())
        assert "dice" in profile["figures"]
