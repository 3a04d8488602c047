"""How a run is opened in MLflow: under which address, name and tags, anew or as the continuation of another."""

import time
import uuid
from collections.abc import Mapping
from typing import Any, Final

from dermaseg_monai.errors import ConfigError
from dermaseg_monai.tracking.entries import Start
from dermaseg_monai.tracking.parameters import lost_login, redact
from dermaseg_monai.tracking.process import PARENT_TAG, owner_tags
from dermaseg_monai.tracking.record import RunRecord
from dermaseg_monai.tracking.source import source_tags

TRAINING: Final = "training"

_STORES: Final = frozenset({"sqlite", "postgresql", "mysql", "mssql", "http", "https", "databricks"})


def opening(
    record: RunRecord,
    *,
    tracking_uri: str,
    experiment: str,
    run_name: str | None,
    job: str,
    parent_run: str | None,
    continued: Mapping[str, Any] | None,
) -> Start:
    """Return the first entry of a run; `continued` is what a checkpoint kept of the run to go on with."""
    tags = {**owner_tags(), **source_tags(record), "dermaseg.job": job}
    kind = record.bundle if job in (TRAINING, record.bundle) else f"{record.bundle} {job}"
    if parent_run is not None:
        tags[PARENT_TAG] = parent_run
    if continued is not None:
        tags["dermaseg.resumed_at"] = record.started_at
    earlier = continued or {}
    return Start(
        tracking_uri=redact(tracking_uri),
        experiment=experiment,
        run_name=run_name or f"{kind} {time.strftime('%Y-%m-%d %H:%M:%S')}",
        key=uuid.uuid4().hex,
        started_ms=int(time.time() * 1000),
        tags=tags,
        continued_id=earlier.get("run_id"),
        continued_key=earlier.get("key"),
    )


def checked_uri(uri: str) -> str:
    """Return the address of a store. Raises: ConfigError (MLflow 3 takes no such, or it would not last)."""
    scheme, _, rest = uri.partition("://")
    scheme = scheme.partition("+")[0].lower()
    if scheme == "sqlite":
        _require_file(uri, rest.removeprefix("/"))
    if lost_login(uri):
        raise ConfigError(
            f"The address of the store, {uri}, has lost its login: files keep none. "
            "Give it again: --tracking_uri ADDRESS."
        )
    if rest and scheme in _STORES:
        return uri
    raise ConfigError(
        f"--tracking_uri is {redact(uri)!r}, but MLflow 3 keeps runs in a database or on a server, "
        "not in a folder. Give e.g. sqlite:////data/mlflow.db or http://host:5000."
    )


def _require_file(uri: str, path: str) -> None:
    if path.partition("?")[0] in ("", ":memory:") or "mode=memory" in path or path.startswith("file::memory:"):
        raise ConfigError(
            f"--tracking_uri {uri} names no file: the run would be gone when it ends. Give sqlite:///FILE."
        )
