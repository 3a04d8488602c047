"""What a stress test leaves: tables, pictures, a page, and a run in MLflow where that is wanted."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dermaseg_monai.assurance import (
    RULE,
    SCORED,
    UNDISTURBED,
    Estimate,
    Evaluation,
    Photograph,
    PhotographReader,
    Prediction,
    StressRow,
    StressSummary,
    Worst,
    disturbed,
)
from dermaseg_monai.cli.stress_sheet import StressSheet, mirrors
from dermaseg_monai.data.stressors import Stressor
from dermaseg_monai.engines.stems import file_stem
from dermaseg_monai.errors import DermasegError
from dermaseg_monai.files import write_json, write_rows
from dermaseg_monai.images import write_rgb
from dermaseg_monai.manifest import Case, Manifest
from dermaseg_monai.metrics.least_groups import narrow_words
from dermaseg_monai.report.stress_curves import draw_stress_curves, strength, title_of
from dermaseg_monai.report.stress_page import StressPicture, write_stress_page
from dermaseg_monai.report.stress_panel import draw_stress_panel
from dermaseg_monai.tracking import MLflowTracker
from dermaseg_monai.tracking.training import status_of

TABLE, SUMMARY, CURVES, PAGE = "stress.csv", "stress.json", "curves.png", "stress.html"


class StressOutput:
    """Writes the results of a stress test into a folder, and logs them.

    Args:
        folder: of the results.
        sheet: what was tested.
        manifest: on which data.
        split: which part of it.
        limit: how many cases were asked for; None for all.
        leaks: what is known of cases that the weights have seen.
    """

    def __init__(
        self, folder: Path, *, sheet: StressSheet, manifest: Manifest, split: str, limit: int | None, leaks: str
    ) -> None:
        self.folder, self.sheet, self.manifest = folder, sheet, manifest
        self.split, self.limit, self.leaks = split, limit, leaks
        self._tracker: MLflowTracker | None = None

    @contextmanager
    def tracked(self, uri: str | None, *, device: str) -> Generator[None]:
        """Open a run in MLflow for the block and end it as the block ended; without an address do nothing.

        What is written goes to the folder first: a store that is away costs the run in MLflow, never the result.
        """
        if uri is None:
            yield
            return
        name = self.sheet.bundle.name
        self._tracker = MLflowTracker(
            tracking_uri=uri,
            experiment=str(self.sheet.sheet.config.get("experiment") or name),
            output_dir=self.folder,
            run_name=f"stress {self.split}",
            bundle=name,
            sheet=self.sheet.sheet,
            manifest=self.sheet.sheet.overrides["manifest"],
            seed=self.sheet.seed,
        )
        self._tracker.start(device=device, job="stress test")
        try:
            yield
        except BaseException as error:
            self._tracker.end(status_of(error))
            raise
        self._tracker.end("FINISHED")

    def write(
        self,
        rows: Sequence[StressRow],
        summary: StressSummary,
        *,
        cases: Sequence[Case],
        read: PhotographReader,
        evaluation: Evaluation,
        stressors: Sequence[Stressor],
    ) -> None:
        """Write and log everything, and print the ranking.

        Raises:
            DataError: a file cannot be written.
        """
        facts = self._facts(rows, evaluation, n=len(cases))
        units = {stressor.name: stressor.unit for stressor in stressors}
        _write_table(self.folder / TABLE, rows, units)
        write_json(self.folder / SUMMARY, {"schema": 1, "about": facts, **summary.to_json()})
        title = f"{self.sheet.bundle.name} on {self.manifest.name} ({self.split})"
        curves = draw_stress_curves(summary.curves, title=title, confidence=summary.confidence)
        write_rgb(self.folder / CURVES, curves)
        drawer = _WorstDrawer(cases, read, evaluation, stressors)
        pictures = [one for worst in summary.worst if (one := drawer.draw(worst)) is not None]
        for at, one in enumerate(pictures):
            rank = 1 + sum(other.worst.stressor == one.worst.stressor for other in pictures[:at])
            name = f"{one.worst.stressor}_{rank}_{file_stem(one.worst.case_id)}.png"
            write_rgb(self.folder / "worst" / name, one.panel)
        write_stress_page(self.folder / PAGE, summary, facts=facts, curves=curves, pictures=pictures)
        self._log(summary)
        _print(summary)
        for name in (PAGE, CURVES, TABLE, SUMMARY):
            typer.echo(f"Wrote {self.folder / name}")
        for case_id, reason in summary.failed.items():
            typer.echo(f"Took no part: {case_id!r}: {reason}", err=True)

    def _facts(self, rows: Sequence[StressRow], evaluation: Evaluation, *, n: int) -> dict[str, str]:
        config = self.sheet.sheet.config
        plan = self.sheet.plan()
        undisturbed = [row for row in rows if row.stressor == UNDISTURBED]
        chosen = f"all {n}" if self.limit is None or self.limit > n else f"{n}, {RULE}"
        views = (
            "the mean over all mirror images"
            if mirrors(evaluation.predictor.inferer)
            else "a single view, no mirror images"
        )
        return {
            "Bundle": self.sheet.bundle.name,
            "Weights": f"{self.sheet.weights.name}, sha256 {plan['weights'][:12]}",
            "Data": f"{self.manifest.name} {self.manifest.version}".strip() + f", digest {self.manifest.digest[:12]}",
            "Split": self.split,
            "Cases": f"{chosen}; {sum(row.ok for row in undisturbed)} could be used",
            "Network sees": f"{_image_size(config, self.sheet.weights)}, {views}",
            "Scored": f"on the grid that the evaluation leaves, from probability {config.get('threshold')}; "
            f"a missed lesion counts 0, two empty masks {evaluation.both_empty:g}",
            "Seen in training": self.leaks,
            "Sheets": ", ".join(Path(name).name for name in self.sheet.sheet.files),
        }

    def _log(self, summary: StressSummary) -> None:
        tracker = self._tracker
        if tracker is None:
            return
        for curve in summary.curves:
            for name in SCORED:
                steps = [(0, curve.undisturbed[name]), *((point.step, point.scores[name]) for point in curve.points)]
                for step, one in steps:
                    tracker.log_metrics(_with_bounds(f"stress_{curve.stressor}_{name}", one), step=step)
            figures = _with_bounds(f"stress_{curve.stressor}_mean_dice_drop", curve.mean_drops["dice"])
            tracker.log_metrics(figures, step=0)
            tracker.note_figures(figures)
        for name in (TABLE, SUMMARY, PAGE, CURVES):
            tracker.log_file(self.folder / name, "stress")
        tracker.log_picture(self.folder / CURVES, key="stress_curves", step=0)


class _WorstDrawer:
    """Predicts the worst cases once more, which costs less than keeping every mask."""

    def __init__(
        self,
        cases: Sequence[Case],
        read: PhotographReader,
        evaluation: Evaluation,
        stressors: Sequence[Stressor],
    ) -> None:
        self.cases = {case.id: case for case in cases}
        self.stressors = {stressor.name: stressor for stressor in stressors}
        self.read, self.evaluation = read, evaluation

    def draw(self, worst: Worst) -> StressPicture | None:
        stressor = self.stressors[worst.stressor]
        about = f"{title_of(worst.stressor)}, level {worst.step} ({strength(stressor.unit, worst.level)})"
        try:
            before = self.read(self.cases[worst.case_id])
            after = disturbed(before, stressor, worst.level)
            panel = draw_stress_panel(
                self._predicted(before),
                self._predicted(after),
                strength=about,
                dice=(worst.dice_before, worst.dice_after),
            )
        except DermasegError as error:  # the figures of hours are not thrown away for a picture
            typer.echo(f"Not drawn: {error}", err=True)
            return None
        return StressPicture(worst, panel)

    def _predicted(self, photograph: Photograph) -> tuple[Photograph, Prediction]:
        (prediction,) = self.evaluation.predict([self.evaluation.prepared(photograph)])
        return photograph, prediction


def _image_size(config: Mapping[str, Any], weights: Path) -> str:
    size = config.get("image_size")
    if isinstance(size, int):
        return f"{size} x {size} px"
    from dermaseg_monai.engines import read_metadata  # noqa: PLC0415

    found = read_metadata(weights).get("image_size", "?")
    return f"{found} x {found} px (from the weights file)"


def _with_bounds(name: str, one: Estimate) -> dict[str, float]:
    figures = {name: one.mean, f"{name}_low": one.low, f"{name}_high": one.high}
    return {key: value for key, value in figures.items() if value is not None}


def _write_table(path: Path, rows: Sequence[StressRow], units: Mapping[str, str]) -> None:
    header = list(asdict(rows[0]))
    header.insert(header.index("level") + 1, "unit")
    found = [{**asdict(row), "unit": units.get(row.stressor, "")} for row in rows]
    write_rows(path, found, header)


def _print(summary: StressSummary) -> None:
    note = " ".join(narrow_words(min(curve.n_groups for curve in summary.curves))) or None
    table = Table(title="What hurts most: drop in Dice", title_justify="left", caption=note, caption_justify="left")
    for name in ("stressor", "mean over all levels", "at the strongest", "missed"):
        table.add_column(name, justify="left" if name == "stressor" else "right", no_wrap=True)
    for curve in summary.ranking:
        last = curve.points[-1]
        drops = (curve.mean_drops["dice"], last.drops["dice"])
        cells = (curve.stressor, *map(str, drops), f"{last.n_missed} of {curve.n}")
        table.add_row(*map(Text, cells))
    Console().print(table)
