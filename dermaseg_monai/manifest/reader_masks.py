"""Masks whose file names say the case and the reader."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dermaseg_monai.errors import ConfigError

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
    slash.

    Raises:
        ConfigError: the pattern lacks {case} or {annotator}, or has an unknown field; it was given with `option`.
    """
    expression = _expression(pattern, option)
    fitting: list[ReaderMask] = []
    others: list[Path] = []
    for path in files:
        match = expression.fullmatch(path.relative_to(folder).as_posix())
        if match is None:
            others.append(path)
            continue
        said = match.groupdict()
        fitting.append(ReaderMask(said["case"], said["annotator"], path, said.get("tool"), said.get("skill")))
    return fitting, others


def _expression(pattern: str, option: str) -> re.Pattern[str]:
    fields = _FIELD.findall(pattern)
    unknown = [name for name in fields if name not in _FIELDS]
    if unknown or len(set(fields)) < len(fields) or not {"case", "annotator"} <= set(fields):
        raise ConfigError(
            f"{option} {pattern!r} must hold {{case}} and {{annotator}} once each, and may hold {{tool}} and "
            "{skill}, as in '{case}_ann-{annotator}.png'."
        )
    parts = _FIELD.split(pattern)  # text and fields take turns
    return re.compile("".join(f"(?P<{part}>[^/]+?)" if at % 2 else re.escape(part) for at, part in enumerate(parts)))
