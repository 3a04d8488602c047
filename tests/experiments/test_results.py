import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dermaseg_monai.experiments.plan import Run
from dermaseg_monai.experiments.results import seconds, write_results
from dermaseg_monai.experiments.summary import summarise_ablation
from dermaseg_monai.experiments.tables import collect
from tests.experiments.small_ablation import finish, make_runs, small_spec


def write(folder: Path, runs: list[Run]) -> list[Path]:
    scored = collect(runs)
    summary = None
    if scored.runs:
        summary = summarise_ablation(small_spec(), scored, groups=None, confidence=0.95, draws=100, seed=0)
    return write_results(folder, small_spec(), runs, scored, summary)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_tables_and_plots_are_written(tmp_path: Path) -> None:
    runs = make_runs(tmp_path / "runs")
    for run in runs:
        finish(run, [0.5, 0.7] if run.name.startswith("a") else [0.6, 0.8])
    files = write(tmp_path / "out", runs)
    assert sorted(file.name for file in files) == sorted(
        ["comparisons.csv", "differences.png", "runs.csv", "scores.png", "settings.csv", "summary.md"]
    )
    first = rows(tmp_path / "out" / "runs.csv")[0]
    assert (first["run"], first["network"], first["seed"], first["status"]) == ("a-seed0", "a", "0", "done")
    assert (first["train_s"], first["jaccard"]) == ("1.5", "0.6")
    setting = rows(tmp_path / "out" / "settings.csv")[0]
    assert (setting["setting"], setting["score"], setting["seeds"], setting["seed_sd"]) == ("a", "jaccard", "2", "0.0")
    contrast = rows(tmp_path / "out" / "comparisons.csv")[0]
    assert (contrast["setting"], contrast["baseline"], round(float(contrast["difference"]), 9)) == ("b", "a", 0.1)
    for name in ("scores.png", "differences.png"):
        with Image.open(tmp_path / "out" / name) as picture:
            assert np.asarray(picture.convert("L")).std() > 5


def test_the_page_says_what_was_compared_and_what_is_missing(tmp_path: Path) -> None:
    runs = make_runs(tmp_path / "runs")
    for run in runs[:3]:
        finish(run, [0.5, 0.7])
    write(tmp_path / "out", runs)
    page = (tmp_path / "out" / "summary.md").read_text()
    assert "3 of 4 runs are scored, on the same 2 images of the val split." in page
    assert "| b | 1 of 2 | 0.600 [" in page
    assert "- `b-seed1`: not started" in page
    assert "## Differences from a" in page
    assert "corrected by Holm for all 4 differences" in page
    assert "In p every group counts once, in the mean and its interval by its images" in page
    assert "Fewer than 10 groups (2): the interval is too narrow." in page
    assert "Not a medical device" in page


def test_a_setting_without_any_run_stays_in_the_table(tmp_path: Path) -> None:
    runs = make_runs(tmp_path / "runs")
    for run in runs[:2]:
        finish(run, [0.5, 0.7])
    files = write(tmp_path / "out", runs)
    assert "| b | 0 of 2 | missing |" in (tmp_path / "out" / "summary.md").read_text()
    assert "comparisons.csv" not in {file.name for file in files}


def test_names_of_settings_are_no_formulas_in_the_tables(tmp_path: Path) -> None:
    runs = [replace(run, point=replace(run.point, setting=(("network", "=1+1"),))) for run in make_runs(tmp_path)[:2]]
    for run in runs:
        finish(run, [0.5, 0.7])
    write(tmp_path / "out", runs)
    assert {row["network"] for row in rows(tmp_path / "out" / "runs.csv")} == {"'=1+1"}
    assert {row["setting"] for row in rows(tmp_path / "out" / "settings.csv")} == {"'=1+1"}


@pytest.mark.parametrize(
    ("text", "found"), [('{"seconds": 2}', 2.0), ("[1]", None), ('{"seconds": null}', None), ("{", None)]
)
def test_the_time_of_a_step_is_read_from_whatever_lies_there(tmp_path: Path, text: str, found: float | None) -> None:
    (tmp_path / "done.json").write_text(text)
    assert seconds(tmp_path) == found


def test_without_scores_the_page_says_so(tmp_path: Path) -> None:
    files = write(tmp_path / "out", make_runs(tmp_path / "runs"))
    assert [file.name for file in files] == ["summary.md", "runs.csv"]
    page = (tmp_path / "out" / "summary.md").read_text()
    assert "0 of 4 runs are scored: there is nothing to summarise." in page
    assert page.count("not started") == 4
