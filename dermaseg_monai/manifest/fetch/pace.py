"""How many connections a download uses, and how patient it is."""

import threading
from dataclasses import dataclass
from typing import Final

from dermaseg_monai.manifest.fetch.failures import Unreachable

_LONGEST_WAIT_S: Final = 60.0


@dataclass(frozen=True)
class Pace:
    """`tries` counts failures in a row that brought no byte; the wait after the first is `wait_s`, then doubled."""

    connections: int = 4
    piece_bytes: int = 16 * 2**20
    tries: int = 5
    wait_s: float = 1.0
    timeout_s: float = 60.0

    def rest(self, failures: int, error: Unreachable, stop: threading.Event) -> None:
        """Wait before the next try, as long as the server asked for (at most a minute), or until `stop` is set.

        Raises:
            Unreachable: `error` again, when this was the last try.
        """
        if failures >= self.tries:
            raise error
        asked = error.retry_after_s
        stop.wait(min(_LONGEST_WAIT_S, self.wait_s * 2 ** (failures - 1) if asked is None else asked))


PATIENT: Final = Pace()
"""The pace of `dermaseg data fetch`."""
