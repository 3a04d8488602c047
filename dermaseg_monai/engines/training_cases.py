"""What weights were trained on, written beside them, and the refusal to score them on it."""

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from dermaseg_monai.engines.claim import claim
from dermaseg_monai.engines.distributed import on_rank_zero
from dermaseg_monai.engines.training_record import (
    TRAINING_CASES,
    TrainingCase,
    read_training_cases,
    write_training_cases,
)
from dermaseg_monai.errors import LeakError, TrainingError
from dermaseg_monai.manifest import Case, Manifest, Split, require_no_near_leaks
from dermaseg_monai.manifest.canonical_name import canonical_name
from dermaseg_monai.manifest.duplicates import CROPS, WHOLE, Fingerprints, Window, fingerprint_cases, near_pairs

_KEPT: Final = (WHOLE, Window("square", 1.0))
_TIES: Final = ("id", "image", "lesion", "patient", "group")
_DIGITS: Final = 16

logger = logging.getLogger(__name__)


def record_training_cases(
    manifest: str | Path,
    dataset_dir: str | Path,
    output_dir: str | Path,
    *,
    allow_leaks: bool = False,
    initial_weights: str | Path | None = None,
    resume: str | Path | None = None,
) -> None:
    """Claim the folder and write `training_cases.csv.gz`: what a run learns from; stands in `initialize`.

    Refuses near-identical pictures on two sides first (what else two sides share `data.cases` refuses). What
    `initial_weights`, or the run that is resumed, were trained on is taken over, as far as the file beside them says.

    Raises:
        LeakError: nearly one picture stands on two sides, and `allow_leaks` is off.
        TrainingError: the run that is resumed was trained on other cases.
        ConfigError: another training works in the folder, or has.
        DataError: no such manifest, or the file cannot be written.
    """
    loaded = Manifest.load(manifest)
    if not allow_leaks:
        on_rank_zero(partial(require_no_near_leaks, loaded, dataset_dir))
    rows = training_cases(loaded, dataset_dir)
    if resume:
        _require_same_cases(rows, resume)
    for earlier in (initial_weights, resume):
        if earlier:
            rows += read_training_cases(earlier) or []

    def write() -> None:
        claim(Path(output_dir), resume)
        write_training_cases(Path(output_dir) / TRAINING_CASES, rows)

    on_rank_zero(write)


def _require_same_cases(rows: Sequence[TrainingCase], resume: str | Path) -> None:
    """Compare with what the resumed run has written; its own cases come first there, then those of earlier weights."""
    known = read_training_cases(resume) or []
    own = [row for row in known if row.manifest == known[0].manifest]
    with_masks = [row for row in own if row.masks]  # an older release did not write them
    now, before = _identities(rows, masks=bool(with_masks)), _identities(with_masks or own, masks=bool(with_masks))
    if known and (other := sorted(now ^ before)):
        split, case_id, *_ = other[0]
        number = len({one[:2] for one in other})
        raise TrainingError(
            f"{resume} was trained on other cases: {number} train or val cases are new, gone or changed (picture, or "
            f"an outline of reference or readers), first {case_id} ({split}). A resumed training goes on with its own: "
            "give its --manifest, or begin one with --initial_weights."
        )


def _identities(rows: Sequence[TrainingCase], *, masks: bool) -> set[tuple[str, ...]]:
    return {(row.split, row.id, row.image, row.masks if masks else "") for row in rows}


def training_cases(manifest: Manifest, dataset_dir: str | Path) -> list[TrainingCase]:
    """Return the training and validation cases of a manifest; a picture that cannot be read has no fingerprint."""
    cases = [case for case in manifest.cases if case.split in ("train", "val")]
    found, _ = fingerprint_cases(cases, dataset_dir, _KEPT)
    words = {
        (int(picture), int(window)): row.tobytes().hex()
        for picture, window, row in zip(found.pictures, found.windows, found.words, strict=True)
    }
    digest = manifest.digest[:_DIGITS]
    return [
        TrainingCase(
            digest,
            case.split,
            *_ties(case, manifest).values(),
            whole=words.get((at, 0), ""),
            square=words.get((at, 1), ""),
            masks=_masks(case),
        )
        for at, case in enumerate(cases)
    ]


def seen_in_training(
    weights: str | Path,
    manifest: str | Path,
    dataset_dir: str | Path,
    split: Split,
    *,
    allow_leaks: bool = False,
) -> dict[str, Any]:
    """Return how many cases of a split the weights were trained on, for run.json; stands in `initialize`.

    Compared with `training_cases.csv.gz` beside the weights: id, file, lesion, patient, group and nearly the same
    picture, also where training saw a centre crop of it. Validation cases count too, because they chose the weights,
    but not for scores on a `val` split, which say just that; nor do cases in the split of the very manifest of the
    training (scores on its `train`).
    `checked` is False where nothing stands beside the weights, which is logged.

    Raises:
        LeakError: cases were trained on, and `allow_leaks` is off.
        DataError: no such manifest or split, or the file beside the weights is damaged.
    """
    rows = read_training_cases(weights)
    if rows is None:
        logger.warning(
            "What %s was trained on is not known (no %s beside it): leaks cannot be found.", weights, TRAINING_CASES
        )
        return {"checked": False, "cases": None}
    loaded = Manifest.load(manifest)
    cases = loaded.in_split(split)
    rows = [row for row in rows if not _says_so(row, loaded, split)]
    seen = {**_near(rows, cases, dataset_dir), **_tied(rows, cases, loaded)}
    if seen and not allow_leaks:
        case_id = min(seen)
        key, row = seen[case_id]
        raise LeakError(
            f"{len(seen)} of {len(cases)} {split} cases of {loaded.name} were seen in the training of {weights}, first "
            f"{case_id}: {key} as {row.id} ({row.split}). Score on other data, take these cases out "
            "(`dermaseg data leaks` of both manifests with --gives-way test), or accept it with --allow_leaks True."
        )
    return {"checked": True, "cases": len(seen)}


def _says_so(row: TrainingCase, manifest: Manifest, split: Split) -> bool:
    return row.split == split and (split == "val" or row.manifest == manifest.digest[:_DIGITS])


def _tied(
    rows: Sequence[TrainingCase], cases: Sequence[Case], manifest: Manifest
) -> dict[str, tuple[str, TrainingCase]]:
    known: Mapping[tuple[str, str], TrainingCase] = {
        (key, value): row for row in reversed(rows) for key in _TIES if (value := getattr(row, key))
    }
    return {
        case.id: (f"same {key}", known[key, value])
        for case in cases
        # as they stand, too: files of before 2026-11-29 hold the names so
        for key, value in (*_pseudonyms(_names(case), manifest).items(), *reversed(_ties(case, manifest).items()))
        if (key, value) in known
    }


def _near(
    rows: Sequence[TrainingCase], cases: Sequence[Case], dataset_dir: str | Path
) -> dict[str, tuple[str, TrainingCase]]:
    windows = (WHOLE, *CROPS)
    found, _ = fingerprint_cases(cases, dataset_dir, windows)
    taught = list(_words(rows, windows))
    if not taught or not len(found.words):
        return {}
    words, pictures, places = zip(*taught, strict=True)
    both = Fingerprints(
        np.concatenate([found.words, np.stack(words)]),
        np.concatenate([found.pictures, np.array(pictures) + len(cases)]),
        np.concatenate([found.windows, np.array(places)]),
        windows,
    )
    sides = np.arange(len(cases) + len(rows)) >= len(cases)
    pairs = near_pairs(both, sides.astype(np.int64))
    return {
        cases[pair.first].id: ("nearly the same picture", rows[pair.second - len(cases)]) for pair in reversed(pairs)
    }


def _words(rows: Sequence[TrainingCase], windows: Sequence[Window]) -> Iterator[tuple[np.ndarray, int, int]]:
    for at, row in enumerate(rows):
        for window, text in zip(_KEPT, (row.whole, row.square), strict=True):
            if text:
                yield np.frombuffer(bytes.fromhex(text), dtype=np.uint64), at, windows.index(window)


def _ties(case: Case, manifest: Manifest) -> dict[str, str]:
    """Return what ties a case to others, in the order of `_TIES`; names of people and lesions as pseudonyms."""
    named = {key: canonical_name(name) for key, name in _names(case).items()}
    return {"id": case.id, "image": case.image.sha256, **_pseudonyms(named, manifest)}


def _names(case: Case) -> dict[str, str]:
    group = case.attributes.get("group")
    named = {"lesion": case.lesion_id, "patient": case.patient_id, "group": group}
    return {key: "" if name is None else str(name) for key, name in named.items()}


def _pseudonyms(named: Mapping[str, str], manifest: Manifest) -> dict[str, str]:
    # group 7 of another set is another group
    scoped = {key: f"{manifest.name}:{name}" if key == "group" and name else name for key, name in named.items()}
    return {key: _pseudonym(key, name) if name else "" for key, name in scoped.items()}


def _masks(case: Case) -> str:
    """Return a digest of the masks that a sheet may learn from; who is renamed has drawn nothing else."""
    label = [] if case.reference is None else [case.reference.mask]
    drawn = [mask.sha256 for mask in (*label, *case.reader_masks)]
    return hashlib.sha256(" ".join(drawn).encode()).hexdigest()[:_DIGITS]


def _pseudonym(key: str, value: str) -> str:
    return hashlib.sha256(f"{key}:{value}".encode()).hexdigest()[:_DIGITS]
