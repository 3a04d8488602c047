"""The page as a handler beside PredictionFolder, in an evaluator that predicts two photographs."""

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from ignite.engine import Engine, Events
from monai.data.dataloader import DataLoader
from monai.data.dataset import Dataset
from monai.data.meta_tensor import MetaTensor
from monai.engines.evaluator import SupervisedEvaluator
from torch import nn

from dermaseg_monai.data import ImageList, Unreadable
from dermaseg_monai.engines import PredictionFolder
from dermaseg_monai.errors import WeightsError
from dermaseg_monai.images import write_rgb
from dermaseg_monai.report import PredictionPage


class Between:
    """A handler that does something after the table was written and before the page is."""

    def __init__(self, action: Callable[[], object]) -> None:
        self.action = action

    def attach(self, engine: Engine) -> None:
        engine.add_event_handler(Events.COMPLETED, lambda _: self.action())


class Red(nn.Module):
    """The red channel as probability, NaN where a photograph is black."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        red = image[:, :1]
        return torch.where(image.amax() > 0, red, torch.nan)


def predict(out: Path, names: str, *, between: Callable[[], object] = lambda: None, level: int = 255) -> None:
    samples = []
    for name in names:
        path = out.parent / f"{name}.png"
        rgb = np.zeros((6, 8, 3), np.uint8)
        rgb[1:5, 2:5, 0] = level
        write_rgb(path, rgb)
        pixels = torch.from_numpy(rgb.copy()).permute(2, 0, 1).float() / 255
        samples.append({"image": MetaTensor(pixels, meta={"filename_or_obj": str(path)}), "case_id": name})
    images = ImageList([{"case_id": name} for name in names], [Unreadable("z", "z.heic", "z.heic is not read.")])
    evaluator = SupervisedEvaluator(
        torch.device("cpu"),
        DataLoader(Dataset(samples), batch_size=1),
        Red(),
        val_handlers=[PredictionFolder(out, threshold=0.5, images=images), Between(between), PredictionPage(out)],
    )
    evaluator.run()


def test_the_page_follows_the_table_and_says_where_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    predict(out, "ab", between=lambda: (out / "cases.csv").read_bytes() and (out / "run.json").read_bytes())
    said = capsys.readouterr().out.splitlines()
    assert said[-1] == f"Open {out / 'index.html'} in a browser: every outline, the least sure first."
    page = (out / "index.html").read_text()
    assert "2 predicted, 1 could not be predicted" in page
    assert "z.heic is not read." in page


def test_the_page_of_before_goes_with_its_table(tmp_path: Path) -> None:
    out = tmp_path / "out"
    predict(out, "ab")
    assert "predicted Dice 1.00" in (out / "index.html").read_text()
    predict(out, "ab", level=153)  # 2 · 12 · 0.6 / (12 · 0.6 + 12) = 0.75
    assert "predicted Dice 0.75" in (out / "index.html").read_text()
    with pytest.raises(WeightsError):
        predict(out, "ab", level=0)
    assert not (out / "index.html").exists()


def test_a_page_that_fails_leaves_the_prediction_and_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    with caplog.at_level(logging.WARNING):
        predict(out, "ab", between=(out / "index.html").mkdir)
    assert f"No page was written; the prediction in {out} is whole. Cannot write" in caplog.text
    assert "2 predicted" in capsys.readouterr().out
    assert (out / "cases.csv").read_text().count("ok") == 2


def test_an_overlay_that_is_gone_costs_its_picture_alone(tmp_path: Path) -> None:
    out = tmp_path / "out"
    predict(out, "ab", between=(out / "overlays" / "a.png").unlink)
    page = (out / "index.html").read_text()
    assert page.count("The photograph cannot be shown.") == 1
    assert page.count("<img") == 2
