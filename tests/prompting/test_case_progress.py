import pytest
from ignite.engine import Engine

from dermaseg_monai.prompting import CaseProgress


def run(step: object, *, images: int, every_s: float = 60.0) -> None:
    engine = Engine(step)  # pyright: ignore[reportArgumentType] (a step is any function of engine and batch)
    CaseProgress(every_s=every_s).attach(engine)
    engine.run(range(images))


def test_without_a_terminal_a_line_says_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    run(lambda _engine, batch: batch, images=3, every_s=0.0)
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(",")[0] for line in lines] == [f"Prompting: {done} of 3 images" for done in (1, 2, 3)]
    assert lines[-1] == "Prompting: 3 of 3 images, 0:00:00 left"


def test_a_short_evaluation_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    run(lambda _engine, batch: batch, images=3)
    assert capsys.readouterr().err == ""


def test_an_error_is_passed_on() -> None:
    def step(_engine: Engine, _batch: int) -> None:
        raise ValueError("the reason")

    with pytest.raises(ValueError, match="the reason"):
        run(step, images=2)
