import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ignite.engine import Engine
from PIL import Image

from dermaseg_monai.errors import DataError
from dermaseg_monai.tracking import EvaluationTracking


class Recorder:
    """Stands for the tracker."""

    def __init__(self, output_dir: Path) -> None:
        self.output_dir, self.is_running = output_dir, False
        self.calls: list[tuple[Any, ...]] = []

    def start(self, *, device: str, job: str) -> None:
        assert job == "evaluation"
        self.is_running = True
        self.calls.append(("start", device))

    def log_file(self, path: Path, folder: str) -> None:
        self.calls.append(("file", path.name, folder))

    def log_picture(self, path: Path, *, key: str, step: int) -> None:
        assert path.is_file()
        self.calls.append(("picture", key, step))

    def end(self, status: str) -> None:
        self.calls.append(("end", status))


@pytest.fixture
def recorder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    # the type check of the tests asks for the real class
    def unchecked(self: EvaluationTracking, tracker: Any, split: str, contact_sheet: Any) -> None:  # noqa: ANN401
        self.tracker, self.split, self.files, self.contact_sheet = tracker, split, ("cases.csv",), contact_sheet

    monkeypatch.setattr(EvaluationTracking, "__init__", unchecked)
    return Recorder(tmp_path)


def evaluate(recorder: Recorder, contact_sheet: Any) -> None:  # noqa: ANN401
    engine = Engine(lambda _engine, _batch: None)
    EvaluationTracking(recorder, "test", contact_sheet=contact_sheet).attach(engine)  # pyright: ignore[reportArgumentType]
    engine.run([0])


def test_the_contact_sheet_of_the_output_folder_goes_to_the_run(recorder: Recorder, tmp_path: Path) -> None:
    (tmp_path / "cases.csv").touch()
    folders: list[Path] = []

    def draw(folder: Path) -> np.ndarray:
        folders.append(folder)
        return np.full((4, 6, 3), 200, dtype=np.uint8)

    evaluate(recorder, draw)
    assert folders == [tmp_path]
    assert recorder.calls[1:] == [
        ("file", "cases.csv", "evaluation"),
        ("file", "contact_sheet.png", "evaluation"),
        ("picture", "contact_sheet", 0),
        ("end", "FINISHED"),
    ]
    with Image.open(tmp_path / "contact_sheet.png") as picture:
        assert picture.size == (6, 4)


def test_an_evaluation_is_finished_when_its_sheet_cannot_be_drawn(
    recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    def draw(_folder: Path) -> np.ndarray:
        raise DataError("No case was scored.")

    with caplog.at_level(logging.WARNING):
        evaluate(recorder, draw)
    assert "No contact sheet: No case was scored." in caplog.text
    assert recorder.calls[1:] == [("end", "FINISHED")]


def test_without_a_sheet_maker_nothing_is_drawn(recorder: Recorder, tmp_path: Path) -> None:
    evaluate(recorder, None)
    assert recorder.calls[1:] == [("end", "FINISHED")]
    assert list(tmp_path.iterdir()) == []
