"""The prediction folder: masks, maps, overlays and a row per image, at the size of the original."""

from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from ignite.engine import Engine, Events
from rich.console import Console

from dermaseg_monai.engines.distributed import from_all_ranks, is_rank_zero
from dermaseg_monai.engines.earlier_prediction import require_replaceable
from dermaseg_monai.engines.finite import require_finite
from dermaseg_monai.engines.prediction_record import (
    done_row,
    failed_row,
    prediction_words,
    remove_record,
    write_record,
)
from dermaseg_monai.engines.samples import channel, file_of, samples
from dermaseg_monai.engines.stems import file_stem
from dermaseg_monai.errors import ConfigError, ImageError, WeightsError
from dermaseg_monai.images import is_volume, overlay, read_image, write_mask, write_probability, write_rgb
from dermaseg_monai.metrics import ProbabilitySums

_HEADS = ("uncertainty", "boundary")


class PredictionFolder:
    """Evaluator handler: writes one prediction folder per run of the evaluator.

    `masks/`, `probabilities/`, `uncertainty/` and `boundary/` (where the output holds these maps), `overlays/` (the
    photograph with the outline), `cases.csv` (one row per image, with the Dice that its mask can expect,
    `predicted_dice`; those that failed with their reason, those that were scored with their scores) and `run.json`. An
    image that could be read at first and can no longer costs its row too, unless it is scored (`finish`). A file is
    named by its case id, made harmless. Every file appears whole or not at all, the table and `run.json` last.

    Args:
        folder: where to write; made when it is not there.
        threshold: a pixel is lesion where the probability is at least this.
        weights: the weights file, for run.json.
        manifest: of the cases, if there is one; a folder with a prediction of another is refused.
        about: names with values (manifest digest, split, ...) for run.json.
        images: the list that is predicted; its `failures` (case_id, path, reason each) get a row too.
        overlays: False leaves the overlays out.
        pred_key: key of the probability in the engine's output.
        waiting: so many cases may wait to be written while the network goes on; fewer need less memory.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        threshold: float,
        weights: str | Path | None = None,
        manifest: str | Path | None = None,
        about: Mapping[str, Any] | None = None,
        images: Sequence[Any] = (),
        overlays: bool = True,
        pred_key: str = "pred",
        waiting: int = 16,
    ) -> None:
        self.folder, self.threshold = Path(folder), threshold
        self.weights, self.manifest, self.about = weights, manifest, dict(about or {})
        self.images, self.failures = images, getattr(images, "failures", ())
        self.overlays, self.pred_key, self.waiting = overlays, pred_key, waiting
        self._pool: ThreadPoolExecutor | None = None
        self._waiting: deque[tuple[str, str, Future[dict[str, Any]]]] = deque()
        self._rows: list[dict[str, Any]] = []
        self._unreadable: list[dict[str, Any]] = []
        self._begun = False

    def attach(self, engine: Engine) -> None:
        """Attach to an evaluator that decollates and restores the original grid.

        Raises:
            ConfigError: the folder holds another prediction (`require_replaceable`). It is said here, before a tracker
                begins a run and writes its own run.json into the folder.
        """
        self.require_replaceable()
        engine.add_event_handler(Events.STARTED, self.start)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self)
        engine.add_event_handler(Events.COMPLETED, self.finish)

    def require_replaceable(self) -> None:
        """Refuse to write over a prediction of other weights, another manifest or other cases.

        Raises:
            ConfigError: names what is there and what would come.
        """
        ids = [str(sample["case_id"]) for sample in self.images]
        case_ids = [*ids, *(one.case_id for one in self.failures)] if ids else []
        require_replaceable(self.folder, case_ids=case_ids, weights=self.weights, manifest=self.manifest)

    def start(self) -> None:
        """Start with no rows; a few threads write while the network goes on."""
        self._pool, self._waiting = ThreadPoolExecutor(max_workers=4), deque()
        self._rows, self._unreadable = [], []
        self._begun = False

    def __call__(self, engine: Engine) -> None:
        """Write the cases of one batch.

        Raises:
            ConfigError: there is no prediction, or it does not lie on the grid of its image.
            DataError: a file cannot be written.
        """
        assert self._pool is not None, "an engine fires STARTED first"  # noqa: S101
        if not self._begun and is_rank_zero():  # what fails before this has written over nothing
            remove_record(self.folder)
        self._begun = True
        for sample, result in samples(engine):
            if self.pred_key not in result:
                raise ConfigError(
                    f"PredictionFolder finds no {self.pred_key!r} in the output; it has {', '.join(result)}."
                )
            case_id, image = str(sample["case_id"]), file_of(sample, "image")
            if sample.get("failure"):  # the pixels are another's (data.StandInDataset)
                self._unreadable.append(failed_row(case_id, image, sample["failure"]))
                continue
            maps = {key: channel(result[key]) for key in (self.pred_key, *_HEADS) if key in result}
            self._waiting.append((case_id, image, self._pool.submit(self._write_case, case_id, image, maps)))
        self._collect(self.waiting)

    def finish(self, engine: Engine) -> None:
        """Write the table and `run.json`, and say what was done; a case that the network answers with NaN costs a row.

        Raises:
            WeightsError: it answers every case so, or one that was scored, whose score would be of an empty mask.
            ImageError: no image, or one that was scored, could still be read.
        """
        self._collect(0)
        if self._pool is not None:
            self._pool.shutdown()
        rows = {row["case_id"]: row for row in from_all_ranks(self._rows)}
        scores = getattr(engine.state, "case_scores", ())
        broken = [row for row in rows.values() if row["status"] == "failed"]
        if broken and (scores or len(broken) == len(rows)):
            raise WeightsError(broken[0]["reason"])
        unreadable = from_all_ranks(self._unreadable)
        if unreadable and (scores or not rows):
            raise ImageError(unreadable[0]["reason"])
        rows = {row["case_id"]: row for row in unreadable} | rows
        for one in self.failures:
            rows[one.case_id] = failed_row(one.case_id, one.path, one.reason)
        for score in scores:
            rows[score.case_id] |= {key: value for key, value in asdict(score).items() if value is not None}
        if is_rank_zero():
            write_record(
                self.folder,
                rows,
                failed=sum(row["status"] == "failed" for row in rows.values()),
                threshold=self.threshold,
                weights=self.weights,
                about=self.about,
            )
            words = prediction_words(self.folder, rows, weights=self.weights)
            Console().print(words, markup=False, highlight=False, soft_wrap=True)

    def _collect(self, allowed: int) -> None:
        while len(self._waiting) > allowed:
            case_id, image, written = self._waiting.popleft()
            try:
                self._rows.append(written.result())
            except ImageError as error:  # gone since the network saw it
                self._unreadable.append(failed_row(case_id, image, str(error)))

    def _write_case(self, case_id: str, image: str, maps: dict[str, np.ndarray]) -> dict[str, Any]:
        try:
            for values in maps.values():
                require_finite(values, case_id=case_id, weights=self.weights)
        except WeightsError as error:
            return failed_row(case_id, image, str(error))
        probability = maps[self.pred_key]
        mask = probability >= self.threshold
        picture = read_image(image) if is_volume(image) or self.overlays else None
        if picture is not None and picture.pixels.shape[: mask.ndim] != mask.shape:
            found = f"Case {case_id}: the prediction has {mask.shape} px, the image {picture.pixels.shape[: mask.ndim]}"
            raise ConfigError(
                f"{found}. Put dermaseg_monai.data.RestoreGridd (volumes: ToNotedGridd) in the postprocessing."
            )
        name = file_stem(case_id) + (".nii.gz" if is_volume(image) else ".png")
        write_mask(self.folder / "masks" / name, mask, like=picture)
        write_probability(self.folder / "probabilities" / name, probability, like=picture)
        for head in _HEADS:
            if head in maps:
                write_probability(self.folder / head / name, maps[head], like=picture)
        if picture is not None and not is_volume(image):
            write_rgb(self.folder / "overlays" / name, overlay(picture.pixels, mask))
        sums = ProbabilitySums.of(probability, threshold=self.threshold)
        return done_row(case_id, image, name, shape=mask.shape, sums=sums)
