"""What could not be sent waits in a file of the run's folder."""

import logging
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from dermaseg_monai.errors import DataError
from dermaseg_monai.files import write_text
from dermaseg_monai.tracking.entries import Entry, decode, encode, file_of
from dermaseg_monai.tracking.parameters import HIDDEN, lost_login

logger = logging.getLogger(__name__)

_STEM: Final = "tracking_unsent"


def spool_name(key: str) -> str:
    """Return the file name for a run, so that two runs with one folder never share a file."""
    return f"{_STEM}_{key[:8]}.jsonl"


def send_command(path: str | Path, tracking_uri: str) -> str:
    """Return what a person types to send a file to the address in it; a login is not kept there and is asked for."""
    command = f"python -m dermaseg_monai.tracking.send {shlex.quote(str(path))}"
    if not lost_login(tracking_uri):
        return command
    address = tracking_uri.replace(f"{HIDDEN}@", "USER:PASSWORD@").replace(f"={HIDDEN}", "=PASSWORD")
    return f"{command} --tracking_uri {shlex.quote(address)}"


class Spool:
    """One JSON entry per line; the first line opens the run. It exists only while something is unsent."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._failed = False

    def write(self, entries: Iterable[Entry]) -> None:
        """Replace the file; no space left costs a warning, never the training."""
        try:
            write_text(self.path, "".join(encode(entry) + "\n" for entry in entries))
        except DataError as error:
            self._warn(error)

    def append(self, entry: Entry) -> None:
        """Add one entry at the end of the file."""
        try:
            with self.path.open("a", encoding="utf-8") as stream:
                stream.write(encode(entry) + "\n")
        except OSError as error:
            self._warn(error)

    def read_if_any(self) -> list[Entry]:
        """Return the entries, none where there is no file; an unreadable file is left alone and warned of."""
        if not self.path.is_file():
            return []
        try:
            return self.read()
        except DataError as error:
            logger.warning("%s", error)
            self.path = self.path.with_stem(f"{self.path.stem}_next")
            return []

    def read(self) -> list[Entry]:
        """Return the entries in order; a last line cut off by a kill is left out.

        So is, with a warning, one that names a file outside the folder of the run: a spool from elsewhere would send
        any file of this machine to the address it names.

        Raises:
            DataError: the file cannot be read or holds something else.
        """
        try:
            # not splitlines: a diff may hold characters that it takes for ends of lines and JSON does not
            lines = self.path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"Cannot read {self.path}: {error}. Give the {_STEM}_*.jsonl of a run folder.") from error
        found: list[Entry] = []
        for number, line in enumerate(lines, start=1):
            try:
                found.append(decode(line))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                if number == len(lines) and found:
                    break
                raise DataError(
                    f"{self.path}, line {number} is no tracking entry ({error!r}). Give the {_STEM}_*.jsonl of a run."
                ) from error
        return [entry for entry in found if self._is_of_the_run(entry)]

    def _is_of_the_run(self, entry: Entry) -> bool:
        name = file_of(entry)
        if name is None or Path(name).resolve().is_relative_to(self.path.parent.resolve()):
            return True
        logger.warning("Left out: %s names %s, which is outside the folder of its run.", self.path, name)
        return False

    def remove(self) -> None:
        """Everything was sent."""
        self.path.unlink(missing_ok=True)

    def _warn(self, error: Exception) -> None:
        if not self._failed:
            logger.warning("Unsent tracking entries cannot be kept in %s: %s", self.path, error)
        self._failed = True
