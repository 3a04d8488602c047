"""Readings from a plain folder of masks whose names say the case and the annotator."""

import re
from collections import defaultdict
from pathlib import Path
from typing import Final

from dermaseg_monai.agreement.reading import ReadCase, Reading, require_pairs
from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.images import IMAGE_SUFFIXES
from dermaseg_monai.manifest.listing import files_below

_FIELDS: Final = ("case", "annotator", "tool", "skill")
_FIELD: Final = re.compile(r"\{(\w*)\}")
_EXAMPLES: Final = 3


def readings_of_folder(root: str | Path, pattern: str) -> tuple[list[ReadCase], list[Path]]:
    """Return the cases of a folder and the images that are no outlines.

    Those are images whose names do not fit the pattern, and hidden ones: `._x.png` is what macOS leaves beside `x.png`.

    The pattern is a path below `root` with {case} and {annotator}, and {tool} and {skill} where names hold them:
    `{case}_ann-{annotator}.png`, `{annotator}/{case}_{tool}_{skill}.png`. A field takes as little as possible and no
    slash.

    Raises:
        ConfigError: the pattern lacks {case} or {annotator}, or has an unknown field.
        DataError: no folder, no name that fits (some that were found are named), or nobody to agree with.
    """
    expression = _expression(pattern)
    folder = Path(root).expanduser()
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}. Pass the folder that holds the masks with --root.")
    found = files_below(folder)
    by_case: dict[str, list[Reading]] = defaultdict(list)
    every = sorted(path for path in folder.rglob("*") if path.name.lower().endswith(IMAGE_SUFFIXES))
    known = set(found)
    strange = [path for path in every if path not in known]
    for path in found:
        match = expression.fullmatch(path.relative_to(folder).as_posix())
        if match is None:
            strange.append(path)
            continue
        said = match.groupdict()
        by_case[said["case"]].append(Reading(said["annotator"], path, said.get("tool"), said.get("skill")))
    if not by_case:
        names = ", ".join(path.relative_to(folder).as_posix() for path in found[:_EXAMPLES]) or "no image at all"
        raise DataError(f"No file below {folder} fits the pattern {pattern!r}; found: {names}. Change --pattern.")
    cases = [ReadCase(name, tuple(readings)) for name, readings in sorted(by_case.items())]
    require_pairs(cases, where=str(folder))
    return cases, strange


def _expression(pattern: str) -> re.Pattern[str]:
    fields = _FIELD.findall(pattern)
    unknown = [name for name in fields if name not in _FIELDS]
    if unknown or len(set(fields)) < len(fields) or not {"case", "annotator"} <= set(fields):
        raise ConfigError(
            f"--pattern {pattern!r} must hold {{case}} and {{annotator}} once each, and may hold {{tool}} and "
            "{skill}, as in '{case}_ann-{annotator}.png'."
        )
    parts = _FIELD.split(pattern)  # text and fields take turns
    return re.compile("".join(f"(?P<{part}>[^/]+?)" if at % 2 else re.escape(part) for at, part in enumerate(parts)))
