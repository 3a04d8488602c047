import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def read(path: Path) -> dict[Any, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
class TestEveryWorkflow:
    def test_follows_the_schema(self, path: Path) -> None:
        pytest.importorskip("check_jsonschema", reason="check-jsonschema (extra dev) is absent")
        check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(path)]
        done = subprocess.run(check, check=False, capture_output=True, text=True)  # noqa: S603 (fixed command)
        assert done.returncode == 0, done.stdout

    def test_may_read_and_nothing_else(self, path: Path) -> None:
        workflow = read(path)
        assert workflow["permissions"] == {"contents": "read"}
        assert all("permissions" not in job for job in workflow["jobs"].values())
        assert "pull_request_target" not in path.read_text(encoding="utf-8")
        assert "secrets." not in path.read_text(encoding="utf-8")

    def test_pins_actions_by_major_version(self, path: Path) -> None:
        used = [step["uses"] for step in steps(read(path)) if "uses" in step]
        assert used
        assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", action) for action in used)

    def test_leaves_no_token_in_the_checkout(self, path: Path) -> None:
        checkouts = [step for step in steps(read(path)) if step.get("uses", "").startswith("actions/checkout@")]
        assert len(checkouts) == len(read(path)["jobs"])
        assert all(step["with"]["persist-credentials"] is False for step in checkouts)

    def test_every_job_ends_by_itself(self, path: Path) -> None:
        assert all(job["timeout-minutes"] <= 180 for job in read(path)["jobs"].values())

    def test_calls_targets_and_scripts_that_exist(self, path: Path) -> None:
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
        text = "\n".join(step.get("run", "") for step in steps(read(path)))
        assert set(re.findall(r"^make ([a-z-]+)", text, flags=re.MULTILINE)) <= set(targets)
        assert all((ROOT / script).is_file() for script in re.findall(r"scripts/\w+\.\w+", text))


def test_ci_covers_the_pythons_of_setup_cfg() -> None:
    claimed = re.findall(r"Python :: (3\.\d+)", (ROOT / "setup.cfg").read_text(encoding="utf-8"))
    ci = read(ROOT / ".github" / "workflows" / "ci.yml")
    assert ci["jobs"]["pinned"]["strategy"]["matrix"]["python"] == claimed


def test_ci_installs_pinned_lowest_and_wheel() -> None:
    jobs = read(ROOT / ".github" / "workflows" / "ci.yml")["jobs"]
    runs = {name: "\n".join(step.get("run", "") for step in job["steps"]) for name, job in jobs.items()}
    assert {"make check PYTHON=python", "make test PYTHON=python"} <= set(runs["pinned"].splitlines())
    assert "--resolution lowest-direct" in runs["lowest"]
    assert "torch>=2.8" in (ROOT / "setup.cfg").read_text(encoding="utf-8")
    assert "scripts/check_wheel.sh" in runs["wheel"]


def test_gpu_runs_nightly_and_by_label_the_script_the_tests_run() -> None:
    gpu = read(ROOT / ".github" / "workflows" / "gpu.yml")
    triggers = gpu[True]  # YAML 1.1 reads the key `on` as true
    assert triggers["schedule"]
    assert triggers["pull_request"]["types"] == ["labeled"]
    job = gpu["jobs"]["bundles"]
    assert "github.event.label.name == 'gpu'" in job["if"]
    assert "self-hosted" in job["runs-on"]
    assert any("scripts/run_bundles.py" in step.get("run", "") for step in job["steps"])
    assert any(step.get("uses", "").startswith("actions/upload-artifact@") for step in job["steps"])


def test_hooks_call_what_make_check_calls() -> None:
    hooks = read(ROOT / ".pre-commit-config.yaml")["repos"][0]["hooks"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    programs = {hook["entry"].split()[0].rsplit("/", 1)[1] for hook in hooks}
    assert {"ruff", "pyright", "lint-imports"} <= programs
    assert all(f"$(BIN)/{program}" in makefile for program in ("ruff", "pyright", "lint-imports"))
    assert all(hook["language"] == "system" for hook in hooks)
