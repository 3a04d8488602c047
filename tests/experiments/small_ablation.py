"""An ablation whose runs are folders that the tests fill by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path

from dermaseg_monai.experiments.grid import Point, Training
from dermaseg_monai.experiments.plan import Run, Step
from dermaseg_monai.experiments.spec import Spec
from dermaseg_monai.files import write_json
from dermaseg_monai.metrics import CaseScore, write_scores

SCORES = ("dice", "jaccard", "threshold_jaccard", "accuracy", "sensitivity", "specificity", "precision")


def small_spec(baseline: Mapping[str, object] | None = None) -> Spec:
    """Two networks with two seeds each; `a` is the baseline."""
    given = {"network": "a"} if baseline is None else baseline
    grid = {"network": ("a", "b"), "seed": (0, 1)}
    return Spec("small", "A small one.", given, {}, grid, {}, {"split": "val"}, "name: small")


def make_run(folder: Path, network: str, seed: int, manifest: object = None, uri: str = "") -> Run:
    """A run that is not done."""
    name = f"{network}-seed{seed}"
    point = Point((("network", network),), seed, Training(network, None, (), {"seed": seed, "tracking_uri": uri}), None)
    home = folder / name
    steps = tuple(
        Step(step, run_id, ("train.json",), {"seed": seed}, home / step)
        for step, run_id in (("train", "training"), ("evaluate_val", "evaluating"))
    )
    return Run(name, point, home, steps, manifest)


def make_runs(folder: Path, manifest: object = None, uri: str = "") -> list[Run]:
    """The runs of `small_spec`."""
    return [make_run(folder, network, seed, manifest, uri) for network in "ab" for seed in (0, 1)]


def finish(run: Run, jaccards: Sequence[float], *, ids: Sequence[str] = ("c1", "c2"), label_px: int = 10) -> None:
    """Fill a run's folder as an evaluation does; every overlap score is the Jaccard given, HD95 ten times it."""
    rows = [case(case_id, value, label_px) for case_id, value in zip(ids, jaccards, strict=True)]
    write_scores(run.cases, rows)
    for step in run.steps:
        write_json(step.folder / "done.json", {"stage": step.name, "words": [], "seconds": 1.5})


def case(case_id: str, jaccard: float, label_px: int = 10) -> CaseScore:
    """One row."""
    known = {field.name for field in fields(CaseScore)}
    assert known >= set(SCORES)
    return CaseScore(
        case_id=case_id,
        **dict.fromkeys(SCORES, jaccard),
        hd95_px=10 * jaccard,
        pred_px=10,
        label_px=label_px,
    )
