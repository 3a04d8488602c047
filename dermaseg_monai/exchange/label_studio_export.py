"""What comes back from Label Studio: its JSON export, read with suspicion."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool

from dermaseg_monai.errors import DataError
from dermaseg_monai.exchange.brush import decode_brush
from dermaseg_monai.exchange.label_studio_tasks import BRUSH, LESION, NO_LESION, STATEMENT
from dermaseg_monai.files import parse_json
from dermaseg_monai.images import MAX_PIXELS
from dermaseg_monai.manifest.moment import read_moment


@dataclass(frozen=True, eq=False)
class Answer:
    """A submitted annotation.

    Attributes:
        case_id: of the task.
        digest: of the task; what the case was when it was asked.
        annotator: the name that the account stands for.
        created_at: ISO 8601, the moment of the last change.
        mask: all that was painted as lesion.
        says_no_lesion: `no lesion` is ticked.
    """

    case_id: str
    digest: str
    annotator: str
    created_at: str
    mask: Bool[np.ndarray, "h w"]
    says_no_lesion: bool


def read_export(
    path: str | Path, *, people: Mapping[str, str], sizes: Mapping[str, tuple[int, int]]
) -> tuple[list[Answer], list[str]]:
    """Return the submitted annotations of an export (type JSON), and the case of each that its annotator skipped.

    Predictions and drafts are no answers.

    Args:
        path: the file.
        people: number or e-mail address of an account to the name of its owner; others may not answer.
        sizes: case id to (height, width) of its picture.

    Raises:
        DataError: no such export, a task that is not ours or of another form, an unknown annotator or case, no date,
            another size than that of the picture, a rotated picture or a damaged mask.
    """
    source = Path(path)
    answers: list[Answer] = []
    skipped: list[str] = []
    for number, item in enumerate(_tasks(source), start=1):
        data = item.get("data")
        if not isinstance(data, dict) or not {"case_id", "digest"} <= set(data):
            raise DataError(f"Task {number} of {source} has no case_id and digest: it is not one of ours.")
        given = item.get("annotations")
        if not isinstance(given, list):
            raise DataError(f"Task {number} of {source} has no list of annotations. Export as JSON, not JSON_MIN.")
        for annotation in given:
            if not isinstance(annotation, dict):
                raise DataError(f"Task {number} of {source} has an annotation that is no object. Export it as JSON.")
            if annotation.get("was_cancelled"):
                skipped.append(str(data["case_id"]))
                continue
            answers.append(_answer(str(data["case_id"]), str(data["digest"]), annotation, people, sizes))
    return answers, skipped


def _tasks(source: Path) -> list[dict[str, Any]]:
    try:
        found = parse_json(source.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{source} cannot be read as an export ({error}). Export the project as JSON.") from error
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise DataError(f"{source} is no list of tasks. Export the project as JSON.")
    return found


def _answer(
    case_id: str,
    digest: str,
    annotation: Mapping[str, Any],
    people: Mapping[str, str],
    sizes: Mapping[str, tuple[int, int]],
) -> Answer:
    who = _account(annotation.get("completed_by"), people)
    if who not in people:
        known = ", ".join(people) or "none"
        raise DataError(f"Case {case_id!r} was answered by account {who!r}, who may not; these may: {known}.")
    if case_id not in sizes:
        raise DataError(
            f"Case {case_id!r} of the export was not asked here. Give the manifest, or the queue, of its tasks."
        )
    moment = annotation.get("updated_at") or annotation.get("created_at")
    if not isinstance(moment, str) or read_moment(moment) is None:  # a manifest with another text would not load again
        raise DataError(f"Case {case_id!r}: the annotation of {people[who]} has no date. Export the project again.")
    height, width = sizes[case_id]
    if height * width > MAX_PIXELS:  # of the manifest, and nobody has looked at the picture yet
        raise DataError(f"Case {case_id!r} has {height} x {width} px; at most {MAX_PIXELS:,} are read. Index it anew.")
    mask = np.zeros((height, width), dtype=bool)
    says_no_lesion = False
    for result in _results(annotation, case_id):
        if result.get("from_name") == BRUSH and LESION in _chosen(result, "brushlabels", case_id):
            mask |= _painted(case_id, result, (height, width))
        says_no_lesion |= result.get("from_name") == STATEMENT and NO_LESION in _chosen(result, "choices", case_id)
    return Answer(case_id, digest, people[who], moment, mask, says_no_lesion)


def _results(annotation: Mapping[str, Any], case_id: str) -> list[dict[str, Any]]:
    found = annotation.get("result") or []
    if not isinstance(found, list) or not all(
        isinstance(one, dict) and isinstance(one.get("value", {}), dict) for one in found
    ):
        raise DataError(f"Case {case_id!r} has a result of another form. Export the project as JSON.")
    return found


def _chosen(result: Mapping[str, Any], key: str, case_id: str) -> list[Any]:
    found = result.get("value", {}).get(key, [])
    if not isinstance(found, list):
        raise DataError(f"Case {case_id!r}: {key} is {str(found)[:40]!r}, no list. Export the project as JSON.")
    return found


def _account(given: object, people: Mapping[str, str]) -> str:
    # an export names the account by number, or, as some versions do, with all that is known of it
    if isinstance(given, dict):
        names = [str(given[key]) for key in ("email", "id") if given.get(key) is not None]
        return next((name for name in names if name in people), names[0] if names else "unknown")
    return str(given)


def _painted(case_id: str, result: Mapping[str, Any], size: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
    drawn_on = (result.get("original_height"), result.get("original_width"))
    if drawn_on != size:
        found = f"painted on {drawn_on[0]} x {drawn_on[1]} px, the picture has {size[0]} x {size[1]}"
        raise DataError(f"Case {case_id!r}: {found} (height x width). Paint it on the picture of the task.")
    if result.get("image_rotation"):
        raise DataError(f"Case {case_id!r} was painted on a rotated picture. Turn it back in the label tool.")
    value = result["value"]
    if value.get("format") != "rle" or not isinstance(value.get("rle"), list):
        raise DataError(f"Case {case_id!r}: a lesion without brush mask (rle). Export the project as JSON.")
    try:
        return decode_brush(value["rle"], shape=size)
    except DataError as error:
        raise DataError(f"Case {case_id!r}: {error}") from error
