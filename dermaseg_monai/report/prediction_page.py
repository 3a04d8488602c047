"""A prediction of photographs as one HTML page, for who has just run it: what failed, and what to look at first."""

import logging
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from dermaseg_monai.errors import DermasegError
from dermaseg_monai.files import write_text
from dermaseg_monai.manifest.threads import in_threads
from dermaseg_monai.metrics.case_row import CaseRow
from dermaseg_monai.metrics.case_rows import read_rows
from dermaseg_monai.metrics.quality_row import read_quality_rows
from dermaseg_monai.report.html import html_page
from dermaseg_monai.report.prediction_card import STYLE, card_html
from dermaseg_monai.report.prediction_picture import UNCERTAINTY
from dermaseg_monai.report.prediction_sections import (
    about_html,
    failed_html,
    numbers_html,
    pictures_html,
    rest_html,
    style,
)
from dermaseg_monai.report.predictions import read_run

logger = logging.getLogger(__name__)

SHOWN: Final = 100
"""So many photographs have their pictures in the page (some 4 MB), the least sure first; a table has the others."""


class PredictionPage:
    """Evaluator handler: writes `index.html` into a prediction folder of photographs and says where it is.

    Stands after PredictionFolder, whose table it reads. Evaluations have `dermaseg panels` instead, which shows the
    references too; volumes have no page: two slices would hide the third dimension, so their masks are opened in a
    viewer of NIfTI. A page that cannot be written costs a warning: the prediction beside it is whole.

    Args:
        folder: of the prediction.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def attach(self, engine: Any) -> None:  # noqa: ANN401 (ignite's Engine, see below)
        """Attach to an evaluator, after its PredictionFolder."""
        from ignite.engine import Events  # noqa: PLC0415 (ignite imports torch, which other pages do without)

        engine.add_event_handler(Events.COMPLETED, self)

    def __call__(self, _engine: Any) -> None:  # noqa: ANN401
        """Write the page on rank 0."""
        from dermaseg_monai.engines.distributed import is_rank_zero  # noqa: PLC0415

        if is_rank_zero():
            self.write()

    def write(self) -> None:
        """Write the page and say where it is, or warn that there is none."""
        try:
            page = write_prediction_page(self.folder)
        except DermasegError as error:
            logger.warning("No page was written; the prediction in %s is whole. %s", self.folder, error)
            return
        words = f"Open {page} in a browser: every outline, the least sure first."
        Console().print(words, markup=False, highlight=False, soft_wrap=True)


def write_prediction_page(folder: str | Path) -> Path:
    """Write index.html into a prediction folder of photographs and return its path; alone it shows the first 100.

    A photograph whose overlay, map or mask cannot be read costs that picture. Nothing of a file's metadata is in it.

    Raises:
        DataError: it is no prediction folder, or the page cannot be written.
    """
    root = Path(folder)
    rows, run = _with_quality(root), read_run(root)
    failed = [row for row in rows if row.file is None]
    predicted = sorted((row for row in rows if row.file is not None), key=lambda row: row.doubt)
    sections = [about_html(run, predicted=len(predicted), failed=len(failed)), *failed_html(failed)]
    if predicted:
        two = " two" if (root / UNCERTAINTY).is_dir() else ""
        sections.append(f"<h2>Predicted ({len(predicted):,})</h2>")
        agree = any("member_dice" in row.scores for row in predicted)
        sections += [*pictures_html(root), numbers_html(root, agree=agree)]
        cards = in_threads(partial(card_html, folder=root), predicted[:SHOWN], title="Drawing the page")
        sections.append(f"<div class='cases{two}'>{''.join(cards)}</div>")
        sections += rest_html(predicted[SHOWN:], folder=root, shown=SHOWN)
    path = root / "index.html"
    write_text(path, html_page("Predicted outlines", sections, style=STYLE + style()))
    return path


def _with_quality(folder: Path) -> list[CaseRow]:
    """Return the rows with what `dermaseg quality` says of them, where it was asked."""
    found = read_quality_rows(folder)
    return [
        replace(row, scores={**row.scores, "dice_at_least": found[row.case_id].dice_at_least})
        if row.case_id in found
        else row
        for row in read_rows(folder)
    ]
