"""A drawn data set appears whole or not at all."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dermaseg_monai.errors import DataError

MANIFEST = "manifest.json"
"""The file that is in a folder once the set is there."""


def set_in(folder: str | Path, draw: Callable[[Path], None]) -> str:
    """Return the path of the manifest in `folder`; `draw` makes the set first when it is not there."""
    manifest = Path(folder) / MANIFEST
    if not manifest.is_file():
        draw(Path(folder))
    return str(manifest)


def new_set_in(folder: str | Path, draw: Callable[[Path], None]) -> Path:
    """Draw a set into `folder` and return the path of its manifest.

    Raises:
        DataError: there is a set already.
    """
    manifest = Path(folder) / MANIFEST
    if manifest.is_file():
        raise DataError(f"{folder} already holds a data set ({MANIFEST}). Choose another folder or remove it.")
    draw(Path(folder))
    return manifest


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Yield a folder beside `folder` and rename it when the block ends well; who comes second keeps the first's.

    Raises:
        DataError: the folder holds other things, or cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(
            f"{folder} is not empty and holds no {MANIFEST}, so no data set can be made there. "
            "Remove what is in it or choose another folder."
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-making-"))
    except OSError as error:
        raise DataError(f"Cannot write {folder}: {error.strerror}. Choose a folder you may write to.") from error
    try:
        yield draft
        draft.chmod(0o755)
        try:
            draft.rename(folder)
        except OSError as error:
            if not (folder / MANIFEST).is_file():
                raise DataError(f"Cannot write {folder}: {error.strerror}. Remove it or choose another.") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
