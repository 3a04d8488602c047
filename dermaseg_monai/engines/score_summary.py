"""What an evaluation says in the end: every score with its interval, as a table and as a file."""

from pathlib import Path
from typing import Any

from ignite.engine import Engine, Events
from rich.console import Console

from dermaseg_monai.engines.distributed import is_rank_zero
from dermaseg_monai.files import write_text
from dermaseg_monai.manifest import Manifest, case_groups
from dermaseg_monai.metrics import summarise


class ScoreSummaryFile:
    """Evaluator handler: writes `summary.json` and `summary.md` and prints the table.

    Averages `engine.state.case_scores` over images; the intervals draw whole groups of cases that share a lesion, a
    patient or a picture. The summary stays in `engine.state.summary`. Stands after CaseScorer.

    Args:
        folder: where to write.
        manifest: whose cases are evaluated; says which belong together.
        seed: of the bootstrap.
        confidence: of the intervals, 0.95 for 95 %.
        draws: of the bootstrap.
    """

    def __init__(
        self, folder: str | Path, *, manifest: str | Path, seed: int, confidence: float = 0.95, draws: int = 2000
    ) -> None:
        self.folder = Path(folder)
        self.manifest = manifest
        self.seed, self.confidence, self.draws = seed, confidence, draws

    def attach(self, engine: Engine) -> None:
        """Attach to an evaluator."""
        engine.add_event_handler(Events.COMPLETED, self)

    def __call__(self, engine: Engine) -> None:
        """Summarise, write and print."""
        state: Any = engine.state
        manifest = Manifest.load(self.manifest)
        groups = {case.id: group[0].id for group in case_groups(manifest.cases) for case in group}
        groups = {score.case_id: groups[score.case_id] for score in state.case_scores}
        state.summary = summarise(
            state.case_scores, groups=groups, confidence=self.confidence, draws=self.draws, seed=self.seed
        )
        if is_rank_zero():
            write_text(self.folder / "summary.json", state.summary.to_json() + "\n")
            write_text(self.folder / "summary.md", state.summary.to_markdown() + "\n")
            Console().print(state.summary)
