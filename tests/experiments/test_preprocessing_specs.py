"""The shipped ablations of artefacts and corrections: what differs reaches the sheets, and validation scores it."""

import json
from pathlib import Path

import pytest

from dermaseg_monai.experiments.plan import plan
from dermaseg_monai.experiments.spec import override, read_spec

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("name", "key", "values"),
    [
        ("artefact_augmentation", "artefact_prob", [0.0, 0.5]),
        ("hair_removal", "hair_removal", [False, True]),
        ("colour_constancy", "colour_constancy", [False, True]),
    ],
)
def test_one_key_is_off_and_on_and_scored_on_validation(
    tmp_path: Path, name: str, key: str, values: list[float]
) -> None:
    spec = override(read_spec(ROOT / "ablations" / f"{name}.yaml"), {"seed": [0]})
    assert dict(spec.baseline) == {key: values[0]}
    runs = plan(spec, tmp_path)
    assert [run.steps[0].values[key] for run in runs] == values
    assert [run.steps[-1].name for run in runs] == ["evaluate_val", "evaluate_val"]


@pytest.mark.parametrize("bundle", ["ba_deeplab", "baselines", "deeplabv3"])
@pytest.mark.parametrize("key", ["hair_removal", "colour_constancy"])
def test_evaluation_and_inference_take_the_correction_from_the_weights(bundle: str, key: str) -> None:
    configs = ROOT / "bundles" / bundle / "configs"
    train = json.loads((configs / "train.json").read_text())
    assert train[key] is False
    assert train["checkpoints"]["metadata"][key] == f"@{key}"
    correction = {"_target_": "dermaseg_monai.data.Correctd", "keys": "image"}
    correction |= {"hair_removal": "@hair_removal", "colour_constancy": "@colour_constancy"}
    assert train["train"]["deterministic_transforms"][-1] == correction
    for name, place in (("evaluate.json", "validate#preprocessing"), ("inference.json", "preprocessing")):
        sheet = json.loads((configs / name).read_text())
        assert sheet[key] == {
            "_target_": "dermaseg_monai.engines.trained_with",
            "weights": "@weights",
            "name": key,
            "otherwise": False,
        }
        transforms = sheet[place]["parts"][0] if "parts" in sheet[place] else sheet[place]["transforms"]
        targets = [one["_target_"].rpartition(".")[2] for one in transforms]
        assert transforms[targets.index("Fitd") + 1] == correction
