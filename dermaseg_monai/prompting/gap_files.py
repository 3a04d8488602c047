"""What a prompt study says in the end: a summary per kind, and the one table of all kinds."""

import json
from pathlib import Path
from typing import Any

from ignite.engine import Engine, Events
from rich.console import Console

from dermaseg_monai.files import write_json, write_text
from dermaseg_monai.manifest import Manifest, group_of_case
from dermaseg_monai.metrics.spreadsheet import write_table
from dermaseg_monai.prompting.gap import GapTable, gap_table
from dermaseg_monai.prompting.prompt import ORIGIN_NOTES
from dermaseg_monai.prompting.scoring import KindScores


class GapFiles:
    """Evaluator handler: writes `gap.md`, `gap.csv`, `gap.json`, a summary per kind, and prints the table.

    Intervals draw whole groups of cases that share a lesion, a patient or a picture. `summary.json` and `summary.md`
    go into the folder of each kind and say its origin. Stands behind PromptFolders and MaskScores.

    Args:
        folder: where to write.
        manifest: whose cases are evaluated.
        images: the list of cases, whose `failures` are counted.
        split: for the title and the names of tracked figures.
        model: what the title calls the network.
        seed: of the bootstrap.
        tracker: gets the figures of each kind as `<split>_<name>_<score>`; None tracks nothing.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        manifest: str | Path,
        images: Any,  # noqa: ANN401 (a list that may carry failures)
        split: str,
        model: str,
        seed: int,
        tracker: Any = None,  # noqa: ANN401 (of the room above)
    ) -> None:
        self.folder, self.manifest, self.split, self.model, self.seed = Path(folder), manifest, split, model, seed
        self.n_failed = len(getattr(images, "failures", ()))
        self.tracker = tracker

    def attach(self, engine: Engine) -> None:
        """Attach to an evaluator."""
        engine.add_event_handler(Events.COMPLETED, self)

    def __call__(self, engine: Engine) -> None:
        """Summarise, write, print and track."""
        state: Any = engine.state
        kinds: list[KindScores] = state.kind_scores
        scored = {score.case_id for score in kinds[0].scores}
        every = group_of_case(Manifest.load(self.manifest).cases)
        groups = {case_id: group for case_id, group in every.items() if case_id in scored}
        title = f"{self.model} with given and automatic prompts, split {self.split}"
        table = gap_table(kinds, groups=groups, seed=self.seed, title=title, n_failed=self.n_failed)
        self._write(table)
        Console().print(str(table), markup=False, highlight=False, soft_wrap=True)
        if self.tracker is not None:
            self._track(table)

    def _write(self, table: GapTable) -> None:
        for row in table.rows:
            about = {"mask_from": row.name, "origin": row.origin, "origin_note": ORIGIN_NOTES[row.origin]}
            folder = self.folder / row.name
            if folder.is_dir():
                write_json(folder / "summary.json", about | json.loads(row.summary.to_json()))
                head = f"{row.name}, {row.origin}: {ORIGIN_NOTES[row.origin]}."
                write_text(folder / "summary.md", f"{head}\n\n{row.summary.to_markdown()}\n")
        write_text(self.folder / "gap.md", table.to_markdown())
        write_json(self.folder / "gap.json", table.to_dict())
        write_table(self.folder / "gap.csv", table.to_frame())

    def _track(self, table: GapTable) -> None:
        figures: dict[str, float | int | None] = {f"{self.split}_failed": self.n_failed}
        for row in table.rows:
            name = f"{self.split}_{row.name}"
            figures[f"{name}_without_prompt"] = row.n_without
            for score, found in row.summary.scores.items():
                figures |= {f"{name}_{score}": found.mean, f"{name}_{score}_low": found.low}
                figures[f"{name}_{score}_high"] = found.high
        self.tracker.log_metrics(figures, step=0)
        self.tracker.note_figures(figures)
