"""What an evaluation says in the end: every score with its interval, as a table and as a file."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from ignite.engine import Engine, Events
from rich.console import Console

from dermaseg_monai.engines.distributed import is_rank_zero
from dermaseg_monai.errors import DermasegError
from dermaseg_monai.files import write_text
from dermaseg_monai.manifest import Manifest, group_of_case
from dermaseg_monai.metrics import summarise

logger = logging.getLogger(__name__)


@runtime_checkable
class PeopleBeside(Protocol):
    """Compares the predictions of a folder with several people (`agreement.HumanCeiling`)."""

    def __call__(self, folder: Path, case_ids: Sequence[str]) -> str | None:
        """Write beside the summary and return a line for it; None where no case has outlines of two people."""
        ...


class ScoreSummaryFile:
    """Evaluator handler: writes `summary.json` and `summary.md` and prints the table.

    Averages `engine.state.case_scores` over images; the intervals draw whole groups of cases that share a lesion, a
    patient or a picture. The summary stays in `engine.state.summary`; those over all pixels (PixelConfusion) follow
    in `summary.md` where there are any. Stands after CaseScorer, with `people` after PredictionFolder too.

    Args:
        folder: where to write.
        manifest: whose cases are evaluated; says which belong together.
        seed: of the bootstrap.
        confidence: of the intervals, 0.95 for 95 %.
        draws: of the bootstrap.
        people: says how far people agree on the same images; None leaves that out.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        manifest: str | Path,
        seed: int,
        confidence: float = 0.95,
        draws: int = 2000,
        people: PeopleBeside | None = None,
    ) -> None:
        self.folder = Path(folder)
        self.manifest = manifest
        self.seed, self.confidence, self.draws = seed, confidence, draws
        self.people = people

    def attach(self, engine: Engine) -> None:
        """Attach to an evaluator."""
        engine.add_event_handler(Events.COMPLETED, self)

    def __call__(self, engine: Engine) -> None:
        """Summarise, write and print."""
        state: Any = engine.state
        manifest = Manifest.load(self.manifest)
        groups = group_of_case(manifest.cases)
        groups = {score.case_id: groups[score.case_id] for score in state.case_scores}
        state.summary = summarise(
            state.case_scores, groups=groups, confidence=self.confidence, draws=self.draws, seed=self.seed
        )
        if is_rank_zero():
            write_text(self.folder / "summary.json", state.summary.to_json() + "\n")
            rules = getattr(state, "score_rules", None)
            beside = self._people([score.case_id for score in state.case_scores])
            pooled = getattr(state, "pooled", None)
            lines = [one.to_markdown() for one in (state.summary, pooled) if one is not None]
            lines += [said for said in (rules, beside) if said]
            write_text(self.folder / "summary.md", "\n\n".join(lines) + "\n")
            console = Console()
            console.print(state.summary)
            if pooled is not None:
                console.print(pooled)
            for said in filter(None, (rules, beside)):
                console.print(said, markup=False, highlight=False)

    def _people(self, case_ids: Sequence[str]) -> str | None:
        if self.people is None:
            return None
        try:
            return self.people(self.folder, case_ids)
        except DermasegError as error:
            # the figures of an evaluation are not thrown away for a comparison
            logger.warning("No comparison with people: %s", error)
            return None
