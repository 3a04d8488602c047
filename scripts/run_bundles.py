"""Execute every bundle that trains: train, evaluate, inference, export; compare its figures with the stored ones.

`python scripts/run_bundles.py --out runs/bundles` is what the GPU workflow runs. With `--short` the same steps train
briefly on a small demo set, which a CPU does in about a minute; the tests run that. The overrides and the figures of
both are in `bundles/<name>/docs/expected_figures.json`; `--record` writes the figures found into it.

A step counts when it exits 0 and its files are there. Exit code 0: all steps of all bundles ran and no figure dropped
by more than it may; 1 otherwise, and `report.md` says where.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

ROOT: Final = Path(__file__).resolve().parents[1]
DEMO_CASES: Final = {"demo": 48, "volumes": 12}
NET: Final = "network_def"
AXES: Final = {2: {0: "b", 2: "h", 3: "w"}, 3: {0: "b", 2: "x", 3: "y", 4: "z"}}

Profile = Literal["full", "short"]
Overrides = Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """One command of a bundle and the files (glob patterns below the bundle's output) it must leave."""

    name: str
    command: Sequence[str]
    leaves: Sequence[str]


@dataclass(frozen=True)
class Figure:
    """One score of the evaluation beside the stored one; `None` where there is none to compare with."""

    score: str
    found: float
    expected: float | None
    allowed_drop: float

    @property
    def dropped(self) -> bool:
        """Whether the score is lower than it may be."""
        return self.expected is not None and not self.found >= self.expected - self.allowed_drop  # NaN is a drop


@dataclass
class Result:
    """What came of one bundle."""

    bundle: str
    seconds: dict[str, float] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)
    problem: str | None = None

    @property
    def passed(self) -> bool:
        """Whether all steps ran and no figure dropped."""
        return self.problem is None and not any(figure.dropped for figure in self.figures)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bundles and write `report.json` and `report.md`."""
    options = parser().parse_args(arguments)
    profile: Profile = "short" if options.short else "full"
    out = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    bundles = [name for name in bundle_names() if not options.bundle or name in options.bundle]
    missing = sorted(set(options.bundle) - set(bundles))
    if missing or not bundles:
        print(f"No bundle {', '.join(missing)} in {ROOT / 'bundles'}. There are: {', '.join(bundle_names())}")
        return 1
    results = [run_bundle(name, out=out / name, profile=profile, device=options.device) for name in bundles]
    if options.record:
        for result in results:
            record(result, profile=profile)
    write_reports(results, out=out, profile=profile)
    print((out / "report.md").read_text(encoding="utf-8"))
    return 0 if all(result.passed for result in results) else 1


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    line = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    line.add_argument("--out", type=Path, required=True, help="folder for runs, logs and reports")
    line.add_argument("--short", action="store_true", help="the short form for a CPU")
    line.add_argument("--bundle", action="append", default=[], help="run this bundle only; may be repeated")
    line.add_argument("--device", help="device for train, evaluate and inference: cpu, cuda or cuda:N")
    line.add_argument("--record", action="store_true", help="store the figures found as the expected ones")
    return line


def bundle_names() -> list[str]:
    """Return the bundles of the checkout that train, in order."""
    return sorted(path.parents[1].name for path in (ROOT / "bundles").glob("*/configs/train.json"))


def figures_file(bundle: str) -> Path:
    """Return where the overrides and the expected figures of a bundle are."""
    return ROOT / "bundles" / bundle / "docs" / "expected_figures.json"


def run_bundle(bundle: str, *, out: Path, profile: Profile, device: str | None) -> Result:
    """Run the steps of one bundle in order; the first that fails is the last."""
    result = Result(bundle)
    if not figures_file(bundle).is_file():
        result.problem = (
            f"there is no {figures_file(bundle)}: copy another bundle's, set each mean to null, run --record"
        )
        return result
    expected = json.loads(figures_file(bundle).read_text(encoding="utf-8"))[profile]
    (out / "export").mkdir(parents=True, exist_ok=True)  # MONAI's exports make no folder
    for step in steps(bundle, out=out, expected=expected, device=device):
        print(f"{bundle}: {step.name}", flush=True)
        start = time.monotonic()
        result.problem = run_step(step, out=out)
        result.seconds[step.name] = round(time.monotonic() - start, 1)
        if result.problem:
            print(f"{bundle}: {result.problem}", flush=True)
            return result
    scores = json.loads((out / "evaluate" / "summary.json").read_text(encoding="utf-8"))["scores"]
    lost = sorted(set(expected["figures"]) - set(scores))
    if lost:
        result.problem = f"evaluate gives no {', '.join(lost)}; its summary has {', '.join(sorted(scores))}"
    else:
        result.figures = compare(scores, expected["figures"])
    return result


def steps(bundle: str, *, out: Path, expected: Mapping[str, Any], device: str | None) -> Iterator[Step]:
    """Give the commands of a bundle, as its README has them, with all output below `out`."""
    configs = ROOT / "bundles" / bundle / "configs"
    train, evaluate, inference = (configs / f"{name}.json" for name in ("train", "evaluate", "inference"))
    data: dict[str, Any] = {}
    images: dict[str, Any] = {}
    if expected["demo"]:
        demo = out / "demo"
        data, images = ({key: demo / "manifest.json", "dataset_dir": demo} for key in ("manifest", "images"))
        kind = "volumes" if expected["demo"] == "volumes" else "demo"
        make = [sys.executable, "-m", "dermaseg_monai", "data", kind, f"--out={demo}", f"--n={DEMO_CASES[kind]}"]
        yield Step("demo", [*make, "--seed=0"], ["demo/manifest.json"])
    on = {"device": device} if device else {}
    tracked = {"tracking_uri": f"sqlite:///{out / 'mlflow.db'}"}
    learned = {"weights": out / "train" / "model.safetensors"}
    run = [sys.executable, "-m", "monai.bundle", "run"]
    values = expected["overrides"] | data | on | tracked | {"output_dir": out / "train"}
    yield Step(
        "train",
        [*run, f"--config_file={train}", *written(values)],
        ["train/model.safetensors", "train/model.pt"],
    )
    values = data | on | tracked | learned | {"output_dir": out / "evaluate"}
    yield Step(
        "evaluate",
        [*run, f"--config_file=['{train}','{evaluate}']", *written(values)],
        ["evaluate/summary.json", "evaluate/cases.csv", "evaluate/masks/*"],
    )
    values = images | on | learned | {"output_dir": out / "inference"}
    yield Step(
        "inference",
        [*run, f"--config_file={inference}", *written(values)],
        ["inference/masks/*", "inference/probabilities/*"],
    )
    yield from exports(configs, out=out)


def exports(configs: Path, *, out: Path) -> Iterator[Step]:
    """Give MONAI's own commands on a network and its weights."""
    described = [f"--meta_file={configs / 'metadata.json'}", f"--config_file={configs / 'inference.json'}"]
    learned = f"--weights={out / 'train' / 'model.safetensors'}"
    weights = [f"--ckpt_file={out / 'train' / 'model.pt'}", "--key_in_ckpt=model", learned]
    monai = [sys.executable, "-m", "monai.bundle"]
    yield Step("verify_net_in_out", [*monai, "verify_net_in_out", NET, *described, learned, "--n=2"], [])
    traced = [*monai, "ckpt_export", NET, f"--filepath={out / 'export' / 'model.ts'}", *weights, *described]
    yield Step("ckpt_export", [*traced, "--use_trace=True"], ["export/model.ts"])
    metadata = json.loads((configs / "metadata.json").read_text(encoding="utf-8"))
    axes = AXES[len(metadata["network_data_format"]["inputs"]["image"]["spatial_shape"])]
    free = {"input_0": axes, "output_0": axes}
    dynamic = {"dynamic_axes": free, "input_names": ["input_0"], "output_names": ["output_0"], "dynamo": False}
    onnx = [
        *monai,
        "onnx_export",
        NET,
        "--use_trace=True",
        f"--filepath={out / 'export' / 'model.onnx'}",
        *weights,
        *described,
    ]
    yield Step("onnx_export", [*onnx, f"--converter_kwargs={dynamic}"], ["export/model.onnx"])
    both = [sys.executable, str(ROOT / "scripts" / "compare_exports.py")]
    yield Step("compare_exports", [*both, str(configs / "metadata.json"), str(out / "export")], [])


def written(overrides: Overrides) -> list[str]:
    """Return overrides as the command line has them."""
    return [f"--{key}={value}" for key, value in overrides.items()]


def run_step(step: Step, *, out: Path) -> str | None:
    """Run a command with its output in `<step>.log`; return what is wrong, if anything."""
    log = out / f"{step.name}.log"
    # evaluation of code in sheets stays off, and a key written twice is an error
    strict = {"MONAI_EVAL_EXPR": "0", "MONAI_FAIL_ON_DUPLICATE_CONFIG": "1", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with log.open("w", encoding="utf-8") as output:
        code = subprocess.run(
            step.command, check=False, stdout=output, stderr=subprocess.STDOUT, cwd=ROOT, env={**os.environ, **strict}
        ).returncode
    if code:
        last = "\n".join(line[:300] for line in log.read_text(encoding="utf-8").splitlines()[-20:])
        return f"{step.name} ended with code {code}, log {log}, which ends with:\n{last}"
    absent = [pattern for pattern in step.leaves if not any(path.stat().st_size for path in out.glob(pattern))]
    return f"{step.name} exited 0 but left no {absent[0]} in {out}, log {log}" if absent else None


def compare(scores: Mapping[str, Any], expected: Mapping[str, Mapping[str, float]]) -> list[Figure]:
    """Put the mean of each stored score beside the one found."""
    return [
        Figure(name, scores[name]["mean"], expected=figure["mean"], allowed_drop=figure["allowed_drop"])
        for name, figure in expected.items()
    ]


def record(result: Result, *, profile: Profile) -> None:
    """Write the figures found into the bundle's file; what may be lost stays as it was."""
    if result.problem:
        return
    file = figures_file(result.bundle)
    stored = json.loads(file.read_text(encoding="utf-8"))
    for figure in result.figures:
        stored[profile]["figures"][figure.score]["mean"] = round(figure.found, 4)
    file.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")


def write_reports(results: Sequence[Result], *, out: Path, profile: Profile) -> None:
    """Write `report.json` for programs and `report.md` for people."""
    rows = [
        {
            "bundle": result.bundle,
            "passed": result.passed,
            "problem": result.problem,
            "seconds": result.seconds,
            "figures": {figure.score: figure.found for figure in result.figures},
        }
        for result in results
    ]
    report = json.dumps({"profile": profile, "bundles": rows}, indent=2)
    (out / "report.json").write_text(report + "\n", encoding="utf-8")
    (out / "report.md").write_text("\n".join(markdown(results, profile=profile)) + "\n", encoding="utf-8")


def markdown(results: Sequence[Result], *, profile: Profile) -> Iterator[str]:
    """Give the lines of the report."""
    yield f"# Bundles, {profile} run"
    for result in results:
        yield f"\n## {result.bundle}: {'passed' if result.passed else 'FAILED'}\n"
        if result.problem:
            yield f"```\n{result.problem}\n```\n"
        yield "| step | seconds |\n|---|---|"
        yield from (f"| {name} | {seconds:.1f} |" for name, seconds in result.seconds.items())
        if result.figures:
            yield "\n| score | found | expected | may drop by | |\n|---|---|---|---|---|"
            for figure in result.figures:
                stored = "not stored" if figure.expected is None else f"{figure.expected:.4f}"
                verdict = "DROPPED" if figure.dropped else "ok"
                yield f"| {figure.score} | {figure.found:.4f} | {stored} | {figure.allowed_drop} | {verdict} |"


if __name__ == "__main__":
    sys.exit(main())
