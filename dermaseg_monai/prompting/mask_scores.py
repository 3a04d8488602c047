"""Masks that no prompt made, scored beside those of the prompts."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from ignite.engine import Engine, Events

from dermaseg_monai.engines.samples import channel, samples
from dermaseg_monai.metrics import CaseScore
from dermaseg_monai.prompting.mask_source import MaskSource
from dermaseg_monai.prompting.scoring import KindScores, Scoring

_WHITE = 255.0
_LESION = 0.5


class MaskScores:
    """Evaluator handler: adds one KindScores per source to `engine.state.kind_scores`, named `automatic_<name>_mask`.

    A case for which a source has no mask is scored as an empty one and counted. Stands behind PromptFolders.

    Args:
        sources: our own network's masks, the classical ones.
        scoring: how to score, the same as for the prompts.
    """

    def __init__(self, sources: Sequence[MaskSource], *, scoring: Scoring) -> None:
        self.sources, self.scoring = tuple(sources), scoring
        self._scores: dict[str, list[CaseScore]] = {}
        self._without: dict[str, int] = {}

    def attach(self, engine: Engine) -> None:
        """Attach to an evaluator that decollates."""
        engine.add_event_handler(Events.STARTED, self.start)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self)
        engine.add_event_handler(Events.COMPLETED, self.finish)

    def start(self) -> None:
        """Start with no rows."""
        self._scores = {source.name: [] for source in self.sources}
        self._without = dict.fromkeys(self._scores, 0)

    def __call__(self, engine: Engine) -> None:
        """Score the masks of one batch."""
        for sample, result in samples(engine):
            case_id = str(sample["case_id"])
            image = (sample["image"].numpy() * _WHITE).round().astype(np.uint8).transpose(1, 2, 0)
            label = channel(result["label"]) >= _LESION
            for source in self.sources:
                mask = source.mask(case_id, image)
                self._without[source.name] += mask is None or not mask.any()
                found = np.zeros_like(label) if mask is None else mask
                self._scores[source.name].append(self.scoring.score(found, label, case_id))

    def finish(self, engine: Engine) -> None:
        """Put the rows into the engine's state, sorted by case id."""
        state: Any = engine.state
        for name, scores in self._scores.items():
            ordered = sorted(scores, key=lambda score: score.case_id)
            without = self._without[name]
            state.kind_scores.append(KindScores(f"automatic_{name}_mask", "automatic", ordered, without))
