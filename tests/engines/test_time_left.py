import pytest

from dermaseg_monai.engines.time_left import TimeLeft


def test_without_a_terminal_lines_say_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    progress = TimeLeft("Stress test", 10, "photographs", every_s=0.0)
    with progress:
        progress.skip(4)
        progress.move("hair 1")
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("Stress test: 4 of 10 photographs, ")
    assert said[1].startswith("hair 1: 5 of 10 photographs, ")


def test_lines_do_not_come_more_often_than_asked(capsys: pytest.CaptureFixture[str]) -> None:
    progress = TimeLeft("Stress test", 10, "photographs")
    with progress:
        for _ in range(10):
            progress.move("hair 1")
    assert capsys.readouterr().err == ""


def test_a_bar_on_a_terminal_is_taken_away_also_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes it for a terminal
    progress = TimeLeft("Stress test", 2, "photographs")

    def stopped() -> None:
        with progress:
            progress.move("hair 1")
            assert progress._bar is not None
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert progress._bar is None
