import time
from typing import Any

import pytest

from dermaseg_monai.tracking import ParentRun
from dermaseg_monai.tracking.delivery import connect, take_over
from dermaseg_monai.tracking.process import ALIVE_TAG


def test_a_store_that_is_away_is_warned_of_without_its_login(caplog: pytest.LogCaptureFixture) -> None:
    parent = ParentRun(
        tracking_uri="http://anna:hunter2@127.0.0.1:9",
        experiment="loss",
        run_name="loss",
        command="dermaseg ablate loss",
    )
    assert parent.open() is None
    parent.end("FINISHED")
    assert "http://***@127.0.0.1:9 does not answer" in caplog.text
    assert "hunter2" not in caplog.text


def test_what_the_store_refuses_is_warned_of_without_a_login(
    store: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("dermaseg_monai.tracking.parent._ATTEMPTS", 1)
    monkeypatch.setattr("dermaseg_monai.tracking.parent._PAUSE_S", 0.0)
    parent = ParentRun(tracking_uri=store, experiment="loss", run_name="loss", command="dermaseg ablate loss")
    assert parent.open() is not None

    def refuse(*_: object) -> None:
        raise ConnectionError("API request to http://anna:hunter2@host:5000/api failed")

    monkeypatch.setattr("mlflow.MlflowClient.set_terminated", refuse)
    parent.end("FINISHED")
    assert "API request to http://***@host:5000/api failed" in caplog.text
    assert "hunter2" not in caplog.text


def test_a_run_that_was_taken_over_without_an_answer_is_ended_all_the_same(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def parent(continued_id: str | None = None) -> ParentRun:
        named = {"experiment": "loss", "run_name": "loss", "command": "dermaseg ablate loss"}
        return ParentRun(tracking_uri=store, **named, continued_id=continued_id)

    def no_answer(*what: Any) -> None:  # noqa: ANN401
        take_over(*what)
        raise TimeoutError("no answer")

    first = parent()
    run_id = first.open()
    first.end("FAILED")
    monkeypatch.setattr("dermaseg_monai.tracking.parent.take_over", no_answer)
    second = parent(run_id)
    assert second.open() == run_id
    second.end("FINISHED")
    assert connect(store).get_run(str(run_id)).info.status == "FINISHED"


def test_it_gives_signs_of_life_between_open_and_end(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dermaseg_monai.tracking.pulse._INTERVAL_S", 0.05)
    parent = ParentRun(tracking_uri=store, experiment="loss", run_name="loss", command="dermaseg ablate loss")
    run_id = parent.open()
    client = connect(store)
    client.set_tag(run_id, ALIVE_TAG, "0")
    end = time.monotonic() + 120
    while client.get_run(run_id).data.tags[ALIVE_TAG] == "0" and time.monotonic() < end:
        time.sleep(0.05)
    parent.end("FINISHED")
    assert float(client.get_run(run_id).data.tags[ALIVE_TAG]) > time.time() - 120
    client.set_tag(run_id, ALIVE_TAG, "0")
    time.sleep(0.5)
    assert client.get_run(run_id).data.tags[ALIVE_TAG] == "0"
