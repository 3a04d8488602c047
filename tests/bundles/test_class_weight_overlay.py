"""The overlay of `dermaseg data weights` goes behind the sheet of every bundle that trains."""

import json
from pathlib import Path

import pytest
import torch
from monai.bundle import ConfigParser
from typer.testing import CliRunner

from dermaseg_monai.bundle.sheet import read_sheet
from dermaseg_monai.cli import app
from dermaseg_monai.errors import ConfigError
from tests.bundles.commands import Warm
from tests.bundles.networks import Network

BUNDLES = Path(__file__).resolve().parents[2] / "bundles"


@pytest.fixture(scope="module")
def overlay(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("weights") / "weights.json"
    done = CliRunner().invoke(app, ["data", "weights", str(tiny), "--overlay", str(out)])
    assert done.exit_code == 0, done.output
    return out


@pytest.mark.parametrize("bundle", ["ba_deeplab", "baselines", "deeplabv3"])
def test_the_loss_of_a_bundle_has_the_counted_weights(overlay: Path, tiny: Path, bundle: str) -> None:
    files = [str(BUNDLES / bundle / "configs" / name) for name in ("train.json", "isic2018.json")]
    config = read_sheet([*files, str(overlay)], {"manifest": str(tiny)}).config
    loss = ConfigParser(dict(config)).get_parsed_content("loss")
    given = json.loads(overlay.read_text())["loss#pixel_weights"]
    terms = [module for module in loss.modules() if hasattr(module, "skin")]
    assert [(term.lesion, term.skin) for term in terms] == [(given["lesion"], given["skin"])]
    logits, label = torch.zeros(1, 1, 2, 2), torch.tensor([[[[1.0, 0.0], [0.0, 0.0]]]])
    by_hand = torch.log(torch.tensor(2.0)) * (given["lesion"] + 3 * given["skin"]) / 4
    assert terms[0](logits, label).item() == pytest.approx(by_hand.item())


def test_another_manifest_is_refused(overlay: Path, tiny: Path, tmp_path: Path) -> None:
    other = json.loads(tiny.read_text())
    (tmp_path / "m.json").write_text(json.dumps({**other, "version": "other"}))
    files = [str(BUNDLES / "baselines" / "configs" / "train.json"), str(overlay)]
    config = read_sheet(files, {"manifest": str(tmp_path / "m.json")}).config
    with pytest.raises(RuntimeError) as raised:
        ConfigParser(dict(config)).get_parsed_content("loss")
    reason = raised.value.__cause__
    assert isinstance(reason, ConfigError)
    assert "Count them again: dermaseg data weights" in str(reason)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_training_runs_with_the_overlay(warm: Warm, overlay: Path, tmp_path: Path) -> None:
    files = json.loads(Network("baselines", "unet").sheets("train", tmp_path))
    values = {"max_epochs": 1, "batch_size": 6, "image_size": 64, "output_dir": tmp_path / "out"}
    done = warm.bundle("training", json.dumps([*files, str(overlay)]), **values)
    assert done.code == 0, done.err
    config = json.loads((tmp_path / "out" / "run.json").read_text())["config"]
    assert config["loss"]["overlap"] == "weighted_ce"
    assert config["loss"]["pixel_weights"]["_target_"] == "dermaseg_monai.data.counted_weights"
