"""The results folder: tables in CSV and Markdown, and two plots."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dermaseg_monai.experiments.grid import label
from dermaseg_monai.experiments.job import DONE
from dermaseg_monai.experiments.plan import Run
from dermaseg_monai.experiments.spec import Spec
from dermaseg_monai.experiments.summary import UNITS, AblationSummary, Figure
from dermaseg_monai.experiments.tables import SMALLER_IS_BETTER, Scored
from dermaseg_monai.files import read_object, write_rows, write_text
from dermaseg_monai.metrics.least_groups import narrow_words
from dermaseg_monai.metrics.summary import mean_and_interval
from dermaseg_monai.metrics.table import Table
from dermaseg_monai.report.intervals import IntervalRow, save_intervals
from dermaseg_monai.report.palette import NOTICE

_TITLES = {
    "jaccard": "Jaccard",
    "threshold_jaccard": "threshold Jaccard",
    "dice": "Dice",
    "hd95_px": "HD95 (px)",
    "hd95_mm": "HD95 (mm)",
    "surface_dice": "surface Dice",
    "boundary_iou": "boundary IoU",
}


def write_results(
    folder: Path, spec: Spec, runs: Sequence[Run], scored: Scored, summary: AblationSummary | None
) -> list[Path]:
    """Write runs.csv, settings.csv, comparisons.csv, summary.md, scores.png and differences.png; return their paths.

    What there are no numbers for is not written: without a scored run, runs.csv and summary.md alone.
    """
    write_text(folder / "summary.md", markdown(spec, runs, scored, summary))
    write_rows(folder / "runs.csv", [_run_row(run, scored) for run in runs])
    files = [folder / "summary.md", folder / "runs.csv"]
    if summary is None:
        return files
    write_rows(folder / "settings.csv", [_figure_row(figure) for figure in summary.figures])
    note = f"mean and {100 * summary.confidence:g} % interval over images and seeds; small dots: single seeds"
    save_intervals(folder / "scores.png", _score_panels(summary), title=f"{spec.name}: scores", note=note, zero=False)
    files += [folder / "settings.csv", folder / "scores.png"]
    if summary.contrasts:
        write_rows(folder / "comparisons.csv", [vars(contrast) for contrast in summary.contrasts])
        title = f"{spec.name}: difference from {_baseline(spec)}"
        note = f"the same images, {100 * summary.confidence:g} % interval; diamonds: p < 0.05 after Holm and 0 outside"
        save_intervals(folder / "differences.png", _contrast_panels(summary), title=title, note=note, zero=True)
        files += [folder / "comparisons.csv", folder / "differences.png"]
    return files


def settings_table(runs: Sequence[Run], summary: AblationSummary) -> Table:
    """Return one row per setting, also of those that have no scores."""
    measures = list(dict.fromkeys(figure.score for figure in summary.figures))
    cells = {(figure.setting, figure.score): figure for figure in summary.figures}
    planned: dict[str, int] = {}
    for run in runs:
        planned[label(run.point.setting)] = planned.get(label(run.point.setting), 0) + 1
    rows = []
    for setting, count in planned.items():
        done = len(cells[setting, measures[0]].seeds) if (setting, measures[0]) in cells else 0
        seeds = f"{done}" if done == count else f"{done} of {count}"
        rows.append((setting, seeds, *(_cell(cells.get((setting, name))) for name in measures)))
    return Table(("setting", "seeds", *map(_title, measures)), rows, narrow_words(summary.n_groups))


def markdown(spec: Spec, runs: Sequence[Run], scored: Scored, summary: AblationSummary | None) -> str:
    """Return the summary as a page."""
    counted = f"{len(scored.runs)} of {len(runs)} runs are scored"
    parts = [f"# Ablation: {spec.name}", spec.about]
    if summary is None:
        parts.append(f"{counted}: there is nothing to summarise.")
    else:
        groups = "" if summary.n_groups == summary.n_images else f" in {summary.n_groups} groups"
        split = spec.evaluate.get("split", "test")
        parts.append(f"{counted}, on the same {summary.n_images} images{groups} of the {split} split.")
        parts += ["## Settings", settings_table(runs, summary).markdown(), _how(summary)]
        if summary.contrasts or summary.left_out:
            parts += [f"## Differences from {_baseline(spec)}", *_contrast_tables(summary)]
            parts += [f"Not compared: {setting}: {why}." for setting, why in summary.left_out.items()]
    if scored.absent:
        parts += ["## Runs without scores", *(f"- `{name}`: {why}" for name, why in scored.absent.items())]
    return "\n\n".join([part for part in parts if part] + [NOTICE]) + "\n"


def _contrast_tables(summary: AblationSummary) -> list[str]:
    measures = list(dict.fromkeys(contrast.score for contrast in summary.contrasts))
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for one in summary.contrasts:
        form = "+.2f" if one.score in SMALLER_IS_BETTER else "+.4f"
        rows.setdefault((one.setting, one.baseline), {})[one.score] = one.written(form)
    if not rows:
        return []
    cells = [(setting, *(row[name] for name in measures)) for (setting, _), row in rows.items()]
    interval, count = f"{100 * summary.confidence:g} % interval", len(summary.contrasts)
    test = (
        f"Setting minus baseline on the same images: mean [{interval}], p. The interval draws the same groups of images"
        " on both sides, and the seeds of each side. p: Wilcoxon's signed-rank test over groups of images, on the mean"
        f" over seeds of every image; corrected by Holm for all {count} differences of this table. It speaks of other"
        f" images, not of other seeds. {UNITS}"
    )
    baselines = dict(rows.keys())
    several = len(set(baselines.values())) > 1
    each = [f"Baseline of {setting}: {baseline}." for setting, baseline in baselines.items()] if several else []
    table = Table(("setting", *map(_title, measures)), cells, narrow_words(summary.n_groups))
    return [table.markdown(), test, *each]


def _how(summary: AblationSummary) -> str:
    return (
        f"Mean over images, then over seeds [{100 * summary.confidence:g} % interval]. The interval is a percentile "
        f"bootstrap of {summary.draws} draws (seed {summary.seed}): each draws groups of images with replacement "
        "(images of one lesion or patient stay together) and, independently, the seeds of the setting. With few seeds "
        "it is too narrow for the part that seeds contribute; with one seed it holds for that one network."
    )


def _baseline(spec: Spec) -> str:
    return label(tuple(spec.baseline.items()))


def _title(score: str) -> str:
    return f"{_TITLES.get(score, score)} {'↓' if score in SMALLER_IS_BETTER else '↑'}"


def _cell(figure: Figure | None) -> str:
    return "missing" if figure is None else mean_and_interval(figure.score, figure.mean, figure.low, figure.high)


def _score_panels(summary: AblationSummary) -> Mapping[str, Sequence[IntervalRow]]:
    panels: dict[str, list[IntervalRow]] = {}
    for one in summary.figures:
        row = IntervalRow(one.setting, one.mean, one.low, one.high, tuple(one.seeds.values()))
        panels.setdefault(_title(one.score), []).append(row)
    return panels


def _contrast_panels(summary: AblationSummary) -> Mapping[str, Sequence[IntervalRow]]:
    panels: dict[str, list[IntervalRow]] = {}
    for one in summary.contrasts:
        row = IntervalRow(one.setting, one.difference, one.low, one.high, strong=one.clear)
        panels.setdefault(_title(one.score), []).append(row)
    return panels


def _run_row(run: Run, scored: Scored) -> dict[str, Any]:
    row: dict[str, Any] = {"run": run.name, **dict(run.point.setting), "seed": run.point.seed}
    row["status"] = scored.absent.get(run.name, "done")
    row |= {f"{step.name}_s": seconds(step.folder) for step in run.steps}
    names = [one.name for one in scored.runs]
    if run.name in names:
        means = scored.values[names.index(run.name)].mean(axis=0)
        row |= dict(zip(scored.measures, means.tolist(), strict=True))
    return row


def seconds(folder: Path) -> float | None:
    """Return how long the step of a folder took when it last ran to its end; None when it has not."""
    found = read_object(folder / DONE).get("seconds")
    return float(found) if isinstance(found, int | float) else None


def _figure_row(figure: Figure) -> dict[str, Any]:
    row: dict[str, Any] = {"setting": figure.setting, "score": figure.score, "mean": figure.mean}
    row |= {"low": figure.low, "high": figure.high, "seeds": len(figure.seeds), "seed_sd": figure.seed_sd}
    return {**row, "seed_means": " ".join(f"{seed}:{mean:.6f}" for seed, mean in figure.seeds.items())}
