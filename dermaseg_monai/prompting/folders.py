"""A prediction folder per kind of prompt, and one table of all prompts."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ignite.engine import Engine, Events

from dermaseg_monai.cells import plain_row
from dermaseg_monai.engines import CaseScorer, PredictionFolder
from dermaseg_monai.engines.samples import samples
from dermaseg_monai.files import make_folder, write_rows
from dermaseg_monai.metrics import CaseScore
from dermaseg_monai.prompting.inferer import IOU_SUFFIX
from dermaseg_monai.prompting.prompt import ORIGIN_NOTES, Prompt
from dermaseg_monai.prompting.prompter import Prompter
from dermaseg_monai.prompting.sam import Sam
from dermaseg_monai.prompting.scoring import KindScores, Scoring

_COLUMNS = ("prompt", "origin", "prompt_found", "predicted_iou")
_WAITING = 1  # of every kind: eight of them would hold much memory otherwise


class PromptFolders:
    """Evaluator handler: writes `<folder>/<name>/`, a prediction folder per kind of prompt, and `<folder>/prompts.csv`.

    Name, `cases.csv` and `run.json` of every folder say whether its prompt was `given` (made from the reference mask)
    or `automatic`. `prompts.csv` has a row per case and kind: the box (x is the column) and the points in pixels of the
    photograph, whether they were found, the IoU that SAM predicted and the Jaccard that came out.
    `engine.state.kind_scores` holds one KindScores per kind.

    Args:
        folder: where to write.
        prompter: whose prompts were used.
        sam: the network, for run.json.
        images: the list of cases; its `failures` get a row in every cases.csv.
        split: for run.json.
        scoring: how to score.
        overlays: False leaves out the photographs with outlines.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        prompter: Prompter,
        sam: Sam,
        images: Sequence[Any],
        split: str,
        scoring: Scoring,
        overlays: bool = True,
    ) -> None:
        self.folder, self.prompter = Path(folder), prompter
        self._scorers: dict[str, CaseScorer] = {kind.name: scoring.scorer(kind.name) for kind in prompter.kinds}
        self._folders = {
            kind.name: PredictionFolder(
                self.folder / kind.name,
                threshold=scoring.threshold,
                weights=sam.weights,
                about={
                    "split": split,
                    "prompt": kind.name,
                    "origin": kind.origin,
                    "origin_note": ORIGIN_NOTES[kind.origin],
                    "without_prompt": prompter.without_prompt,
                    "checkpoint": sam.checkpoint,
                    "fit": type(sam.fit).__name__,
                    "multimask": sam.multimask,
                },
                images=images,
                overlays=overlays,
                pred_key=kind.name,
                waiting=_WAITING,
            )
            for kind in prompter.kinds
        }
        self._predicted_iou: dict[tuple[str, str], float | None] = {}

    def attach(self, engine: Engine) -> None:
        """Attach to an evaluator that decollates and whose inferer is a PromptInferer.

        Raises:
            ConfigError: a folder holds another prediction.
        """
        for folder in self._folders.values():
            folder.require_replaceable()
        engine.add_event_handler(Events.STARTED, self.start)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self)
        engine.add_event_handler(Events.COMPLETED, self.finish)

    def start(self) -> None:
        """Start with no rows.

        Raises:
            DataError: the folder cannot be made, which is better said before hours of work.
        """
        make_folder(self.folder)
        self._predicted_iou = {}
        for name, folder in self._folders.items():
            self._scorers[name].forget()
            folder.start()

    def __call__(self, engine: Engine) -> None:
        """Score and write the case of one batch, for every kind."""
        for name, folder in self._folders.items():
            self._scorers[name](engine)
            folder(engine)
            for sample, result in samples(engine):
                iou = float(result[name + IOU_SUFFIX])
                self._predicted_iou[name, str(sample["case_id"])] = iou if iou == iou else None  # noqa: PLR0124 (NaN)

    def finish(self, engine: Engine) -> None:
        """Write the tables."""
        state: Any = engine.state
        state.kind_scores = []
        for kind in self.prompter.kinds:
            self._scorers[kind.name].gather(engine)
            self._folders[kind.name].finish(engine)
            scores: list[CaseScore] = list(state.case_scores)
            without = sum(not self.prompter.made[score.case_id][kind.name].found for score in scores)
            state.kind_scores.append(KindScores(kind.name, kind.origin, scores, without))
            label = {score.case_id: self._labels(kind.name, kind.origin, score.case_id) for score in scores}
            _add_columns(self.folder / kind.name / "cases.csv", label, {"prompt": kind.name, "origin": kind.origin})
        write_rows(self.folder / "prompts.csv", self._prompt_rows(state.kind_scores))

    def _labels(self, name: str, origin: str, case_id: str) -> dict[str, Any]:
        found = self.prompter.made[case_id][name].found
        iou = self._predicted_iou[name, case_id]
        values = (name, origin, str(found).lower(), "" if iou is None else round(iou, 6))
        return dict(zip(_COLUMNS, values, strict=True))

    def _prompt_rows(self, kinds: Sequence[KindScores]) -> list[dict[str, Any]]:
        rows = [
            {"case_id": score.case_id}
            | self._labels(kind.name, kind.origin, score.case_id)
            | _geometry(self.prompter.made[score.case_id][kind.name])
            | {"jaccard": score.jaccard}
            for kind in kinds
            for score in kind.scores
        ]
        return sorted(rows, key=lambda row: row["case_id"])


def _geometry(prompt: Prompt) -> dict[str, Any]:
    corners = prompt.box_px or ("", "", "", "")
    box = dict(zip(("x0_px", "y0_px", "x1_px", "y1_px"), corners, strict=True))
    return box | {"points_px": "; ".join(f"{x:g} {y:g}" for x, y in prompt.points_px)}


def _add_columns(path: Path, by_case: Mapping[str, Mapping[str, Any]], otherwise: Mapping[str, Any]) -> None:
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [plain_row(row) for row in csv.DictReader(stream)]
    columns = [*(rows[0] if rows else ()), *_COLUMNS]
    write_rows(path, [{**row, **by_case.get(row["case_id"], otherwise)} for row in rows], columns)
