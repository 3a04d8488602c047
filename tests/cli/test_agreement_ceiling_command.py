import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

from dermaseg_monai.cli import app
from dermaseg_monai.data.demo import make_demo
from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.manifest import Manifest


def ceiling(*words: object):  # noqa: ANN201
    return CliRunner().invoke(app, ["agreement", "ceiling", *map(str, words)], catch_exceptions=False)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_demo(tmp_path_factory.mktemp("demo") / "set", n=12, seed=0)


@pytest.fixture(scope="module")
def predictions(demo: Path) -> Path:
    """The masks of the reader called `tight`."""
    folder = demo.parent / "predictions"
    shutil.copytree(demo.parent / "annotations" / "tight", folder / "masks")
    return folder


def test_a_reader_as_the_model_stands_beside_people(demo: Path, predictions: Path, tmp_path: Path) -> None:
    source = ["--manifest", demo, "--pred", predictions, "--margin", 0.05]
    done = ceiling(*source, "--out", tmp_path, "--attributes", "diagnosis")
    assert done.exit_code == 0, done.output
    assert "Within human range" in done.output
    images = pd.read_csv(tmp_path / "ceiling.csv")
    found = json.loads((tmp_path / "ceiling.json").read_text())
    assert found["ceiling"]["scores"]["dice"]["model"] == pytest.approx(images["model_dice"].mean())
    assert sum(pd.read_csv(tmp_path / "ceiling_by_diagnosis.csv")["images"].to_list()) == len(images)
    test = sum(case.split == "test" for case in Manifest.load(demo).cases)
    done = ceiling(*source, "--out", tmp_path / "test", "--split", "test")
    assert done.exit_code == 0, done.output
    assert len(pd.read_csv(tmp_path / "test" / "ceiling.csv")) == test


def test_photographs_among_the_masks_are_no_outlines(demo: Path, predictions: Path, tmp_path: Path) -> None:
    root = tmp_path / "all"
    shutil.copytree(demo.parent / "annotations", root)
    (root / "photographs").mkdir()
    for picture in (demo.parent / "images").iterdir():
        with Image.open(picture) as opened:
            opened.convert("RGB").save(root / "photographs" / f"{picture.stem}.jpg")
    words = ["--root", root, "--pattern", "{annotator}/{case}.png", "--pred", predictions, "--margin", 0.05]
    with pytest.raises(DataError, match=r"12 outlines that end otherwise.*--images"):
        ceiling(*words, "--out", tmp_path / "out")
    done = ceiling(*words, "--out", tmp_path / "out", "--images", root / "photographs")
    assert done.exit_code == 0, done.output
    with pytest.raises(ConfigError, match="--images is for --root"):
        ceiling("--manifest", demo, *words[4:], "--out", tmp_path / "x", "--images", root)


def test_a_missing_prediction_is_never_dropped(demo: Path, predictions: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pred"
    shutil.copytree(predictions, folder)
    gone = min((folder / "masks").iterdir())
    gone.unlink()
    source = ["--manifest", demo, "--pred", folder, "--margin", 0.05, "--out", tmp_path / "out"]
    with pytest.raises(DataError, match=rf"1 of 12 images .*{gone.stem}: no prediction.*--missing zero"):
        ceiling(*source)
    done = ceiling(*source, "--missing", "zero")
    assert done.exit_code == 1
    assert f"Not used: {gone.stem}: no prediction" in done.output
    images = pd.read_csv(tmp_path / "out" / "ceiling.csv").set_index("case_id")
    assert (len(images), images.loc[gone.stem, "model_dice"]) == (12, 0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--margin", 0), "--margin is 0"),
        (("--margin", 0.05, "--root", "masks"), "in one way"),
        (("--margin", 0.05, "--attributes", "shoe"), "attribute 'shoe'"),
    ],
)
def test_wrong_words(demo: Path, predictions: Path, tmp_path: Path, words: tuple[object, ...], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        ceiling("--manifest", demo, "--pred", predictions, "--out", tmp_path, *words)


def test_the_study_still_says_where_to_write(demo: Path) -> None:
    with pytest.raises(ConfigError, match="--out DIR"):
        CliRunner().invoke(app, ["agreement", "--manifest", str(demo)], catch_exceptions=False)
