"""Every case under every stressor at every strength."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from dermaseg_monai.assurance.disturbance import disturbed
from dermaseg_monai.assurance.evaluation import Evaluation
from dermaseg_monai.assurance.ledger import Ledger
from dermaseg_monai.assurance.photograph import Photograph, PhotographReader
from dermaseg_monai.assurance.stress_row import UNDISTURBED, StressRow
from dermaseg_monai.data.stressors import Stressor
from dermaseg_monai.engines.time_left import TimeLeft
from dermaseg_monai.errors import DataError, DermasegError
from dermaseg_monai.manifest import Case


@dataclass(frozen=True)
class Step:
    """One stressor at one of its strengths; the undisturbed photographs are a step without stressor."""

    stressor: Stressor | None
    number: int
    level: float | None

    @property
    def name(self) -> str:
        """The stressor's name, `none` without one."""
        return UNDISTURBED if self.stressor is None else self.stressor.name

    def applied(self, photograph: Photograph) -> Photograph:
        """Return the photograph as this step shows it to the network."""
        if self.stressor is None or self.level is None:
            return photograph
        return disturbed(photograph, self.stressor, self.level)


def steps_of(stressors: Iterable[Stressor]) -> list[Step]:
    """Return the undisturbed step, and then each stressor from its weakest to its strongest level."""
    graded = [
        Step(stressor, number, level) for stressor in stressors for number, level in enumerate(stressor.levels, start=1)
    ]
    return [Step(None, 0, None), *graded]


class StressTest:
    """Predicts and scores cases under stressors; what is done stays done when the program is stopped.

    A case whose files cannot be read, or that a stressor or the preprocessing refuses, gets a row with the reason and
    costs nothing but itself; the next run tries it again.

    Args:
        cases: whom to disturb.
        read: reads a case.
        evaluation: predicts and scores.
        stressors: in the order in which they are applied.
        ledger: keeps the rows.
        batch_size: so many photographs are predicted at once.
    """

    def __init__(
        self,
        *,
        cases: Sequence[Case],
        read: PhotographReader,
        evaluation: Evaluation,
        stressors: Sequence[Stressor],
        ledger: Ledger,
        batch_size: int,
    ) -> None:
        self.cases, self.read, self.evaluation = tuple(cases), read, evaluation
        self.steps, self.ledger, self.batch_size = steps_of(stressors), ledger, batch_size

    def run(self) -> list[StressRow]:
        """Return the rows of all steps, in the order of the steps and of the cases.

        Raises:
            DataError: not one case can be read, or the rows cannot be written.
        """
        rows: list[StressRow] = []
        progress = TimeLeft("Stress test", len(self.steps) * len(self.cases), "photographs")
        with progress:
            for step in self.steps:
                kept = self.ledger.read(step.name, step.number, step.level) or []
                done = {row.case_id: row for row in kept if row.ok}
                progress.skip(len(done))
                found = [done[case.id] for case in self.cases if case.id in done]
                if len(found) < len(self.cases):
                    found = self._rows(step, done, progress)
                    if step.stressor is None:
                        _require_any(found)
                    self.ledger.write(found)
                rows += found
        return rows

    def _rows(self, step: Step, done: dict[str, StressRow], progress: TimeLeft) -> list[StressRow]:
        rows = dict(done)
        samples = self._samples(step, rows, progress)
        while part := list(islice(samples, self.batch_size)):
            for prediction in self.evaluation.predict(part):
                score = self.evaluation.score(prediction)
                rows[score.case_id] = StressRow.scored(score, stressor=step.name, step=step.number, level=step.level)
                progress.move(f"{step.name} {step.number}")
        return [rows[case.id] for case in self.cases]

    def _samples(self, step: Step, rows: dict[str, StressRow], progress: TimeLeft) -> Iterator[dict[str, Any]]:
        for case in [case for case in self.cases if case.id not in rows]:
            try:
                sample = self.evaluation.prepared(step.applied(self.read(case)))
            except (DermasegError, ValueError, RuntimeError) as error:  # MONAI wraps what a transform raises
                reason = " ".join(str(error).split())
                rows[case.id] = StressRow(case.id, step.name, step.number, step.level, reason=reason)
                progress.move(f"{step.name} {step.number}")
                continue
            yield sample


def _require_any(rows: Sequence[StressRow]) -> None:
    if not any(row.ok for row in rows):
        raise DataError(
            f"None of the {len(rows)} cases can be used. First: {rows[0].case_id}: {rows[0].reason} "
            "If the folder is wrong, give the one that the manifest's paths start from: --dataset-dir DIR."
        )
