import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from dermaseg_monai.tracking.courier import Courier
from dermaseg_monai.tracking.entries import End, Entry, Metrics, Start, Text
from dermaseg_monai.tracking.spool import Spool

START = Start("http://nowhere", "demo", "one", "key", 0)


class Server:
    """A delivery whose server can go away and come back."""

    def __init__(self) -> None:
        self.start = START
        self.up = threading.Event()
        self.up.set()
        self.got: list[Entry] = []
        self.refused: set[str] = set()
        self.broken: set[str] = set()

    def __call__(self, entry: Entry) -> None:
        if not self.up.is_set():
            raise ConnectionError("no route to host")
        if isinstance(entry, Text) and entry.path in self.refused:
            raise ValueError("refused for good")
        if isinstance(entry, Text) and entry.path in self.broken:
            raise ConnectionError("disk of the server is full")
        if isinstance(entry, Start):
            self.start = replace(entry, run_id="r1")
        self.got.append(entry)

    def answers(self) -> bool:
        return self.up.is_set()

    def is_temporary(self, error: Exception) -> bool:
        return isinstance(error, ConnectionError)


def metrics(step: int) -> Metrics:
    return Metrics({"loss": 1.0}, step, step)


def wait_for(condition: object, seconds: float = 5.0) -> None:
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def courier(server: Server, tmp_path: Path) -> Courier:
    return Courier(server, Spool(tmp_path / "unsent.jsonl"), pauses_s=(0.02,))


def test_entries_arrive_in_order_and_nothing_is_left(courier: Courier, server: Server, tmp_path: Path) -> None:
    sent = [START, *(metrics(step) for step in range(50)), End("FINISHED", 1)]
    for entry in sent:
        courier.submit(entry)
    assert courier.close(patience_s=1.0, limit_s=60.0) == 0
    assert server.got == sent
    assert list(tmp_path.iterdir()) == []


def test_what_a_server_missed_is_sent_when_it_is_back(
    courier: Courier, server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    courier.submit(START)
    courier.submit(metrics(1))
    wait_for(lambda: len(server.got) == 2)
    server.up.clear()
    for step in range(2, 6):
        courier.submit(metrics(step))
    wait_for((tmp_path / "unsent.jsonl").is_file)
    server.up.set()
    wait_for(lambda: len(server.got) == 6)
    courier.submit(End("FINISHED", 1))
    assert courier.close(patience_s=1.0, limit_s=60.0) == 0
    assert server.got == [START, *(metrics(step) for step in range(1, 6)), End("FINISHED", 1)]
    assert not (tmp_path / "unsent.jsonl").exists()
    assert caplog.text.count("Tracking does not work at the moment") == 1


def test_a_server_that_never_answers_costs_its_patience_and_leaves_everything_in_the_spool(
    courier: Courier, server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.up.clear()
    for entry in (START, metrics(1), metrics(2), End("FINISHED", 1)):
        courier.submit(entry)
    began_s = time.monotonic()
    assert courier.close(patience_s=0.3, limit_s=60.0) == 4
    assert time.monotonic() - began_s < 30
    assert Spool(tmp_path / "unsent.jsonl").read() == [START, metrics(1), metrics(2), End("FINISHED", 1)]
    assert "python -m dermaseg_monai.tracking.send" in caplog.text
    assert str(tmp_path / "unsent.jsonl") in caplog.text


def test_the_command_that_sends_later_asks_for_a_login_that_is_not_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = Server()
    server.start = replace(START, tracking_uri="http://***@host:5000")
    server.up.clear()
    courier = Courier(server, Spool(tmp_path / "unsent.jsonl"), pauses_s=(0.02,))
    courier.submit(START)
    courier.close(patience_s=0.1, limit_s=60.0)
    assert f"send {tmp_path / 'unsent.jsonl'} --tracking_uri http://USER:PASSWORD@host:5000" in caplog.text


def test_the_spool_knows_the_run_that_was_open(courier: Courier, server: Server, tmp_path: Path) -> None:
    courier.submit(START)
    wait_for(lambda: len(server.got) == 1)
    server.up.clear()
    courier.submit(metrics(1))
    courier.close(patience_s=0.1, limit_s=60.0)
    assert Spool(tmp_path / "unsent.jsonl").read() == [replace(START, run_id="r1"), metrics(1)]


def test_an_entry_refused_for_good_does_not_hold_up_the_others(
    courier: Courier, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    server.refused.add("bad")
    for entry in (START, Text("bad", ""), metrics(1)):
        courier.submit(entry)
    assert courier.close(patience_s=1.0, limit_s=60.0) == 0
    assert server.got == [START, metrics(1)]
    assert "Not tracked (Text): ValueError: refused for good" in caplog.text


def test_an_entry_that_fails_alone_is_set_aside_and_kept(courier: Courier, server: Server, tmp_path: Path) -> None:
    server.broken.add("big")
    for entry in (START, Text("big", ""), metrics(1), End("FINISHED", 1)):
        courier.submit(entry)
    assert courier.close(patience_s=2.0, limit_s=60.0) == 1
    assert server.got == [START, metrics(1), End("FINISHED", 1)]
    assert Spool(tmp_path / "unsent.jsonl").read() == [replace(START, run_id="r1"), Text("big", "")]


def test_what_was_set_aside_stays_on_the_disk_while_the_run_goes_on(
    courier: Courier, server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    spool, kept = Spool(tmp_path / "unsent.jsonl"), [replace(START, run_id="r1"), Text("big", "")]
    server.broken.add("big")
    for entry in (START, Text("big", "")):
        courier.submit(entry)
    wait_for(lambda: "1 entries still wait" in caplog.text)
    assert spool.read() == kept
    assert "everything that waited was sent" not in caplog.text
    server.up.clear()
    courier.submit(metrics(1))
    wait_for(lambda: spool.read() == [*kept, metrics(1)])  # a second outage does not forget the first
    server.up.set()
    wait_for(lambda: metrics(1) in server.got)
    wait_for(lambda: spool.read() == kept)
    server.broken.clear()
    assert courier.close(patience_s=2.0, limit_s=60.0) == 1


def test_the_end_of_a_stopped_run_overtakes_what_waits(courier: Courier, server: Server) -> None:
    server.up.clear()
    for entry in (START, metrics(1), metrics(2)):
        courier.submit(entry)
    courier.submit(End("KILLED", 1), first=True)
    server.up.set()
    courier.close(patience_s=1.0, limit_s=60.0)
    assert server.got == [START, End("KILLED", 1), metrics(1), metrics(2)]


def test_no_warning_tells_the_login_of_the_address(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Talkative(Server):
        def __call__(self, entry: Entry) -> None:
            # so long that a cut at 200 characters falls into the login
            address = f"{'x' * 180} http://anna:hunter2{'2' * 30}@host:5000/api"
            raise (ValueError if isinstance(entry, Text) else ConnectionError)(address)

    courier = Courier(Talkative(), Spool(tmp_path / "unsent.jsonl"), pauses_s=(0.02,))
    for entry in (Text("refused", ""), START):
        courier.submit(entry)
    courier.close(patience_s=0.1, limit_s=60.0)
    assert "Not tracked (Text): ValueError" in caplog.text
    assert "Tracking does not work at the moment (ConnectionError" in caplog.text
    assert "hunter2" not in caplog.text


def test_submitting_never_waits(tmp_path: Path) -> None:
    gate = threading.Event()

    class Slow(Server):
        def __call__(self, entry: Entry) -> None:
            gate.wait()
            super().__call__(entry)

    server = Slow()
    courier = Courier(server, Spool(tmp_path / "unsent.jsonl"), pauses_s=(0.02,))
    for step in range(500):
        courier.submit(metrics(step))
    assert server.got == []
    gate.set()
    assert courier.close(patience_s=1.0, limit_s=60.0) == 0
    assert server.got == [metrics(step) for step in range(500)]


class Gate(Server):
    """A delivery that is held up at a gate."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = threading.Event()

    def __call__(self, entry: Entry) -> None:
        self.opened.wait(10)
        super().__call__(entry)


def test_a_server_that_is_slow_but_answers_is_waited_for(tmp_path: Path) -> None:
    server = Gate()
    courier = Courier(server, Spool(tmp_path / "unsent.jsonl"))
    courier.submit(START)
    threading.Timer(0.3, server.opened.set).start()
    assert courier.close(patience_s=0.05, limit_s=60.0) == 0
    assert server.got == [START]


def test_an_upload_that_hangs_costs_the_limit_and_is_kept(tmp_path: Path) -> None:
    server = Gate()
    courier = Courier(server, Spool(tmp_path / "unsent.jsonl"))
    courier.submit(START)
    began_s = time.monotonic()
    assert courier.close(patience_s=60.0, limit_s=0.1) == 1
    assert time.monotonic() - began_s < 5
    assert Spool(tmp_path / "unsent.jsonl").read() == [START]
    server.opened.set()


def test_a_server_that_is_back_within_the_patience_gets_everything(courier: Courier, server: Server) -> None:
    server.up.clear()
    courier.submit(START)
    threading.Timer(0.3, server.up.set).start()
    assert courier.close(patience_s=30.0, limit_s=60.0) == 0
    assert server.got == [START]


def test_what_is_logged_while_the_server_is_away_is_on_the_disk_at_once(
    courier: Courier, server: Server, tmp_path: Path
) -> None:
    server.up.clear()
    courier.submit(START)
    wait_for((tmp_path / "unsent.jsonl").is_file)
    courier.submit(metrics(1))
    assert Spool(tmp_path / "unsent.jsonl").read() == [START, metrics(1)]
    courier.close(patience_s=0.0, limit_s=1.0)


def test_memory_is_bounded_and_the_end_is_never_dropped(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("dermaseg_monai.tracking.courier.LIMIT", 3)
    server.up.clear()
    courier = Courier(server, Spool(tmp_path / "unsent.jsonl"), pauses_s=(0.02,))
    for entry in (START, *(metrics(step) for step in range(10)), End("FINISHED", 1)):
        courier.submit(entry)
    assert courier.close(patience_s=0.0, limit_s=1.0) == 4
    assert caplog.text.count("further metrics are not kept") == 1
