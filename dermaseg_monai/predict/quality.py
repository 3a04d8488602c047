"""What the predicted Dice of a prediction is worth, learned from an evaluation of the same network."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from dermaseg_monai.assurance import DiceBound
from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.files import remove, write_json
from dermaseg_monai.metrics.case_row import CaseRow
from dermaseg_monai.metrics.quality_row import QUALITY_TABLE, QualityRow, write_quality_rows

_RECORD: Final = "quality.json"
_PREDICTED: Final = "predicted_dice"
_ROUNDING: Final = 1e-9


def require_scored(folder: Path, rows: Iterable[CaseRow]) -> list[CaseRow]:
    """Return the `scored_rows` of an evaluation that is learned from.

    Args:
        folder: of the evaluation, for the error message.
        rows: of its `cases.csv`.

    Raises:
        DataError: there is none.
    """
    scored = scored_rows(rows)
    if not scored:
        raise DataError(
            f"{folder} was not scored against references, so nothing can be learned from it. Give --calibration a "
            "folder that an evaluation wrote (python -m monai.bundle run evaluating)."
        )
    return scored


def learn_bound(folder: Path, rows: Sequence[CaseRow], groups: Mapping[str, str], *, confidence: float) -> DiceBound:
    """Return the bound that an evaluation gives.

    Args:
        folder: of the evaluation, for error messages.
        rows: those of `require_scored`.
        groups: case id to lesion or patient, of every case.
        confidence: share of photographs for which the bound holds, in (0, 1).

    Raises:
        DataError: there are too few photographs, or one that the groups do not know.
    """
    if strange := [row.case_id for row in rows if row.case_id not in groups]:
        raise DataError(f"Case {strange[0]} of {folder} is not in its manifest. Give the right one: --manifest FILE.")
    return DiceBound.fit(
        [row.scores[_PREDICTED] for row in rows],
        [row.scores["dice"] for row in rows],
        [groups[row.case_id] for row in rows],
        confidence=confidence,
    )


def scored_rows(rows: Iterable[CaseRow]) -> list[CaseRow]:
    """Return the photographs that were predicted and compared with a reference."""
    return [row for row in rows if {"dice", _PREDICTED} <= row.scores.keys()]


def require_same_network(run: Mapping[str, Any], other: Mapping[str, Any], folders: tuple[Path, Path]) -> None:
    """Refuse to use what was learned of one network, or one threshold, for another.

    Args:
        run: `run.json` of the prediction.
        other: `run.json` of the evaluation that is learned from.
        folders: of the two.

    Raises:
        ConfigError: they differ, or do not say which network drew them.
    """
    here, there = (_networks(one) for one in (run, other))
    if not here or not there:
        silent = folders[0] if not here else folders[1]
        raise ConfigError(f"{silent / 'run.json'} does not say which weights were used. Predict again with a bundle.")
    if list(here) != list(there):
        found = f"{folders[0]} was predicted with {_names(here)}, {folders[1]} with {_names(there)}"
        advice = "Evaluate the same network: python -m monai.bundle run evaluating --weights FILE."
        if len(here) > 1:
            advice = "Evaluate each of its networks and average the evaluations: dermaseg ensemble ... --out FOLDER."
        raise ConfigError(f"{found}. {advice}")
    if run.get("threshold") != other.get("threshold"):
        found = f"{folders[0]} has the threshold {run.get('threshold')}, {folders[1]} {other.get('threshold')}"
        raise ConfigError(f"{found}. Evaluate with --threshold {run.get('threshold')}.")


def require_unseen(run: Mapping[str, Any], folder: Path) -> None:
    """Refuse to learn from photographs that the network was trained on, which an evaluation with allow_leaks scores.

    Raises:
        ConfigError: says how many there are.
    """
    if seen := max(map(_seen, _members(run))):
        raise ConfigError(
            f"{seen} cases of {folder} were seen in the training of its network, so Dice is too high there. "
            "Evaluate photographs that it does not know, without --allow_leaks."
        )


def write_quality(folder: Path, rows: Sequence[CaseRow], bound: DiceBound, *, learned_from: str) -> None:
    """Write `quality.json`, which says what was learned from what, and `quality.csv`, a row per predicted photograph.

    A table beside a record of something else would be read wrongly: an earlier one goes first.

    Raises:
        DataError: a file cannot be written.
    """
    found = [
        QualityRow(row.case_id, promised, round(bound.expected(promised), 2), _floored(bound.at_least(promised)))
        for row in rows
        if (promised := row.scores.get(_PREDICTED)) is not None
    ]
    remove(folder / QUALITY_TABLE)
    write_json(folder / _RECORD, {"schema": 1, "learned_from": learned_from, **asdict(bound)})
    write_quality_rows(folder, found)


def _floored(bound: float) -> float:
    # two digits are what a person is told, and a bound that is rounded up promises too much
    return math.floor(100 * bound + _ROUNDING) / 100


def _members(run: Mapping[str, Any]) -> list[Any]:
    """Return what is said of each network of a mean, or of the one."""
    about = run.get("about")
    members = about.get("members") if isinstance(about, Mapping) else None
    return members if isinstance(members, list) and members else [run]


def _seen(said: Any) -> int:  # noqa: ANN401 (whatever stands there)
    for key in ("about", "seen_in_training", "cases"):
        said = said.get(key) if isinstance(said, Mapping) else None
    return said if isinstance(said, int) else 0


def _networks(run: Mapping[str, Any]) -> dict[str, str]:
    """Return sha256 to file name of the weights, sorted; of all members of a mean."""
    weights: list[Any] = [one.get("weights") if isinstance(one, Mapping) else None for one in _members(run)]
    if not all(isinstance(one, Mapping) and one.get("sha256") for one in weights):
        return {}
    return dict(sorted((str(one["sha256"]), Path(str(one.get("path", "weights"))).name) for one in weights))


def _names(networks: Mapping[str, str]) -> str:
    return ", ".join(f"{name} (sha256 {digest[:12]})" for digest, name in networks.items())
