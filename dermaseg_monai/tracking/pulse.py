"""The sign of life that a run gives while its process is there, for those who cannot see that process."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

_INTERVAL_S: Final = 60.0


class Pulse:
    """Calls `beat` once a minute in a thread of its own: neither a long upload nor a long epoch may look like death.

    A beat that fails is skipped; of a server that is away others warn.
    """

    def __init__(self, beat: Callable[[], None]) -> None:
        self._beat = beat
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="dermaseg-pulse", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; a beat that hangs is not waited for."""
        self._stop.set()
        self._thread.join(timeout=1)

    def _work(self) -> None:
        while not self._stop.wait(_INTERVAL_S):
            with suppress(Exception):
                self._beat()
