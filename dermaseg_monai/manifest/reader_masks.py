"""Masks whose file names say the case and the reader."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.images import IMAGE_SUFFIXES

_FIELDS: Final = ("case", "annotator", "tool", "skill")
_FIELD: Final = re.compile(r"\{(\w*)\}")


@dataclass(frozen=True)
class ReaderMask:
    """One reader's outline of one case, as its file name says."""

    case_id: str
    annotator: str
    path: Path
    tool: str | None = None
    skill: str | None = None


def reader_masks(
    folder: Path, files: Iterable[Path], pattern: str, *, option: str = "--pattern"
) -> tuple[list[ReaderMask], list[Path]]:
    """Return what the names of `files` say, in their order, and the files whose names do not fit the pattern.

    The pattern is a path below `folder` with {case} and {annotator}, and {tool} and {skill} where names hold them:
    `{case}_ann-{annotator}.png`, `{annotator}/{case}_{tool}_{skill}.png`. A field takes as little as possible and no
    slash. An ending is taken in small and in capital letters; a pattern without one, `{annotator}/{case}`, takes every
    type of image.

    Raises:
        ConfigError: the pattern lacks {case} or {annotator}, or has an unknown field; it was given with `option`.
        DataError: two files are one outline but for their endings.
    """
    expression = _expression(pattern, option)
    wanted = split_ending(pattern)[1].lower()
    fitting: list[ReaderMask] = []
    others: list[Path] = []
    for path in files:
        stem, ending = split_ending(path.relative_to(folder).as_posix())
        match = expression.fullmatch(stem) if wanted in ("", ending.lower()) else None
        if match is None:
            others.append(path)
            continue
        said = match.groupdict()
        fitting.append(ReaderMask(said["case"], said["annotator"], path, said.get("tool"), said.get("skill")))
    _require_one_ending(fitting, option)
    return fitting, others


def split_ending(name: str) -> tuple[str, str]:
    """Return a name or a pattern without the ending of an image, and that ending; "" where it has none.

    The longest counts: of `a.nii.gz` it is `.nii.gz`.
    """
    ending = max((one for one in IMAGE_SUFFIXES if name.lower().endswith(one)), key=len, default="")
    return name[: len(name) - len(ending)], name[len(name) - len(ending) :]


def _require_one_ending(found: Iterable[ReaderMask], option: str) -> None:
    first: dict[str, Path] = {}
    for one in found:
        other = first.setdefault(split_ending(one.path.as_posix())[0], one.path)
        if other != one.path:
            raise DataError(
                f"{one.annotator} has two files of case {one.case_id} that differ only in their endings: {other} and "
                f"{one.path.name}. Keep the outline, or name its ending in {option}."
            )


def _expression(pattern: str, option: str) -> re.Pattern[str]:
    fields = _FIELD.findall(pattern)
    unknown = [name for name in fields if name not in _FIELDS]
    if unknown or len(set(fields)) < len(fields) or not {"case", "annotator"} <= set(fields):
        raise ConfigError(
            f"{option} {pattern!r} must hold {{case}} and {{annotator}} once each, and may hold {{tool}} and "
            "{skill}, as in '{case}_ann-{annotator}.png'."
        )
    parts = _FIELD.split(split_ending(pattern)[0])  # text and fields take turns
    return re.compile("".join(f"(?P<{part}>[^/]+?)" if at % 2 else re.escape(part) for at, part in enumerate(parts)))
