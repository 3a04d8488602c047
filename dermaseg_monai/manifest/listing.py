"""Which files lie in a folder, and which mask belongs to which image."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from dermaseg_monai.errors import DataError
from dermaseg_monai.images import IMAGE_SUFFIXES
from dermaseg_monai.manifest.table import image_id

MASK_SUFFIXES = ("", "_segmentation", "_lesion", "_mask")
"""What the file name of a mask may add to the id of its image, in small or capital letters."""


_JUNK = frozenset({"__MACOSX", "lost+found", "System Volume Information", "$RECYCLE.BIN"})
"""What archives and file systems leave in folders; the last three often cannot be looked into."""


def require_root(root: str | Path) -> Path:
    """Return the folder as an absolute path.

    Raises:
        DataError: it does not exist or is no folder.
    """
    folder = Path(root).expanduser()
    if not folder.exists():
        raise DataError(f"There is no folder {folder}. Pass the folder that holds the data with --root.")
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder. Unpack it and pass the folder with --root.")
    return folder.absolute()


def find_part(root: Path, name: str) -> Path | None:
    """Return the folder `name` below `root`, or `name`/`name` as some unpackers make it; None when it is not there."""
    outer = root / name
    inner = outer / name
    return inner if inner.is_dir() else outer if outer.is_dir() else None


def files_below(folder: Path, suffixes: Sequence[str] = IMAGE_SUFFIXES) -> list[Path]:
    """Return the files that end in one of `suffixes`, sorted; what is hidden and _JUNK are left out.

    Links to folders are followed, each folder is looked into once, and never one that `folder` itself lies in.

    Raises:
        DataError: a folder cannot be looked into; what it holds would be left out without a word.
    """
    seen: set[Path] = set()
    found: list[Path] = []
    waiting = [folder]
    while waiting:  # links come after all that lies here itself: a folder keeps its own path
        links: list[Path] = []
        for place in waiting:
            files, linked = _walk(place, seen)
            found += files
            links += linked
        waiting = [link for link in sorted(links) if not folder.resolve().is_relative_to(link.resolve())]
    return sorted(
        (path for path in found if path.name.lower().endswith(tuple(suffixes))), key=lambda path: path.as_posix()
    )


def names_without(suffixes: Iterable[str], stem: str) -> set[str]:
    """Return the ids that a mask of this stem may mean: without each suffix it ends in, in small or capital letters."""
    ends = {suffix: stem[len(stem) - len(suffix) :] for suffix in suffixes if len(suffix) <= len(stem)}
    return {stem[: len(stem) - len(suffix)] for suffix, end in ends.items() if end.lower() == suffix.lower()}


def images_by_id(images: Iterable[Path]) -> dict[str, Path]:
    """Return images by the stem of their names.

    Raises:
        DataError: two images have one id.
    """
    found: dict[str, Path] = {}
    for path in images:
        first = found.setdefault(image_id(path.name), path)
        if first != path:
            raise DataError(f"Two images have the id {image_id(path.name)!r}: {first} and {path}. Rename one.")
    return found


def masks_by_id(
    masks: Iterable[Path],
    ids: Iterable[str],
    *,
    place: Path,
    suffixes: Sequence[str] = MASK_SUFFIXES,
    option: str | None = None,
    allow_partial: bool,
) -> dict[str, Path]:
    """Return the mask of every image; `place` is where the masks lie, `option` sets `suffixes`, for the messages.

    Raises:
        DataError: images without a mask, two masks for one image, or (unless `allow_partial`) masks without an image.
    """
    wanted = set(ids)
    found: dict[str, Path] = {}
    lone: list[Path] = []
    for mask in masks:
        name = max(names_without(suffixes, image_id(mask.name)) & wanted, key=len, default=None)
        if name is None:
            lone.append(mask)
        elif found.setdefault(name, mask) != mask:
            raise DataError(f"{name} has two masks, {found[name]} and {mask}. Keep the one that is the reference.")
    alone = sorted(wanted - set(found))
    if alone:
        other = f", name what is added with {option}" if option else ""
        raise DataError(
            f"{len(alone)} of {len(wanted)} images have no mask in {place}, first {alone[0]}. "
            f"Copy the missing masks (named id + {' or '.join(map(repr, suffixes))}){other}, or take these images out."
        )
    if lone and not allow_partial:
        raise DataError(
            f"{len(lone)} masks in {place} have no image, first {lone[0].name}. "
            "Copy the missing images, or index what is there with --allow-partial."
        )
    return found


def _walk(folder: Path, seen: set[Path]) -> tuple[list[Path], list[Path]]:
    """Return the files below a folder and the links to folders, and add the real folders to `seen`."""
    files: list[Path] = []
    links: list[Path] = []
    for place, subfolders, names in os.walk(folder, onerror=_cannot_look):
        here = Path(place)
        if here.resolve() in seen:
            subfolders.clear()
            continue
        seen.add(here.resolve())
        links += [here / name for name in subfolders if (here / name).is_symlink() and not _is_junk(name)]
        subfolders[:] = [name for name in subfolders if not _is_junk(name)]
        files += [here / name for name in names if not _is_junk(name)]
    return files, links


def _cannot_look(error: OSError) -> None:
    if isinstance(error, FileNotFoundError):  # who asks says which folder is missing, and what for
        return
    raise DataError(
        f"Cannot look into the folder {error.filename}: {error.strerror}. Give yourself the right to read it, "
        "or move it elsewhere."
    ) from error


def _is_junk(name: str) -> bool:
    return name.startswith(".") or name in _JUNK
