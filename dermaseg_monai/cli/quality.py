"""`dermaseg quality`: how low Dice may be where nobody has drawn a reference."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from dermaseg_monai.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dermaseg_monai.assurance import DiceBound
    from dermaseg_monai.manifest import Case
    from dermaseg_monai.metrics.case_row import CaseRow

_TRUSTED: Final = 0.65
"""Threshold Jaccard calls an outline below this useless; here it is Dice, the milder of the two."""


def quality(
    predictions: Annotated[Path, typer.Argument(help="Prediction folder.")],
    calibration: Annotated[
        Path, typer.Option(help="Evaluation of the same network, on photographs like these that people have outlined.")
    ],
    *,
    confidence: Annotated[
        float, typer.Option(min=0.5, max=0.999, help="Share of photographs for which the bound holds.")
    ] = 0.9,
    manifest: Annotated[
        Path | None,
        typer.Option(help="Manifest of the evaluation, which names lesions and patients; default: its own."),
    ] = None,
) -> None:
    """Say for every predicted photograph a lower bound of its Dice, which, by default, nine of ten photographs keep.

    Writes quality.csv and quality.json into the prediction folder, and its page again. The bound holds for photographs
    and people like those of the evaluation, over all of them together. Where the prediction itself was scored, it says
    how often the bound held.
    """
    from dermaseg_monai.manifest import group_of_case  # noqa: PLC0415
    from dermaseg_monai.metrics.case_rows import read_rows  # noqa: PLC0415
    from dermaseg_monai.predict.quality import (  # noqa: PLC0415
        learn_bound,
        require_same_network,
        require_scored,
        require_unseen,
        write_quality,
    )
    from dermaseg_monai.report import read_run, split_of  # noqa: PLC0415

    if predictions.resolve() == calibration.resolve():
        raise ConfigError(f"{predictions} cannot be judged by itself. Give another evaluation with --calibration.")
    rows, run = read_rows(predictions), read_run(predictions)
    known, learned_run = require_scored(calibration, read_rows(calibration)), read_run(calibration)
    require_same_network(run, learned_run, (predictions, calibration))
    split = split_of(learned_run) or "not recorded"
    if split == "train":
        raise ConfigError(f"{calibration} is of training images, which the network knows. Evaluate with --split val.")
    require_unseen(learned_run, calibration)
    cases = _cases(calibration, learned_run, manifest)
    bound = learn_bound(calibration, known, group_of_case(cases), confidence=confidence)
    held = _held_words(bound, rows, known, cases, run)
    write_quality(predictions, rows, bound, learned_from=f"{calibration.name}, split {split}")
    _draw_page(predictions)
    typer.echo("\n".join([*_bound_words(bound, rows, calibration), *held]))
    typer.echo(f"Wrote {predictions / 'quality.csv'}")


def _cases(folder: Path, run: "Mapping[str, Any]", manifest: Path | None) -> "Sequence[Case]":
    from dermaseg_monai.cli.folder_data import data_of  # noqa: PLC0415
    from dermaseg_monai.manifest import Manifest  # noqa: PLC0415

    own = data_of(run.get("config"))
    if manifest is None and own is None:
        raise ConfigError(f"{folder / 'run.json'} does not say which cases were evaluated. Give --manifest FILE.")
    place = manifest or (own or (Path(), Path()))[0]
    return Manifest.load(place).cases


def _draw_page(folder: Path) -> None:
    from dermaseg_monai.report import PredictionPage  # noqa: PLC0415

    if (folder / "index.html").is_file():
        PredictionPage(folder).write()


def _bound_words(bound: "DiceBound", rows: "Sequence[CaseRow]", calibration: Path) -> list[str]:
    promised = {row.case_id: row.scores["predicted_dice"] for row in rows if "predicted_dice" in row.scores}
    low = sorted((bound.at_least(value), case_id) for case_id, value in promised.items())
    below = [case_id for value, case_id in low if value < _TRUSTED]
    learned = f"{bound.cases} photographs of {bound.groups} lesions or patients in {calibration}"
    share = f"{100 * bound.confidence:g} % of photographs like those"
    lines = [f"Learned from {learned}: Dice is at least what quality.csv says in {share}."]
    named = f", first {', '.join(below[:3])}" if below else ""
    lines.append(f"It may be below {_TRUSTED} in {len(below)} of {len(promised)} photographs{named}.")
    return lines


def _held_words(
    bound: "DiceBound",
    rows: "Sequence[CaseRow]",
    learned: "Sequence[CaseRow]",
    learned_cases: "Sequence[Case]",
    run: "Mapping[str, Any]",
) -> list[str]:
    from dermaseg_monai.cli.folder_data import data_of  # noqa: PLC0415
    from dermaseg_monai.manifest import Manifest, group_of_case  # noqa: PLC0415
    from dermaseg_monai.predict.bound_check import check_bound  # noqa: PLC0415
    from dermaseg_monai.predict.quality import scored_rows  # noqa: PLC0415

    scored = scored_rows(rows)
    if not scored:
        return []
    own = data_of(run.get("config"))
    groups = group_of_case([*learned_cases, *Manifest.load(own[0]).cases]) if own and own[0].is_file() else {}
    if strange := [row.case_id for row in scored if row.case_id not in groups]:
        return [f"These photographs were scored; how often it held is not said: {strange[0]} is in no manifest here."]
    return check_bound(bound, scored, groups, [row.case_id for row in learned]).words
