import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ignite.engine import Engine
from PIL import Image

from dermaseg_monai.engines import PixelConfusion
from dermaseg_monai.errors import ConfigError
from dermaseg_monai.metrics import Counts, PooledScores


def _map(rows: str) -> torch.Tensor:
    return torch.tensor([[[float(pixel) for pixel in row] for row in rows.split()]])


def _run(handler: PixelConfusion, batches: list[Any]) -> PooledScores:
    def step(engine: Any, batch: Any) -> Any:  # noqa: ANN401
        engine.state.batch = [sample for sample, _ in batch]
        return [result for _, result in batch]

    engine = Engine(step)
    handler.attach(engine)
    engine.run(batches)
    return engine.state.pooled  # pyright: ignore[reportAttributeAccessIssue]


def _grey(_pooled: PooledScores) -> np.ndarray:
    return np.full((4, 6, 3), 99, dtype=np.uint8)


ONE = ({"case_id": "a"}, {"pred": _map("11 00"), "label": _map("10 00")})
TWO = ({"case_id": "b"}, {"pred": _map("000 000"), "label": _map("110 000")})


def test_the_pixels_of_all_cases_are_pooled_each_case_once(tmp_path: Path) -> None:
    found = _run(PixelConfusion(tmp_path, threshold=0.5, both_empty=1.0, picture=_grey), [[ONE, TWO], [ONE]])
    assert found.counts == Counts(tp=1, fp=1, fn=2, tn=6)
    assert (found.n, found.accuracy, found.precision, found.recall) == (2, 0.7, 0.5, pytest.approx(1 / 3))
    assert json.loads((tmp_path / "confusion.json").read_text())["f1"] == pytest.approx(2 / 5)
    with Image.open(tmp_path / "confusion.png") as picture:
        assert picture.size == (6, 4)


def test_a_second_run_starts_with_nothing(tmp_path: Path) -> None:
    handler = PixelConfusion(tmp_path, threshold=0.5, both_empty=1.0)
    _run(handler, [[ONE]])
    assert _run(handler, [[TWO]]).counts == Counts(tp=0, fp=0, fn=2, tn=4)
    assert not (tmp_path / "confusion.png").exists()


def test_empty_predictions_of_empty_labels_score_the_policy(tmp_path: Path) -> None:
    nothing = ({"case_id": "a"}, {"pred": _map("00"), "label": _map("00")})
    found = _run(PixelConfusion(tmp_path, threshold=0.5, both_empty=1.0), [[nothing]])
    assert set(found.scores.values()) == {1.0}


def test_another_grid_is_said(tmp_path: Path) -> None:
    case = ({"case_id": "a"}, {"pred": _map("11"), "label": _map("10 00")})
    with pytest.raises(ConfigError, match=r"Case a: the prediction has \(1, 2\) px, the label \(2, 2\).*RestoreGridd"):
        _run(PixelConfusion(tmp_path, threshold=0.5, both_empty=1.0), [[case]])
