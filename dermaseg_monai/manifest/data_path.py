"""Where a manifest's path lies: always below dataset_dir."""

import re
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Final

from dermaseg_monai.errors import DataError
from dermaseg_monai.files import is_utf8

_CONTROL: Final = re.compile(r"[\x00-\x1f]")


def is_inside(path: str) -> bool:
    """Say whether a relative path with `/` stays below the folder it is joined to."""
    windows = PureWindowsPath(path)
    rooted = PurePosixPath(path).is_absolute() or bool(windows.drive or windows.root)
    return bool(path) and not rooted and "\\" not in path and ".." not in PurePosixPath(path).parts


def is_plain(path: str) -> bool:
    """Say whether a path is text that can be printed on one line; no system can open one with a NUL."""
    return is_utf8(path) and not _CONTROL.search(path)


def existing_dir(dataset_dir: str | Path, *, what_for: str = "the manifest's paths start from") -> Path:
    """Return `dataset_dir` as an absolute path; `what_for` says in the error which folder that is.

    Raises:
        DataError: it is no folder.
    """
    folder = Path(dataset_dir).expanduser()
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise DataError(f"dataset_dir {folder} {what}. Pass the folder that {what_for}.")
    return folder.absolute()
