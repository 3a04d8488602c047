"""A network is shown pictures as in its training: evaluation and inference read the corrections from its weights."""

from pathlib import Path

import pytest
from monai.bundle import ConfigParser
from torch import nn

from dermaseg_monai.data import Correctd
from dermaseg_monai.engines.weights import write_weights

BUNDLES = Path(__file__).resolve().parents[2] / "bundles"


def correction(bundle: str, sheets: tuple[str, ...], place: str, weights: Path) -> Correctd:
    parser = ConfigParser()
    parser.read_config([str(BUNDLES / bundle / "configs" / name) for name in sheets])
    parser["weights"] = str(weights)
    found = [one for one in parser.get_parsed_content(place).transforms if isinstance(one, Correctd)]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("bundle", ["ba_deeplab", "baselines", "deeplabv3"])
@pytest.mark.parametrize(
    ("sheets", "place"),
    [(("train.json", "evaluate.json"), "validate#preprocessing"), (("inference.json",), "preprocessing")],
)
@pytest.mark.parametrize(
    ("said", "made"),
    [
        ({"hair_removal": "True", "colour_constancy": "False"}, (True, False)),
        ({"hair_removal": "False", "colour_constancy": "True"}, (False, True)),
        ({}, (False, False)),
    ],
    ids=["hair removal", "colour constancy", "from before the choice"],
)
def test_the_weights_say_which_corrections_are_made(
    tmp_path: Path, bundle: str, sheets: tuple[str, ...], place: str, *, said: dict[str, str], made: tuple[bool, bool]
) -> None:
    write_weights(tmp_path / "model.safetensors", nn.Conv2d(1, 1, 1), {"image_size": "64", **said})
    found = correction(bundle, sheets, place, tmp_path / "model.safetensors")
    assert (found.hair_removal, found.colour_constancy) == made
