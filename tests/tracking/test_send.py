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
