import logging
import time
from pathlib import Path

import pytest

from dermaseg_monai.tracking.delivery import connect, run_to_open
from dermaseg_monai.tracking.entries import Start


def test_a_server_that_is_away_is_not_warned_of_at_every_attempt(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    talker = logging.getLogger("urllib3.connectionpool")
    before = talker.level
    talker.setLevel(logging.NOTSET)
    try:
        client = connect("http://127.0.0.1:9")
        with pytest.raises(Exception, match=r"127\.0\.0\.1"):
            client.search_experiments()
    finally:
        talker.setLevel(before)
    assert "Retrying" not in caplog.text


def test_a_sqlite_file_that_cannot_be_opened_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").mkdir()
    began_s = time.monotonic()
    with pytest.raises(OSError, match=r"mlflow\.db: unable to open database file"):
        connect(f"sqlite:///{tmp_path / 'mlflow.db'}")
    assert time.monotonic() - began_s < 10


def test_a_request_that_was_never_answered_makes_no_second_run(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    client = connect(uri)
    start = Start(tracking_uri=uri, experiment="e", run_name="one", key="k1", started_ms=1)
    first, again = run_to_open(client, start), run_to_open(client, start)
    assert first == again
    other = Start(tracking_uri=uri, experiment="e", run_name="one", key="k2", started_ms=1)
    assert run_to_open(client, other)[0] != first[0]
