"""One background thread carries the entries of a run to MLflow, so that training never waits for it."""

import logging
import threading
import time
from collections import deque
from collections.abc import Iterable
from typing import Final, Protocol, runtime_checkable

from dermaseg_monai.tracking.entries import Entry, Metrics, Start
from dermaseg_monai.tracking.parameters import redact
from dermaseg_monai.tracking.spool import Spool, send_command

logger = logging.getLogger(__name__)

LIMIT: Final = 20_000
"""So many entries wait in memory; beyond that metrics are dropped, for a tracker must not eat up the machine."""
_PAUSES_S: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_ATTEMPTS: Final = 3


@runtime_checkable
class Delivery(Protocol):
    """Where entries go."""

    @property
    def start(self) -> Start:
        """The entry that opens the run, with its id once that is known."""
        ...

    def __call__(self, entry: Entry) -> None:
        """Send one entry."""
        ...

    def answers(self) -> bool:
        """Say whether the server answers at all."""
        ...

    def is_temporary(self, error: Exception) -> bool:
        """Say whether sending the same entry later may work."""
        ...


class Courier:
    """Sends entries in order, waits while the server is away, keeps in the spool what is left at the end.

    Nothing raises here: a tracking store must never stop a training. The user is warned once when the server goes away.
    """

    def __init__(self, delivery: Delivery, spool: Spool, *, pauses_s: tuple[float, ...] = _PAUSES_S) -> None:
        self._delivery = delivery
        self._spool = spool
        self._pauses_s = pauses_s
        self._pending: deque[Entry] = deque()
        self._aside: list[Entry] = []
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._abandoned = threading.Event()
        self._away = False
        self._warned = False
        self._overflowed = False
        self._progress_s = time.monotonic()
        self._thread = threading.Thread(target=self._work, name="dermaseg-tracking", daemon=True)
        self._thread.start()

    def submit(self, entry: Entry, *, first: bool = False) -> None:
        """Queue an entry; `first` overtakes all but the one that is on its way."""
        with self._changed:
            if self._closing.is_set():
                return
            if len(self._pending) >= LIMIT and isinstance(entry, Metrics):
                if not self._overflowed:
                    logger.warning("Over %d tracking entries are waiting: further metrics are not kept.", LIMIT)
                self._overflowed = True
                return
            if first:
                self._pending.insert(min(1, len(self._pending)), entry)
            else:
                self._pending.append(entry)
            if self._away:
                self._spool.append(entry)
            self._changed.notify()

    def close(self, *, patience_s: float, limit_s: float) -> int:
        """Send the rest and return how many entries had to stay in the spool.

        Args:
            patience_s: how long to wait for a server that does not answer.
            limit_s: how long to wait altogether, e.g. while model files are being sent.
        """
        self._closing.set()
        with self._changed:
            self._changed.notify()
        closed_s = time.monotonic()
        try:
            while self._thread.is_alive():
                self._thread.join(timeout=0.05)
                now_s = time.monotonic()
                if now_s - closed_s > limit_s or (self._away and now_s - max(closed_s, self._progress_s) > patience_s):
                    break
        finally:
            self._abandoned.set()
            with self._changed:
                left = [*self._aside, *self._pending]
            if left:
                self._keep(left)
            else:
                self._spool.remove()
        return len(left)

    def _work(self) -> None:
        attempt = 0
        while (entry := self._next()) is not None:
            try:
                self._delivery(entry)
            except Exception as error:  # noqa: BLE001 (a tracking store must never stop a training)
                if not self._delivery.is_temporary(error):
                    logger.warning("Not tracked (%s): %s", type(entry).__name__, _short(error))
                elif attempt + 1 >= _ATTEMPTS and not isinstance(entry, Start) and self._delivery.answers():
                    logger.warning("Not tracked now (%s), kept: %s", type(entry).__name__, _short(error))
                    self._aside.append(entry)
                else:
                    self._wait(error, attempt)
                    attempt += 1
                    continue
            attempt = 0
            self._delivered(entry)

    def _next(self) -> Entry | None:
        with self._changed:
            while not self._pending and not self._closing.is_set():
                self._changed.wait()
            return self._pending[0] if self._pending and not self._abandoned.is_set() else None

    def _delivered(self, entry: Entry) -> None:
        with self._changed:
            self._progress_s = time.monotonic()
            if self._abandoned.is_set():
                return
            # `first` may have put an entry behind this one, never before it
            if self._pending and self._pending[0] is entry:
                self._pending.popleft()
            if self._away and not self._pending:
                self._away = False
                if self._aside:
                    self._spool_all(self._aside)
                    logger.info("Tracking works again; %d entries still wait.", len(self._aside))
                else:
                    self._spool.remove()
                    logger.info("Tracking works again; everything that waited was sent.")

    def _wait(self, error: Exception, attempt: int) -> None:
        with self._changed:
            if not self._away and not self._abandoned.is_set():
                self._away = True
                self._spool_all([*self._aside, *self._pending])
        if not self._warned:
            logger.warning(
                "Tracking does not work at the moment (%s). The run goes on; what it has to log waits in %s.",
                _short(error),
                self._spool.path,
            )
            self._warned = True
        pause_s = self._pauses_s[min(attempt, len(self._pauses_s) - 1)]
        if self._closing.is_set():
            self._abandoned.wait(min(pause_s, 1.0))
        else:
            self._closing.wait(pause_s)

    def _spool_all(self, entries: Iterable[Entry]) -> None:
        self._spool.write([self._delivery.start, *(entry for entry in entries if not isinstance(entry, Start))])

    def _keep(self, left: list[Entry]) -> None:
        self._spool_all(left)
        logger.warning(
            "%d tracking entries could not be sent and are kept. Send them later: %s",
            len(left),
            send_command(self._spool.path, self._delivery.start.tracking_uri),
        )


def _short(error: Exception) -> str:
    # hidden before it is cut: the cut may fall into a login, which is then not known as one
    line = " ".join(redact(str(error)).split())
    return f"{type(error).__name__}: {line[:200]}"
