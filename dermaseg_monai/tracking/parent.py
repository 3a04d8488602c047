"""The run in MLflow that other runs are shown under: an ablation's, a generalisation's."""

import logging
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from dermaseg_monai.tracking.delivery import connect, run_to_open, send_metrics, take_over
from dermaseg_monai.tracking.entries import Metrics, Start, Status
from dermaseg_monai.tracking.parameters import redact
from dermaseg_monai.tracking.process import Client, StopSignal, bury_dead_runs, give_sign_of_life, owner_tags
from dermaseg_monai.tracking.pulse import Pulse
from dermaseg_monai.tracking.scalars import scalars

logger = logging.getLogger(__name__)

_ATTEMPTS: Final = 5
_PAUSE_S: Final = 1.0


class ParentRun:
    """Opens a run, or goes on with an earlier one, and ends it truly; a store that is away costs one warning.

    Between `open` and `end` SIGTERM and SIGHUP raise `SystemExit` (`StopSignal`).

    Args:
        tracking_uri: the store.
        experiment: that of the children, else MLflow does not show them under it.
        run_name: what it is called.
        command: what a person typed, e.g. `dermaseg ablate`.
        continued_id: the run to go on with; a new one is made when that is gone or at work.
    """

    def __init__(
        self, *, tracking_uri: str, experiment: str, run_name: str, command: str, continued_id: str | None = None
    ) -> None:
        self.run_id: str | None = None
        self._tracking_uri = tracking_uri
        self._start = Start(
            tracking_uri=redact(tracking_uri),
            experiment=experiment,
            run_name=run_name,
            key=uuid.uuid4().hex,
            started_ms=int(time.time() * 1000),
            tags={**owner_tags(), "mlflow.source.type": "LOCAL", "mlflow.source.name": command},
            continued_id=continued_id,
        )
        self._client: Client | None = None
        self._pulse: Pulse | None = None
        self._signal = StopSignal()

    def open(self) -> str | None:
        """Open the run and return MLflow's id of it; None when the store does not answer."""
        self._signal.hold()
        self._open()
        return self.run_id

    def log_text(self, text: str, path: str) -> None:
        """Log a small text as the artefact `path`."""
        self._try(lambda client: client.log_text(self.run_id, text, path))

    def log_file(self, path: str | Path, folder: str | None = None) -> None:
        """Log a file as an artefact."""
        self._try(lambda client: client.log_artifact(self.run_id, str(path), folder))

    def log_metrics(self, values: Mapping[str, float]) -> None:
        """Log numbers, at the time they are known."""
        now_ms = int(time.time() * 1000)
        self._try(lambda client: send_metrics(client, str(self.run_id), Metrics(scalars(values), 0, now_ms)))

    def end(self, status: Status) -> None:
        """Close the run as it ended."""
        for _ in range(_ATTEMPTS):  # a database may be locked by a child
            if self._try(lambda client: client.set_terminated(self.run_id, status)):
                break
            time.sleep(_PAUSE_S)
        if self._pulse is not None:
            self._pulse.stop()
        self._signal.release()

    def _open(self) -> None:
        try:
            self._client = connect(self._tracking_uri)
            self.run_id, is_continued = run_to_open(self._client, self._start)
        except Exception as error:  # noqa: BLE001 (a tracking store must never stop the work)
            address = redact(self._tracking_uri)
            logger.warning(
                "The runs will not be shown under one: %s does not answer (%s).", address, redact(str(error))
            )
            return
        self._pulse = Pulse(lambda: give_sign_of_life(self._client, str(self.run_id)))
        if is_continued:  # it may be done although no answer comes: the run is this one's from here on
            self._try(lambda client: take_over(client, str(self.run_id), self._start))
        self._try(lambda client: bury_dead_runs(client, but=str(self.run_id)))

    def _try(self, action: Callable[[Client], Any]) -> bool:
        """Say whether it is no longer to be tried: it worked, or there is no run."""
        if self.run_id is None:
            return True
        try:
            action(self._client)
        except Exception as error:  # noqa: BLE001 (as above)
            logger.warning("The run above the runs lacks something: %s", redact(str(error)))
            return False
        return True
