"""Entries become calls of the MLflow client."""

import logging
import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from dermaseg_monai.tracking.entries import Dataset, End, Entry, File, Metrics, Params, Picture, Start, Text
from dermaseg_monai.tracking.process import (
    KEY_TAG,
    SILENCE_MIN,
    Client,
    bury_dead_runs,
    give_sign_of_life,
    is_of_this_host,
    owner_lives,
)
from dermaseg_monai.tracking.scalars import clean_name

logger = logging.getLogger(__name__)

_BATCH: Final = 100
_PERMANENT: Final = frozenset(
    {
        "INVALID_PARAMETER_VALUE",
        "BAD_REQUEST",
        "RESOURCE_DOES_NOT_EXIST",
        "NOT_FOUND",
        "ENDPOINT_NOT_FOUND",
        "NOT_IMPLEMENTED",
        "INVALID_STATE",
    }
)


class MLflowDelivery:
    """Sends the entries of one run to one store; used in the courier's thread, but for `give_sign_of_life`."""

    def __init__(self, tracking_uri: str, start: Start) -> None:
        self._start = start
        self._tracking_uri = tracking_uri
        self._client: Client | None = None
        self._to_open: tuple[str, bool] | None = None
        self._opened = False

    @property
    def start(self) -> Start:
        """The entry that opens the run, with the id as soon as it is known."""
        return self._start

    @property
    def run_id(self) -> str | None:
        """The id MLflow gave the run; None until the server has answered once."""
        return self.start.run_id if self._opened else None

    def __call__(self, entry: Entry) -> None:
        """Send one entry; opens the run first."""
        client = self._connect()
        if not self._opened:
            self._open(client)
        run_id = str(self.start.run_id)
        match entry:
            case Start():
                pass
            case Params(values):
                _send_params(client, run_id, values)
            case Metrics():
                send_metrics(client, run_id, entry)
            case Text(path, text):
                client.log_text(run_id, text, path)
            case File(source, folder):
                client.log_artifact(run_id, source, folder)
            case Picture():
                _send_picture(client, run_id, entry)
            case Dataset():
                _send_dataset(client, run_id, entry)
            case End(status, ended_ms):
                client.set_terminated(run_id, status, ended_ms)

    def answers(self) -> bool:
        """Ask for the run itself, the smallest question there is."""
        if not self._opened:
            return False
        try:
            self._connect().get_run(str(self.start.run_id))
        except Exception:  # noqa: BLE001 (any failure means no answer)
            return False
        return True

    def give_sign_of_life(self) -> None:
        """Say that the owner of the run is alive; nothing to do before the run is open."""
        if self._opened:
            give_sign_of_life(self._connect(), str(self.start.run_id))

    def is_temporary(self, error: Exception) -> bool:
        """Say whether the same call may work later: no connection, a server's fault, a locked database."""
        from mlflow.exceptions import MlflowException  # noqa: PLC0415

        if isinstance(error, MlflowException):
            return error.error_code not in _PERMANENT or not self._opened
        return not self._opened or (isinstance(error, OSError) and not isinstance(error, FileNotFoundError))

    def _open(self, client: Client) -> None:
        # kept: once it is taken over, a second look would find it at work, in this very process
        self._to_open = self._to_open or run_to_open(client, self.start)
        run_id, is_continued = self._to_open
        if is_continued:
            take_over(client, run_id, self.start)
        self._start = replace(self._start, run_id=run_id)
        self._opened = True
        bury_dead_runs(client, but=run_id)

    def _connect(self) -> Client:
        if self._client is None:
            self._client = connect(self._tracking_uri)
        return self._client


def connect(tracking_uri: str) -> Client:
    """Return a client that gives up after seconds instead of MLflow's minutes, and that sends no usage statistics."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")
    from mlflow import MlflowClient  # noqa: PLC0415

    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.WARNING)
    # it warns of every attempt; that the server is away is said once, by the courier
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    _require_that_it_opens(tracking_uri)
    return MlflowClient(tracking_uri=tracking_uri)


def _require_that_it_opens(tracking_uri: str) -> None:
    """Raise an OSError at once where MLflow would try a SQLite file ten times, for 100 s, and warn each time."""
    from sqlalchemy.engine import make_url  # noqa: PLC0415

    path = make_url(tracking_uri).database if tracking_uri.lower().startswith("sqlite") else None
    if not path or path.startswith("file:"):
        return
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    try:
        with closing(sqlite3.connect(path)) as store:
            store.execute("PRAGMA schema_version")
    except sqlite3.Error as error:
        raise OSError(f"{path}: {error}") from error


def run_to_open(client: Client, start: Start) -> tuple[str, bool]:
    """Return the id of the run that `start` asks for, and whether it is one of before that is to be taken over.

    That is the run it names, or the run an unanswered earlier request has made, or the run to go on with when that is
    there and at rest, or a new run.
    """
    if start.run_id is not None:
        return client.get_run(start.run_id).info.run_id, False
    experiment_id = _experiment(client, start.experiment, _artifact_location(client.tracking_uri, start.experiment))
    made = _with_key(client, experiment_id, start.key)
    if made is not None:
        return made.info.run_id, False
    continued = _continued(client, experiment_id, start)
    if continued is not None:
        return continued, True
    tags = {**start.tags, KEY_TAG: start.key}
    return client.create_run(experiment_id, start.started_ms, tags, start.run_name).info.run_id, False


def take_over(client: Client, run_id: str, start: Start) -> None:
    """Make this process the owner of a run of before, and set it to work again."""
    # the owner first: a run at work whose owner is dead would be buried
    for name, value in start.tags.items():
        client.set_tag(run_id, name, value)
    client.update_run(run_id, status="RUNNING")


def _with_key(client: Client, experiment_id: str, key: str) -> Any:  # noqa: ANN401 (an mlflow Run)
    found = client.search_runs([experiment_id], f"tags.`{KEY_TAG}` = '{key}'", max_results=1)
    return found[0] if found else None


def _continued(client: Client, experiment_id: str, start: Start) -> str | None:
    from mlflow.exceptions import MlflowException  # noqa: PLC0415

    if start.continued_id is None and start.continued_key is None:
        return None
    name = start.continued_id or start.continued_key
    run = None
    if start.continued_id is not None:
        try:
            run = client.get_run(start.continued_id)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
    elif start.continued_key is not None:
        run = _with_key(client, experiment_id, start.continued_key)
    if run is None or run.info.lifecycle_stage != "active":
        logger.warning("The tracked run %s of the checkpoint is not in this store: a new run is made.", name)
        return None
    if run.info.status == "RUNNING" and owner_lives(run.data.tags):
        elsewhere = f" on another host or in another container, or was less than {SILENCE_MIN} minutes ago"
        where = "" if is_of_this_host(run.data.tags) else elsewhere
        logger.warning("The tracked run %s of the checkpoint is still at work%s: a new run is made.", name, where)
        return None
    return run.info.run_id


def _experiment(client: Client, name: str, location: str | None) -> str:
    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            # what MLflow calls ordinary training, in contrast to work on language models
            return client.create_experiment(name, location, {"mlflow.experimentKind": "custom_model_development"})
        except Exception:  # two runs may make it at the same moment
            found = client.get_experiment_by_name(name)
            if found is None:
                raise
    if found.lifecycle_stage != "active":
        raise RuntimeError(
            f"the experiment {name!r} was deleted; `mlflow experiments restore -x {found.experiment_id}` brings it back"
        )
    return found.experiment_id


def _artifact_location(tracking_uri: str, experiment: str) -> str | None:
    """Return a folder beside a SQLite file: MLflow's own choice is the current folder, wherever that is."""
    scheme, _, path = tracking_uri.partition(":///")
    if scheme.partition("+")[0] != "sqlite" or not path:
        return None
    folder = Path(path).resolve().parent / "mlruns"
    return (folder / clean_name(experiment).replace("/", "_")).as_uri()


def _send_params(client: Client, run_id: str, values: dict[str, str]) -> None:
    from mlflow.entities import Param  # noqa: PLC0415

    # a continued run keeps the parameters it began with: MLflow refuses to change them
    known = client.get_run(run_id).data.params
    new = [Param(name, value) for name, value in values.items() if name not in known]
    for at in range(0, len(new), _BATCH):
        client.log_batch(run_id, params=new[at : at + _BATCH])


def send_metrics(client: Client, run_id: str, entry: Metrics) -> None:
    """Log numbers in as few calls as MLflow allows."""
    from mlflow.entities import Metric  # noqa: PLC0415

    points = [Metric(name, value, entry.time_ms, entry.step) for name, value in entry.values.items()]
    for at in range(0, len(points), 10 * _BATCH):
        client.log_batch(run_id, metrics=points[at : at + 10 * _BATCH])


def _send_picture(client: Client, run_id: str, entry: Picture) -> None:
    from PIL import Image  # noqa: PLC0415

    with Image.open(entry.source) as picture:
        client.log_image(
            run_id, picture.convert("RGB"), key=entry.key, step=entry.step, timestamp=entry.time_ms, synchronous=True
        )


def _send_dataset(client: Client, run_id: str, entry: Dataset) -> None:
    import pandas as pd  # noqa: PLC0415
    from mlflow.data.dataset_source_registry import get_registered_sources  # noqa: PLC0415
    from mlflow.data.pandas_dataset import from_pandas  # noqa: PLC0415
    from mlflow.entities import DatasetInput, InputTag  # noqa: PLC0415

    frame = pd.read_csv(entry.table, dtype=str, keep_default_na=False)
    # given as a text, MLflow warns that it knows two classes of that name
    kinds: list[Any] = get_registered_sources()
    sources = {kind.__name__: kind for kind in kinds}
    source = sources["LocalArtifactDatasetSource"](entry.source)
    dataset: Any = from_pandas(frame, source=source, name=entry.name, digest=entry.digest)
    tag = InputTag("mlflow.data.context", entry.context)
    client.log_inputs(run_id, [DatasetInput(dataset._to_mlflow_entity(), [tag])])  # noqa: SLF001 (as MLflow's fluent API)
    client.log_artifact(run_id, entry.table, "manifest")
