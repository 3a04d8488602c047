from pathlib import Path

import pytest

from dermaseg_monai.tracking.entries import Start
from dermaseg_monai.tracking.send import main as send
from dermaseg_monai.tracking.spool import Spool


@pytest.fixture
def unsent(tmp_path: Path) -> Path:
    path = tmp_path / "tracking_unsent_k1.jsonl"
    Spool(path).write([Start("http://127.0.0.1:9", "demo", "one", "k1", 5)])
    return path


def test_a_server_that_is_away_is_named_without_its_login(unsent: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert send([str(unsent), "--tracking_uri", "http://anna:hunter2@127.0.0.1:9"]) == 1
    said = capsys.readouterr().err
    assert f"http://***@127.0.0.1:9 does not take {unsent}" in said
    assert "Start the server, try again" in said
    assert "hunter2" not in said


def test_an_address_whose_login_was_not_kept_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "tracking_unsent_k1.jsonl"
    Spool(path).write([Start("http://***@127.0.0.1:9", "demo", "one", "k1", 5)])
    assert send([str(path)]) == 1
    said = capsys.readouterr().err
    assert f"{path} goes to http://***@127.0.0.1:9, which has a login that the file does not keep" in said
    assert f"send {path} --tracking_uri http://USER:PASSWORD@127.0.0.1:9" in said
    assert "Start the server" not in said
    assert path.is_file()


def test_the_address_given_again_is_where_it_goes(store: str, tmp_path: Path) -> None:
    path = tmp_path / "tracking_unsent_k1.jsonl"
    Spool(path).write([Start("http://***@127.0.0.1:9", "demo", "one", "k1", 5)])
    assert send([str(path), "--tracking_uri", store]) == 0
    assert not path.exists()
