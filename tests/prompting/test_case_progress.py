import pytest
from ignite.engine import Engine

from dermaseg_monai.prompting import CaseProgress, case_progress


def run(step: object, *, images: int) -> None:
    engine = Engine(step)  # pyright: ignore[reportArgumentType] (a step is any function of engine and batch)
    CaseProgress().attach(engine)
    engine.run(range(images))


def test_without_a_terminal_a_line_says_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(case_progress, "_EVERY_S", 0.0)
    run(lambda _engine, batch: batch, images=3)
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(",")[0] for line in lines] == ["1 of 3 images", "2 of 3 images", "3 of 3 images"]
    assert lines[-1] == "3 of 3 images, 0:00:00 left"


def test_a_short_evaluation_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    run(lambda _engine, batch: batch, images=3)
    assert capsys.readouterr().out == ""


def test_an_error_is_passed_on() -> None:
    def step(_engine: Engine, _batch: int) -> None:
        raise ValueError("the reason")

    with pytest.raises(ValueError, match="the reason"):
        run(step, images=2)
