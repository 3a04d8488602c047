from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dermaseg_monai.errors import DataError
from dermaseg_monai.experiments import batch
from dermaseg_monai.experiments.summary import AblationSummary, summarise_ablation
from dermaseg_monai.experiments.tables import collect, why_absent
from dermaseg_monai.files import write_json
from tests.experiments.small_ablation import finish, make_runs, small_spec

IDS = [f"c{number}" for number in range(6)]


def summary_of(folder: Path, scores: list[list[float]], **baseline: object) -> AblationSummary:
    runs = make_runs(folder)
    for run, values in zip(runs, scores, strict=True):
        finish(run, values, ids=IDS[: len(values)])
    return summarise_ablation(
        small_spec(baseline or None), collect(runs), groups=None, confidence=0.95, draws=500, seed=0
    )


def test_a_setting_has_the_mean_over_images_and_seeds(tmp_path: Path) -> None:
    found = summary_of(tmp_path, [[0.2, 0.4], [0.4, 0.6], [0.5, 0.7], [0.5, 0.7]])
    (first, second) = [figure for figure in found.figures if figure.score == "jaccard"]
    assert (first.setting, first.mean) == ("a", pytest.approx(0.4))
    assert first.seeds == {"0": pytest.approx(0.3), "1": pytest.approx(0.5)}
    assert first.seed_sd == pytest.approx(0.2 / 2**0.5)
    # two images and two seeds: the worst draw takes 0.2 alone, the best 0.6 alone
    assert (first.low, first.high) == (pytest.approx(0.2), pytest.approx(0.6))
    assert second.mean == pytest.approx(0.6)
    assert second.seed_sd == pytest.approx(0.0)
    assert (found.n_images, found.n_groups) == (2, 2)
    assert {figure.score for figure in found.figures} == {"jaccard", "threshold_jaccard", "dice", "hd95_px"}


def test_a_difference_is_paired_by_image_and_corrected_for_all_scores(tmp_path: Path) -> None:
    a = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    b = [value + gain for value, gain in zip(a, (0.01, 0.02, 0.03, 0.04, 0.05, 0.06), strict=True)]
    found = summary_of(tmp_path, [a, a, b, b])
    (contrast,) = [one for one in found.contrasts if one.score == "jaccard"]
    assert (contrast.setting, contrast.baseline) == ("b", "a")
    assert contrast.difference == pytest.approx(0.035)
    # the spread between images (0.1 to 0.6) is not in it
    assert 0.01 <= contrast.low < 0.035 < contrast.high <= 0.06
    assert contrast.p == pytest.approx(2 / 2**6)
    assert contrast.p_holm == pytest.approx(4 * 2 / 2**6)  # four scores, all with the same p


def test_a_difference_is_clear_only_where_mean_and_test_agree(tmp_path: Path) -> None:
    # one patient whose 30 images gain .2, 40 others who lose .02 to .08: the mean gains, nearly every group loses
    gains = [0.2] * 30 + np.linspace(-0.02, -0.08, 40).tolist()
    ids = [f"c{number}" for number in range(70)]
    groups = {name: "one" if number < 30 else name for number, name in enumerate(ids)}
    runs = make_runs(tmp_path)
    for run in runs:
        finish(run, [0.5 + (gain if run.name.startswith("b") else 0) for gain in gains], ids=ids)
    found = summarise_ablation(small_spec(), collect(runs), groups=groups, confidence=0.95, draws=500, seed=0)
    (contrast,) = [one for one in found.contrasts if one.score == "jaccard"]
    assert contrast.difference == pytest.approx(0.057, abs=0.001)
    assert contrast.p_holm < 0.001
    assert contrast.low < 0 < contrast.high
    assert not contrast.clear
    assert replace(contrast, low=0.01).clear
    assert not replace(contrast, low=0.01, p_holm=0.06).clear
    assert replace(contrast, difference=-0.05, high=-0.01).clear


def test_the_seeds_of_both_sides_widen_a_difference(tmp_path: Path) -> None:
    a = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    quiet = summary_of(tmp_path / "quiet", [a, a, a, a])
    (still,) = [one for one in quiet.contrasts if one.score == "jaccard"]
    assert (still.difference, still.low, still.high, still.p_holm) == (0.0, 0.0, 0.0, 1.0)
    up, down = ([value + by for value in a] for by in (0.05, -0.05))
    noisy = summary_of(tmp_path / "noisy", [up, down, up, down])
    (moved,) = [one for one in noisy.contrasts if one.score == "jaccard"]
    assert moved.difference == pytest.approx(0.0)
    assert (moved.low, moved.high) == (pytest.approx(-0.1), pytest.approx(0.1))


def test_images_of_one_lesion_are_drawn_together(tmp_path: Path) -> None:
    runs = make_runs(tmp_path)
    for run in runs:
        finish(run, [0.1, 0.1, 0.9, 0.9], ids=IDS[:4])
    groups = {"c0": "x", "c1": "x", "c2": "y", "c3": "y"}
    found = summarise_ablation(small_spec(), collect(runs), groups=groups, confidence=0.95, draws=500, seed=0)
    assert (found.n_images, found.n_groups) == (4, 2)
    first = found.figures[0]
    assert (first.low, first.high) == (pytest.approx(0.1), pytest.approx(0.9))


def test_one_group_has_no_interval_and_no_test(tmp_path: Path) -> None:
    found = summary_of(tmp_path, [[0.5]] * 4)
    assert {figure.low for figure in found.figures} == {None}
    assert found.contrasts == ()
    assert found.left_out == {"b": "all images are of one group"}


def test_a_missing_run_is_named_and_a_missing_baseline_too(tmp_path: Path) -> None:
    runs = make_runs(tmp_path)
    finish(runs[2], [0.5, 0.6])
    runs[0].folder.mkdir()
    write_json(runs[1].folder / "failed.json", {"name": "x", "error": "train: No disk."})
    scored = collect(runs)
    assert scored.absent == {
        "a-seed0": "not finished",
        "a-seed1": "failed: train: No disk.",
        "b-seed1": "not started",
    }
    found = summarise_ablation(small_spec(), scored, groups=None, confidence=0.95, draws=10, seed=0)
    assert found.left_out == {"b": "its baseline (a) has no scores"}


def test_a_note_of_a_failure_that_is_no_object_is_passed_over(tmp_path: Path) -> None:
    run = make_runs(tmp_path)[0]
    run.folder.mkdir()
    (run.folder / "failed.json").write_text('["error"]')
    assert why_absent(run.folder) == "not finished"
    assert batch._error(run, {}) == "not run"
    assert batch._noted_parent(run.folder / "failed.json") is None


def test_nothing_done_is_no_error(tmp_path: Path) -> None:
    scored = collect(make_runs(tmp_path))
    assert (scored.runs, scored.values.shape) == ((), (0, 0, 0))


def test_runs_on_different_images_are_not_compared(tmp_path: Path) -> None:
    runs = make_runs(tmp_path)[:2]
    finish(runs[0], [0.5, 0.6], ids=["c1", "c2"])
    finish(runs[1], [0.5, 0.6], ids=["c1", "c3"])
    with pytest.raises(DataError, match=r"a-seed0 and a-seed1 were scored on different images: 2 .* first c2"):
        collect(runs)


def test_runs_on_different_masks_are_not_compared(tmp_path: Path) -> None:
    runs = make_runs(tmp_path)[:2]
    finish(runs[0], [0.5, 0.6])
    finish(runs[1], [0.5, 0.6], label_px=11)
    with pytest.raises(DataError, match=r"scored against different masks: 2 differ in size, first c1"):
        collect(runs)


def test_the_order_of_the_rows_does_not_matter(tmp_path: Path) -> None:
    runs = make_runs(tmp_path)[:2]
    finish(runs[0], [0.5, 0.6], ids=["c1", "c2"])
    finish(runs[1], [0.6, 0.5], ids=["c2", "c1"])
    values = collect(runs).values
    assert np.array_equal(values[0], values[1])
