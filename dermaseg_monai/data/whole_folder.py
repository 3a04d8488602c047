"""A drawn data set appears whole or not at all."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dermaseg_monai.errors import DataError

MANIFEST = "manifest.json"
"""The file that is in a folder once the set is there."""


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Yield a folder beside `folder` and rename it when the block ends well; who comes second keeps the first's.

    Raises:
        DataError: the folder cannot be written.
    """
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
