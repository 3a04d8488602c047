from pathlib import Path

import pytest

from dermaseg_monai.errors import DataError
from dermaseg_monai.tracking.entries import Dataset, End, Entry, File, Metrics, Params, Picture, Start, Text
from dermaseg_monai.tracking.spool import Spool, send_command, spool_name

START = Start("sqlite:///a.db", "demo", "one", "k1", 5, {"a": "b"}, run_id="r")


def entries(folder: Path) -> list[Entry]:
    return [
        START,
        Params({"lr": "0.1"}),
        Metrics({"loss": 0.5}, 3, 1000),
        Text("config.json", "{}"),
        File(f"{folder}/a/b.csv", "validation"),
        Picture(f"{folder}/a/p.png", "panels/a", 2, 7),
        Dataset(f"{folder}/a/m.csv", "demo 1", "abc", "/a/m.json", "training"),
        End("FINISHED", 9),
    ]


def test_entries_come_back_as_they_were_written(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "unsent.jsonl")
    written = entries(tmp_path)
    spool.write(written[:3])
    for entry in written[3:]:
        spool.append(entry)
    assert spool.read() == written


def test_characters_that_end_a_line_elsewhere_do_not_end_an_entry(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "unsent_k.jsonl")
    written = [START, Text("code.diff", "one\u2028two\u2029three\x85four\x0cfive\rsix")]
    spool.write(written)
    assert spool.read() == written


def test_a_file_outside_the_folder_of_the_run_is_not_sent(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    run, secret = tmp_path / "run", tmp_path / "secret.txt"
    run.mkdir()
    secret.touch()
    (run / "link.csv").symlink_to(secret)
    spool = Spool(run / "unsent.jsonl")
    files = [File(str(secret)), File(f"{run}/../secret.txt"), File(str(run / "link.csv"))]
    spool.write([START, *files, Picture("/a.png", "a", 1, 1), Dataset("/a", "b", "c", "d", "e"), End("FINISHED", 9)])
    assert spool.read() == [START, End("FINISHED", 9)]
    assert caplog.text.count("outside the folder of its run") == 5


def test_a_last_line_cut_off_by_a_kill_is_left_out(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "unsent.jsonl")
    spool.write(entries(tmp_path))
    spool.path.write_text(spool.path.read_text()[:-20])
    assert spool.read() == entries(tmp_path)[:-1]


def test_a_line_damaged_in_the_middle_hides_nothing_that_follows(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "unsent.jsonl")
    spool.write(entries(tmp_path))
    first, second, *rest = spool.path.read_text().splitlines(keepends=True)
    spool.path.write_text("".join([first, f"{second[:-9]}\n", *rest]))
    with pytest.raises(DataError, match=r"unsent\.jsonl, line 2 is no tracking entry"):
        spool.read()


@pytest.mark.parametrize(("content", "said"), [(b"nonsense", "line 1 is no tracking entry"), (b"\xff", "Cannot read")])
def test_what_is_no_spool_at_all_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "unsent.jsonl").write_bytes(content)
    with pytest.raises(DataError, match=said):
        Spool(tmp_path / "unsent.jsonl").read()


def test_where_nothing_is_unsent_nothing_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    spool = Spool(tmp_path / "unsent.jsonl")
    assert spool.read_if_any() == []
    assert (spool.path, caplog.text) == (tmp_path / "unsent.jsonl", "")


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.jsonl"
    path.write_text('{"kind": "start"}\n{"a": 1}\n')
    with pytest.raises(DataError, match=r"other\.jsonl, line 1 is no tracking entry.*tracking_unsent"):
        Spool(path).read()


def test_an_unreadable_spool_is_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "unsent.jsonl"
    path.write_text("nonsense\n{}\n")
    spool = Spool(path)
    assert spool.read_if_any() == []
    spool.write(entries(tmp_path))
    assert path.read_text() == "nonsense\n{}\n"
    assert "line 1 is no tracking entry" in caplog.text


def test_no_space_costs_one_warning_and_no_training(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    spool = Spool(tmp_path / "file" / "unsent.jsonl")
    spool.write(entries(tmp_path))
    assert caplog.text.count("cannot be kept") == 1
    spool.append(entries(tmp_path)[1])
    assert caplog.text.count("cannot be kept") == 1
    Spool(spool.path).append(entries(tmp_path)[1])
    assert caplog.text.count("cannot be kept") == 2


def test_two_runs_never_share_a_file() -> None:
    assert spool_name("0123456789") != spool_name("abcdef0123")


def test_the_command_to_send_asks_for_what_was_hidden_and_is_quoted(tmp_path: Path) -> None:
    command = send_command(tmp_path / "a b.jsonl", "postgresql://db/m?user=anna&password=***")
    assert command.endswith(
        f"send '{tmp_path / 'a b.jsonl'}' --tracking_uri 'postgresql://db/m?user=anna&password=PASSWORD'"
    )
