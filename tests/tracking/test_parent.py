import pytest

from dermaseg_monai.tracking import ParentRun


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
