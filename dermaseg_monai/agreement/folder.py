"""Readings from a plain folder of masks whose names say the case and the annotator."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from dermaseg_monai.agreement.reading import ReadCase, Reading, require_pairs
from dermaseg_monai.errors import DataError
from dermaseg_monai.images import IMAGE_SUFFIXES
from dermaseg_monai.manifest.left_outlines import require_endings
from dermaseg_monai.manifest.listing import files_below
from dermaseg_monai.manifest.reader_masks import reader_masks

_EXAMPLES: Final = 3
_PHOTOGRAPHS: Final = "Where they are photographs, keep them in another folder, or name theirs with --images."


def readings_of_folder(
    root: str | Path, pattern: str, *, photographs: Mapping[str, Path] = MappingProxyType({})
) -> tuple[list[ReadCase], list[Path]]:
    """Return the cases of a folder and the images that are no outlines.

    Those are images whose names do not fit the pattern (`manifest.reader_masks`), and hidden ones: `._x.png` is what
    macOS leaves beside `x.png`.

    Args:
        root: the folder.
        pattern: of the names below it.
        photographs: of the cases, which are no outlines even where they lie below `root`.

    Raises:
        ConfigError: the pattern lacks {case} or {annotator}, or has an unknown field.
        DataError: no folder, no name that fits (some that were found are named), outlines that only their endings keep
            out (`require_endings`), or nobody to agree with.
    """
    folder = Path(root).expanduser()
    found = files_below(folder) if folder.is_dir() else []
    masks, strange = reader_masks(folder, found, pattern)
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}. Pass the folder that holds the masks with --root.")
    masks = [one for one in masks if not _same_file(photographs.get(one.case_id), one.path)]
    shown = {path.resolve() for path in photographs.values()}
    strange = [path for path in strange if path.resolve() not in shown]
    require_endings(folder, strange, pattern, masks, option="--pattern", otherwise=_PHOTOGRAPHS)
    every = sorted(path for path in folder.rglob("*") if path.name.lower().endswith(IMAGE_SUFFIXES))
    known = set(found)
    hidden = [path for path in every if path not in known]
    by_case: dict[str, list[Reading]] = defaultdict(list)
    for one in masks:
        by_case[one.case_id].append(Reading(one.annotator, one.path, one.tool, one.skill))
    if not by_case:
        names = ", ".join(path.relative_to(folder).as_posix() for path in found[:_EXAMPLES]) or "no image at all"
        raise DataError(f"No file below {folder} fits the pattern {pattern!r}; found: {names}. Change --pattern.")
    cases = [ReadCase(name, tuple(readings)) for name, readings in sorted(by_case.items())]
    require_pairs(cases, where=str(folder))
    return cases, [*hidden, *strange]


def _same_file(photograph: Path | None, mask: Path) -> bool:
    return photograph is not None and photograph.resolve() == mask.resolve()
