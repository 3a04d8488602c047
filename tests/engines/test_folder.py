import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ignite.engine import Engine, Events
from monai.data.dataloader import DataLoader
from monai.data.dataset import Dataset
from monai.data.meta_tensor import MetaTensor
from monai.engines.evaluator import SupervisedEvaluator
from monai.inferers.inferer import SimpleInferer
from monai.transforms.compose import Compose
from monai.transforms.post.dictionary import Activationsd
from torch import nn

from dermaseg_monai.agreement.prediction_masks import prediction_masks
from dermaseg_monai.data import ImageList, Unreadable
from dermaseg_monai.engines import CaseScorer, FlatHeadsd, HeadsInferer, PredictionFolder
from dermaseg_monai.engines.prediction_record import prediction_words
from dermaseg_monai.errors import ConfigError, ImageError, WeightsError
from dermaseg_monai.images import read_image, read_mask, read_probability, write_rgb
from dermaseg_monai.metrics.case_rows import read_rows


class Bright(nn.Module):
    """Lesion where red is above one half; unsure everywhere."""

    def heads(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        pred = (image[:, :1] - 0.5) * 100
        return {"pred": pred, "uncertainty": pred * 0, "branch_weights": torch.ones(len(image), 5)}

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.heads(image)["pred"]


def _photograph(path: Path) -> None:
    rgb = np.zeros((6, 8, 3), np.uint8)
    rgb[1:5, 2:5, 0] = 255
    write_rgb(path, rgb)


def _sample(case: dict[str, Any]) -> dict[str, Any]:
    pixels = torch.from_numpy(read_image(case["image"]).pixels.copy()).permute(2, 0, 1).float() / 255
    image = MetaTensor(pixels, meta={"filename_or_obj": str(case["image"])})
    return {"image": image, "label": pixels[:1], "case_id": case["case_id"], "failure": case.get("failure", "")}


def _predict(folder: PredictionFolder, cases: list[dict[str, Any]], *, heads: bool = True, score: bool = False) -> None:
    evaluator = SupervisedEvaluator(
        torch.device("cpu"),
        DataLoader(Dataset([_sample(case) for case in cases]), batch_size=2),
        Bright(),
        inferer=HeadsInferer(SimpleInferer()) if heads else SimpleInferer(),
        postprocessing=Compose(
            [FlatHeadsd("pred"), Activationsd(["pred", "uncertainty"], sigmoid=True, allow_missing_keys=True)]
        ),
        val_handlers=[
            *([CaseScorer(threshold=0.5, both_empty=1.0, surface=False)] if score else []),
            folder,
        ],
    )
    evaluator.run()


@pytest.fixture
def cases(tmp_path: Path) -> list[dict[str, Any]]:
    names = ["a", "../b"]
    for i in range(2):
        _photograph(tmp_path / f"in{i}.png")
    return [{"image": tmp_path / f"in{i}.png", "case_id": name} for i, name in enumerate(names)]


def _table(folder: Path) -> list[dict[str, str]]:
    with (folder / "cases.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_every_map_is_written_at_the_size_of_its_image(tmp_path: Path, cases: list[dict[str, Any]]) -> None:
    out = tmp_path / "out"
    _predict(PredictionFolder(out, threshold=0.5, about={"split": "test"}), cases)
    mask = read_mask(out / "masks/a.png")
    assert mask.shape == (6, 8)
    assert mask[1:5, 2:5].all()
    assert mask.sum() == 12
    assert read_probability(out / "probabilities/a.png")[0, 0] == pytest.approx(0, abs=1e-4)
    assert read_probability(out / "uncertainty/a.png") == pytest.approx(0.5, abs=1e-4)
    overlay = read_image(out / "overlays/a.png").pixels
    assert overlay[1, 2].tolist() == [255, 208, 0]
    assert overlay[0, 0].tolist() == [0, 0, 0]
    run = json.loads((out / "run.json").read_text())
    assert (run["threshold"], run["cases"], run["failed"], run["about"]) == (0.5, 2, 0, {"split": "test"})
    assert "does not replace" in run["purpose"]


def test_a_file_name_never_leaves_the_folder(tmp_path: Path, cases: list[dict[str, Any]]) -> None:
    out = tmp_path / "out"
    _predict(PredictionFolder(out, threshold=0.5), cases)
    assert sorted(path.parent.name for path in out.rglob("*.png")) == sorted(
        ["masks", "probabilities", "uncertainty", "overlays"] * 2
    )
    row = next(row for row in _table(out) if row["case_id"] == "../b")
    assert (out / "masks" / row["file"]).is_file()
    assert not list(tmp_path.glob("b*"))


def test_a_person_is_told_where_it_is_what_failed_and_what_to_look_at_first(
    tmp_path: Path, cases: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    images = ImageList(failures=[Unreadable("c", str(tmp_path / "broken.jpg"), "cut short")])
    _predict(PredictionFolder(tmp_path / "out", threshold=0.5, images=images), cases)
    said = capsys.readouterr().out
    assert f"Wrote {tmp_path / 'out'}: 2 predicted, 1 could not be predicted (cases.csv says why).\n" in said
    assert "by predicted Dice: ../b (1.00), a (1.00)\n" in said


def test_the_first_to_look_at_are_empty_masks_and_then_the_lowest_predicted_dice() -> None:
    rows = {
        name: {"status": "ok", "predicted_dice": dice, "pred_px": 5}
        for name, dice in (("a", 0.9), ("b", 0.2), ("c", 0.5), ("d", 0.7))
    }
    assert prediction_words("out", rows).endswith("by predicted Dice: b (0.20), c (0.50), d (0.70)")
    sure = {**rows, "e": {"status": "ok", "predicted_dice": 1.0, "pred_px": 0}}
    assert prediction_words("out", sure).endswith("by predicted Dice: e (no lesion found), b (0.20), c (0.50)")
    assert prediction_words("out", rows, weights="runs/one/model.safetensors").startswith(
        "Wrote out: 4 predicted.\nWeights: runs/one/model.safetensors\nLook at these first"
    )
    assert prediction_words("out", {"x": {"status": "failed"}}) == (
        "Wrote out: 0 predicted, 1 could not be predicted (cases.csv says why)."
    )


def test_a_network_without_heads_writes_no_folders_for_them(tmp_path: Path, cases: list[dict[str, Any]]) -> None:
    _predict(PredictionFolder(tmp_path / "out", threshold=0.5, overlays=False), cases, heads=False)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "cases.csv",
        "masks",
        "probabilities",
        "run.json",
    ]


def test_the_table_has_scores_and_failures(tmp_path: Path, cases: list[dict[str, Any]]) -> None:
    images = ImageList(failures=[Unreadable("c", str(tmp_path / "broken.jpg"), "broken.jpg cannot be decoded")])
    _predict(PredictionFolder(tmp_path / "out", threshold=0.5, images=images), cases, score=True)
    rows = {row["case_id"]: row for row in _table(tmp_path / "out")}
    assert (rows["a"]["status"], rows["a"]["dice"], rows["a"]["pred_px"], rows["a"]["size_px"]) == (
        "ok",
        "1.0",
        "12",
        "6x8",
    )
    assert rows["a"]["lesion_fraction"] == "0.25"
    assert (rows["a"]["predicted_dice"], rows["c"]["predicted_dice"]) == ("1.0", "")
    assert (rows["c"]["status"], rows["c"]["image"], rows["c"]["dice"]) == ("failed", "broken.jpg", "")
    assert "broken.jpg" in rows["c"]["reason"]
    assert "\n" not in rows["c"]["reason"]


def test_a_prediction_on_another_grid_is_said(tmp_path: Path, cases: list[dict[str, Any]]) -> None:
    write_rgb(cases[0]["image"], np.zeros((6, 8, 3), np.uint8))
    folder = PredictionFolder(tmp_path / "out", threshold=0.5)
    samples = [_sample(case) for case in cases]
    write_rgb(cases[0]["image"], np.zeros((9, 9, 3), np.uint8))
    evaluator = SupervisedEvaluator(
        torch.device("cpu"),
        DataLoader(Dataset(samples), batch_size=2),
        Bright(),
        postprocessing=Compose([Activationsd("pred", sigmoid=True)]),
        val_handlers=[folder],
    )
    with pytest.raises(ConfigError, match=r"Case a: the prediction has \(6, 8\) px, the image \(9, 9\).*RestoreGridd"):
        evaluator.run()
    assert not (tmp_path / "out/cases.csv").exists()


def test_a_missing_prediction_is_said(tmp_path: Path, cases: list[dict[str, Any]]) -> None:
    with pytest.raises(ConfigError, match="finds no 'probability' in the output; it has image, label, pred"):
        _predict(PredictionFolder(tmp_path / "out", threshold=0.5, pred_key="probability"), cases)


def test_a_second_prediction_of_the_same_cases_replaces_the_first(tmp_path: Path, cases: list[dict[str, Any]]) -> None:
    out, images = tmp_path / "out", ImageList([{"case_id": case["case_id"]} for case in cases])
    for threshold in (0.5, 1.5):
        _predict(PredictionFolder(out, threshold=threshold, images=images), cases)
    assert not read_mask(out / "masks/a.png").any()
    assert len(_table(out)) == len(list((out / "masks").iterdir())) == 2


def test_no_table_of_before_stands_beside_new_masks(
    tmp_path: Path, cases: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    names = ("cases.csv", "summary.json", "confusion.png", "ceiling.md", "ceiling_by_sex.csv", "index.html")
    _predict(PredictionFolder(out, threshold=0.5), cases)
    for name in names:
        (out / name).touch()
    folder = PredictionFolder(out, threshold=0.5)
    folder.start()
    assert all((out / name).exists() for name in names)  # nothing has been written over yet
    monkeypatch.setattr(folder, "finish", lambda _: None)  # killed after its masks
    _predict(folder, cases)
    assert not any((out / name).exists() for name in names)
    assert json.loads((out / "run.json").read_text())["cases"] == 2
    _predict(PredictionFolder(out, threshold=0.5), cases)
    assert len(_table(out)) == 2


def test_a_prediction_of_other_cases_or_weights_is_refused_before_anything_is_written(
    tmp_path: Path, cases: list[dict[str, Any]]
) -> None:
    out, weights = tmp_path / "out", [tmp_path / name for name in ("one.safetensors", "two.safetensors")]
    for path in weights:
        path.write_text(path.name)
    _predict(PredictionFolder(out, threshold=0.5, weights=weights[0]), cases)
    before = {path: path.read_bytes() for path in out.rglob("*.*")}
    images = ImageList([{"case_id": "a"}], [Unreadable("c", "c.jpg", "cut short")])
    with pytest.raises(ConfigError, match=r"out holds masks of 1 cases that are not predicted now, first _b-\w+\.png"):
        _predict(PredictionFolder(out, threshold=0.5, weights=weights[0], images=images), cases[:1])
    with pytest.raises(
        ConfigError, match=r"of weights .*one\.safetensors .*; this one is of weights .*two\.safetensors"
    ):
        _predict(PredictionFolder(out, threshold=0.5, weights=weights[1]), cases)
    assert {path: path.read_bytes() for path in out.rglob("*.*")} == before


def test_a_case_that_fails_now_keeps_no_mask_of_before(tmp_path: Path, cases: list[dict[str, Any]]) -> None:
    out = tmp_path / "out"
    _predict(PredictionFolder(out, threshold=0.5), cases)
    images = ImageList([{"case_id": "a"}], [Unreadable("../b", "in1.png", "cut short")])
    _predict(PredictionFolder(out, threshold=0.5, images=images), cases[:1])
    assert [row["status"] for row in _table(out)] == ["failed", "ok"]
    assert {path.name for path in out.rglob("*.png")} == {"a.png"}


def spoil(monkeypatch: pytest.MonkeyPatch, name: str, cases: slice) -> None:
    """Make one pixel of a map NaN."""
    heads = Bright.heads

    def spoilt(self: Bright, image: torch.Tensor) -> dict[str, torch.Tensor]:
        maps = heads(self, image)
        maps[name][cases, 0, 2, 2] = torch.nan
        return maps

    monkeypatch.setattr(Bright, "heads", spoilt)


@pytest.mark.parametrize("name", ["pred", "uncertainty"])
def test_a_case_that_the_network_answers_with_nan_costs_a_row(
    tmp_path: Path, cases: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    spoil(monkeypatch, name, slice(1, 2))
    _predict(PredictionFolder(tmp_path / "out", threshold=0.5), cases)
    rows = {row["case_id"]: row for row in _table(tmp_path / "out")}
    assert {case_id: row["status"] for case_id, row in rows.items()} == {"a": "ok", "../b": "failed"}
    assert "gives values that are no number for case ../b. Predict with --amp off" in rows["../b"]["reason"]
    assert json.loads((tmp_path / "out" / "run.json").read_text())["failed"] == 1
    assert [path.name for path in (tmp_path / "out" / "masks").iterdir()] == ["a.png"]


def test_a_network_that_gives_nan_alone_is_named_and_nothing_written(
    tmp_path: Path, cases: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch, "pred", slice(None))
    with pytest.raises(WeightsError, match=r"The network gives values that are no number for case"):
        _predict(PredictionFolder(tmp_path / "out", threshold=0.5), cases)
    assert not list(tmp_path.glob("out/*"))


def test_nan_is_no_missed_lesion_among_the_scores(
    tmp_path: Path, cases: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch, "pred", slice(1, 2))
    with pytest.raises(WeightsError, match=r"no number for case \.\./b"):
        _predict(PredictionFolder(tmp_path / "out", threshold=0.5), cases, score=True)
    assert not (tmp_path / "out" / "cases.csv").exists()


def test_a_name_that_a_spreadsheet_would_execute_is_quoted_and_read_back(tmp_path: Path) -> None:
    _photograph(tmp_path / "=1+1.png")
    out = tmp_path / "out"
    _predict(PredictionFolder(out, threshold=0.5), [{"image": tmp_path / "=1+1.png", "case_id": "=1+1"}])
    written = _table(out)[0]
    assert not any(cell.startswith("=") for cell in written.values())
    (row,) = read_rows(out)
    assert row.case_id == "=1+1"
    found = prediction_masks(out, ["=1+1"])
    assert found.paths == {"=1+1": out / "masks" / str(row.file)}
    assert found.paths["=1+1"].is_file()


def test_an_image_that_could_not_be_read_any_more_costs_a_row_and_no_mask(
    tmp_path: Path, cases: list[dict[str, Any]]
) -> None:
    out = tmp_path / "out"
    _predict(PredictionFolder(out, threshold=0.5), [cases[0], {**cases[1], "failure": "in1.png is gone"}])
    rows = {row["case_id"]: (row["status"], row["reason"]) for row in _table(out)}
    assert rows == {"a": ("ok", ""), "../b": ("failed", "in1.png is gone")}
    assert [path.name for path in (out / "masks").iterdir()] == ["a.png"]
    assert json.loads((out / "run.json").read_text())["failed"] == 1


def test_where_no_image_could_be_read_any_more_nothing_is_written(tmp_path: Path, cases: list[dict[str, Any]]) -> None:
    with pytest.raises(ImageError, match=r"in0\.png is gone"):
        _predict(PredictionFolder(tmp_path / "out", threshold=0.5), [{**cases[0], "failure": "in0.png is gone"}])
    assert not (tmp_path / "out" / "cases.csv").exists()


@pytest.mark.parametrize("score", [False, True])
def test_an_image_that_is_gone_when_its_overlay_is_drawn_costs_a_row_unless_it_was_scored(
    tmp_path: Path, cases: list[dict[str, Any]], *, score: bool
) -> None:
    out = tmp_path / "out"

    class Folder(PredictionFolder):
        def attach(self, engine: Engine) -> None:
            engine.add_event_handler(Events.ITERATION_STARTED, cases[1]["image"].unlink)
            super().attach(engine)

    if score:
        with pytest.raises(ImageError, match=r"in1\.png"):
            _predict(Folder(out, threshold=0.5), cases, score=True)
        assert not (out / "cases.csv").exists()
        return
    _predict(Folder(out, threshold=0.5), cases)
    assert [row["status"] for row in _table(out)] == ["failed", "ok"]
