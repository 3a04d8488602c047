import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ignite.engine import Engine, Events
from monai.engines.evaluator import SupervisedEvaluator
from torch import Tensor, nn
from torch.utils.data import DataLoader

from dermaseg_monai.metrics import read_scores, score_case
from dermaseg_monai.tracking import ValidationTracking

IDS = tuple(f"case_{index}" for index in range(5))


LESION = np.ones((4, 6), bool)
SCORE = score_case(LESION, LESION, case_id="", both_empty=1.0, surface=False)


class Recorder:
    """Stands for the tracker."""

    def __init__(self, output_dir: Path) -> None:
        self.output_dir = output_dir
        self.is_running = True
        self.metrics: list[tuple[int, dict[str, Any]]] = []
        self.files: list[str] = []
        self.pictures: list[tuple[str, int]] = []
        self.figures: dict[str, Any] = {}

    def log_metrics(self, values: dict[str, Any], *, step: int) -> None:
        self.metrics.append((step, dict(values)))

    def log_file(self, path: Path, folder: str) -> None:
        self.files.append(f"{folder}/{path.name}")

    def log_picture(self, path: Path, *, key: str, step: int) -> None:
        assert path.is_file()
        self.pictures.append((key, step))

    def note_figures(self, values: dict[str, Any]) -> None:
        self.figures.update(values)


class Network(nn.Module):
    """Logit 0 everywhere; the heads say 0 (0.5 as a probability), and a far larger boundary."""

    def forward(self, image: Tensor) -> Tensor:
        return torch.zeros_like(image[:, :1])

    def heads(self, image: Tensor) -> dict[str, Tensor]:
        flat = torch.zeros_like(image[:, :1])
        return {"pred": flat, "boundary": flat + 100}


class Rows:
    """The scorer of the engines room, reduced: it is attached after the tracking."""

    def __init__(self, ids: tuple[str, ...]) -> None:
        self.ids = ids

    def attach(self, engine: Engine) -> None:
        engine.add_event_handler(Events.EPOCH_COMPLETED, self.fill)

    def fill(self, engine: Any) -> None:  # noqa: ANN401
        engine.state.case_scores = [
            replace(SCORE, case_id=name, dice=index / 10) for index, name in enumerate(self.ids)
        ]
        engine.state.metrics["val_dice"] = 0.2
        engine.state.best_metric_epoch = 3


def draw(calls: list[dict[str, Any]]) -> Any:  # noqa: ANN401
    def make(
        image: np.ndarray,
        maps: dict[str, np.ndarray],
        *,
        case_id: str,
        label: np.ndarray | None = None,
        dice: float | None = None,
        note: str = "",
    ) -> np.ndarray:
        assert note.startswith("epoch ")
        calls.append({"image": image, "maps": maps, "case_id": case_id, "label": label, "dice": dice})
        return np.zeros((4, 4, 3), np.uint8)

    return make


@pytest.fixture
def recorder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    def init(self: Any, tracker: Any, panels: Any = None, panel_cases: int = 4) -> None:  # noqa: ANN401
        self.tracker, self.panels, self.panel_cases = tracker, panels, panel_cases
        self._position, self._chosen, self._seen = 0, frozenset(), []

    monkeypatch.setattr(ValidationTracking, "__init__", init)
    return Recorder(tmp_path)


def run(
    recorder: Recorder,
    calls: list[dict[str, Any]],
    *,
    label: torch.Tensor | None = None,
    epoch: int = 3,
    network: nn.Module | None = None,
    ids: tuple[str, ...] = IDS,
) -> None:
    label = torch.ones(1, 4, 6) if label is None else label
    cases = [
        {
            "image": torch.full((3, *label.shape[1:]), 0.2 * index),
            "label": label,
            "case_id": case_id,
        }
        for index, case_id in enumerate(ids)
    ]
    tracking = ValidationTracking(recorder, draw(calls), 3)  # pyright: ignore[reportArgumentType]
    evaluator = SupervisedEvaluator(
        device=torch.device("cpu"),
        val_data_loader=DataLoader(cases, batch_size=2),  # pyright: ignore[reportArgumentType]
        network=network or Network(),
        val_handlers=[tracking, Rows(ids)],  # pyright: ignore[reportArgumentType]
    )
    evaluator.run(global_epoch=epoch)


def test_scores_go_to_the_epoch_of_the_trainer(recorder: Recorder) -> None:
    run(recorder, [])
    assert recorder.metrics == [(3, {"val_dice": 0.2}), (3, {"best/val_dice": 0.2, "best/epoch": 3})]
    assert recorder.figures == {"val_dice": 0.2, "best_epoch": 3}


def test_the_table_has_a_row_per_image_and_no_empty_column(recorder: Recorder, tmp_path: Path) -> None:
    run(recorder, [])
    assert recorder.files == ["validation/cases_last.csv", "validation/cases_best.csv"]
    rows = read_scores(tmp_path / "validation" / "cases_best.csv")
    assert [(row.case_id, row.dice) for row in rows] == [(name, index / 10) for index, name in enumerate(IDS)]
    header = (tmp_path / "validation" / "cases_best.csv").read_text().splitlines()[0]
    assert "hd95" not in header


def test_no_id_of_the_table_is_a_formula(recorder: Recorder, tmp_path: Path) -> None:
    run(recorder, [], ids=("=1+1", "b"))
    lines = (tmp_path / "validation" / "cases_best.csv").read_text().splitlines()
    assert lines[1].startswith("'=1+1,")


def test_a_worse_validation_leaves_the_best_table_alone(recorder: Recorder) -> None:
    run(recorder, [], epoch=4)
    assert recorder.files == ["validation/cases_last.csv"]
    assert recorder.figures == {}


def test_panels_show_cases_spread_over_the_set_with_the_dice_of_the_table(recorder: Recorder) -> None:
    calls: list[dict[str, Any]] = []
    run(recorder, calls)
    assert [(call["case_id"], call["dice"]) for call in calls] == [("case_0", 0.0), ("case_2", 0.2), ("case_4", 0.4)]
    assert recorder.pictures == [("panels/case_0", 3), ("panels/case_2", 3), ("panels/case_4", 3)]
    last = calls[2]
    assert last["image"].shape == (4, 6, 3)
    assert last["image"][0, 0, 0] == 204  # 0.8 * 255
    assert last["label"].all()
    assert set(last["maps"]) == {"pred", "boundary"}
    assert last["maps"]["pred"][0, 0] == 0.5
    assert last["maps"]["boundary"][0, 0] == 1.0


def test_ids_that_are_no_file_names_get_a_picture_each(recorder: Recorder) -> None:
    ids = ("病例一", "-", "病例二", "-", "x" * 300)
    run(recorder, [], ids=ids)
    keys = [key for key, _ in recorder.pictures]
    assert len(set(keys)) == 3
    assert all(re.fullmatch(r"panels/[A-Za-z0-9_.-]{1,130}", key) for key in keys)  # what MLflow takes
    names = {path.stem for path in (recorder.output_dir / "panels" / "epoch_0003").iterdir()}
    assert names == {key.removeprefix("panels/") for key in keys}


class Normed(Network):
    """Its heads pass through batch norm, which a pass in training mode would change."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(3)

    def heads(self, image: Tensor) -> dict[str, Tensor]:
        return {"pred": self.norm(image)[:, :1]}


def test_looking_at_a_case_changes_nothing_in_the_network(recorder: Recorder) -> None:
    network = Normed()
    run(recorder, [], network=network)
    assert recorder.pictures
    assert network.norm.num_batches_tracked == 0
    assert network.training


def test_a_volume_is_shown_by_its_fullest_slice_with_front_up_and_the_patients_left_on_the_right(
    recorder: Recorder,
) -> None:
    calls: list[dict[str, Any]] = []
    lesion = torch.zeros(1, 4, 6, 5)  # x to the right, y to the front, z up
    lesion[0, :2, 5, 1] = 1
    lesion[0, 0, 0, 4] = 1
    run(recorder, calls, label=lesion)
    assert calls[0]["image"].shape == (6, 4, 3)
    assert calls[0]["maps"]["pred"].shape == (6, 4)
    expected = np.zeros((6, 4), bool)
    expected[0, 2:] = True
    assert calls[0]["label"].tolist() == expected.tolist()


def test_a_volume_is_shown_as_it_was_predicted_even_where_the_network_has_heads(recorder: Recorder) -> None:
    class Layered(Network):
        def __init__(self) -> None:
            super().__init__()
            self.heads = nn.ModuleList()  # as MONAI's DynUNet

    calls: list[dict[str, Any]] = []
    run(recorder, calls, label=torch.ones(1, 4, 6, 5), network=Layered())
    assert set(calls[0]["maps"]) == {"pred"}


def test_nothing_happens_when_no_run_is_open(recorder: Recorder, tmp_path: Path) -> None:
    recorder.is_running = False
    calls: list[dict[str, Any]] = []
    run(recorder, calls)
    assert (recorder.metrics, calls) == ([], [])
    assert list(tmp_path.iterdir()) == []
