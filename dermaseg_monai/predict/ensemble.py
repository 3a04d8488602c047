"""The mean of what several networks predicted."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import numpy as np

from dermaseg_monai.arrays import BoolMask, Probability, RgbImage
from dermaseg_monai.engines.earlier_prediction import require_replaceable
from dermaseg_monai.engines.prediction_record import PARTS, Row, done_row, failed_row, remove_record, write_record
from dermaseg_monai.errors import ConfigError, DataError, DermasegError
from dermaseg_monai.files import remove, write_text
from dermaseg_monai.images import (
    is_volume,
    overlay,
    read_image,
    read_probability,
    write_mask,
    write_probability,
    write_rgb,
)
from dermaseg_monai.manifest.threads import in_threads
from dermaseg_monai.metrics import CaseScore, ProbabilitySums, Summary, overlap, summarise
from dermaseg_monai.predict.member import PROBABILITIES, Member, require_apart
from dermaseg_monai.predict.reference import Reference

_MAPS: Final = ("uncertainty", "boundary")
_SUMMARIES: Final = ("summary.json", "summary.md")
_CONFIDENCE, _DRAWS, _SEED = 0.95, 2000, 0


@dataclass(frozen=True)
class Ensemble:
    """What `average_predictions` did.

    Attributes:
        rows: case id to row of `cases.csv`.
        failed: case id to reason of those without a mean.
        summary: the scores, None where the members were not scored.
    """

    rows: dict[str, Row]
    failed: dict[str, str]
    summary: Summary | None


@dataclass(frozen=True)
class _Case:
    row: Row
    score: CaseScore | None = None
    reason: str | None = None


def average_predictions(
    members: Sequence[Member],
    out: Path,
    *,
    threshold: float | None,
    reference: Reference | None,
    photographs: Mapping[str, Path],
) -> Ensemble:
    """Write the prediction folder whose probabilities are the mean of those of several networks.

    Each pixel's probability is p = (p_1 + ... + p_k) / k, and it is lesion where p is at least `threshold`; maps of
    uncertainty and boundary are averaged likewise where every member has them. `cases.csv` has a column
    `member_dice`, the mean Dice between the members' own masks (1 where all are empty; Roy et al. 2019,
    doi:10.1016/j.neuroimage.2019.03.042, who sample one network). A case that fails gets a row that says why, and no
    file, also none of an earlier mean in `out`. Scores are those of the mean, not the mean of scores.

    Args:
        members: prediction folders of the same cases (`open_members`), of any networks, bundles and image sizes.
        out: where to write; not one of them.
        threshold: from 0 to 1; None takes that of the members.
        reference: scores the mean; None where there is nothing to compare with.
        photographs: case id to file, of the cases that get an overlay.

    Raises:
        ConfigError: a member or another prediction would be written over, or their thresholds differ.
        DataError: a case of a scored ensemble failed (its mean would be of other cases), or a file cannot be written.
    """
    require_apart(out, members)
    require_mean_replaceable(out, members, reference)
    cut = _threshold(members) if threshold is None else threshold
    maps = [name for name in _MAPS if all(member.has(name) for member in members)]
    remove_record(out)

    def one(case_id: str) -> _Case:
        try:
            photograph = photographs.get(case_id)
            return _average_case(
                case_id, members, out, maps=maps, threshold=cut, reference=reference, photograph=photograph
            )
        except DermasegError as error:
            return _Case(failed_row(case_id, members[0].rows[case_id].image, str(error)), reason=str(error))

    ids = list(members[0].rows)
    cases = dict(zip(ids, in_threads(one, ids, title="averaging"), strict=True))
    failed = {case_id: case.reason for case_id, case in cases.items() if case.reason is not None}
    rows = {case_id: case.row for case_id, case in cases.items()}
    about = {"members": [_said(member) for member in members], **({} if reference is None else reference.about)}
    config = None if reference is None else reference.config
    write_record(out, rows, failed=len(failed), threshold=cut, weights=None, about=about, config=config)
    _remove_empty_parts(out)
    summary = _summary(out, [case.score for case in cases.values() if case.score is not None], failed, reference)
    return Ensemble(rows, failed, summary)


def require_mean_replaceable(out: Path, members: Sequence[Member], reference: Reference | None) -> None:
    """Refuse to write a mean over a prediction of anything else.

    Raises:
        ConfigError: names what is there and what would come.
    """
    require_replaceable(
        out,
        case_ids=members[0].rows,
        members=[member.folder for member in members],
        manifest=None if reference is None else reference.manifest,
    )


def _average_case(
    case_id: str,
    members: Sequence[Member],
    out: Path,
    *,
    maps: Sequence[str],
    threshold: float,
    reference: Reference | None,
    photograph: Path | None,
) -> _Case:
    """Read and score everything before the first file is written, so that a case that fails leaves none."""
    paths = [member.path(PROBABILITIES, case_id) for member in members]
    own = [read_probability(path) for path in paths]
    mean = _mean(own, paths)
    mask = mean >= threshold
    name = paths[0].name
    row = done_row(
        case_id,
        members[0].rows[case_id].image,
        name,
        shape=mask.shape,
        sums=ProbabilitySums.of(mean, threshold=threshold),
    )
    row["member_dice"] = round(_member_dice([one >= threshold for one in own]), 6)
    del own  # of up to 100 million pixels each, before the maps come
    drawn = None if photograph is None else _drawn(photograph, mask)
    averaged = {PROBABILITIES: mean}
    for kind in maps:
        files = [member.path(kind, case_id) for member in members]
        averaged[kind] = _mean([read_probability(file) for file in files], files)
    score = None if reference is None else reference.score(case_id, mask)
    like = read_image(paths[0]) if is_volume(name) else None
    write_mask(out / "masks" / name, mask, like=like)
    for kind, values in averaged.items():
        write_probability(out / kind / name, values, like=like)
    if drawn is not None:
        write_rgb(out / "overlays" / name, drawn)
    written = {"masks", *averaged} | (set() if drawn is None else {"overlays"})
    for kind in set(PARTS) - written:  # of an earlier mean in this folder
        remove(out / kind / name)
    if score is None:
        return _Case(row)
    return _Case(row | {key: value for key, value in asdict(score).items() if value is not None}, score)


def _remove_empty_parts(out: Path) -> None:
    """Remove the sub-folders without a file: `Member.has` takes one that is there for a map of every case."""
    for folder in (out / kind for kind in PARTS):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _drawn(photograph: Path, mask: BoolMask) -> RgbImage:
    rgb = read_image(photograph).pixels
    if rgb.shape[:2] != mask.shape:
        raise DataError(
            f"{photograph} has {rgb.shape[:2]} px, its prediction {mask.shape}. Give the pictures predicted"
        )
    return overlay(rgb, mask)


def _mean(maps: Sequence[Probability], paths: Sequence[Path]) -> Probability:
    total = np.zeros(maps[0].shape, dtype=np.float64)
    for values, path in zip(maps, paths, strict=True):
        if values.shape != total.shape:
            found = f"{paths[0]} has {total.shape} px, {path} {values.shape}"
            raise DataError(f"{found}. Predict the same pictures with every network")
        total += values
    return (total / len(maps)).astype(np.float32)


def _member_dice(masks: Sequence[BoolMask]) -> float:
    pairs = [overlap.dice(overlap.counts(*pair), both_empty=1.0) for pair in combinations(masks, 2)]
    return sum(pairs) / len(pairs)


def _threshold(members: Sequence[Member]) -> float:
    said = {str(member.folder): member.run.get("threshold") for member in members}
    found = set(said.values())
    if len(found) == 1 and isinstance(one := found.pop(), int | float):
        return float(one)
    words = ", ".join(f"{folder} {value}" for folder, value in said.items())
    raise ConfigError(f"The thresholds of the predictions are not one: {words}. Give one: --threshold 0.5.")


def _said(member: Member) -> dict[str, Any]:
    kept: Mapping[str, Any] = {key: member.run.get(key) for key in ("weights", "run_id", "about")}
    return {"folder": str(member.folder.resolve()), **{key: value for key, value in kept.items() if value is not None}}


def _summary(
    out: Path, scores: Sequence[CaseScore], failed: Mapping[str, str], reference: Reference | None
) -> Summary | None:
    if reference is None:
        return None
    if failed:
        case_id, reason = next(iter(failed.items()))
        raise DataError(
            f"{len(failed)} of {len(failed) + len(scores)} cases have no mean, first {case_id}: {reason.rstrip('.')}. "
            "Scores would be of other cases than the members', so none are given; "
            f"{out / 'cases.csv'} has the rows. Predict again."
        )
    summary = summarise(scores, groups=reference.groups, confidence=_CONFIDENCE, draws=_DRAWS, seed=_SEED)
    for name, text in zip(_SUMMARIES, (summary.to_json(), summary.to_markdown()), strict=True):
        write_text(out / name, f"{text}\n")
    return summary
