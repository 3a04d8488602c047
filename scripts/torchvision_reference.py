"""Write what torchvision's DeepLabV3 computes and where its weights lie: what the tests of networks compare with.

torchvision is no dependency of the project. Unpack its wheel beside, without its dependencies, and run from the
checkout: `pip install --no-deps --target TV torchvision`, `PYTHONPATH=.:TV python scripts/torchvision_reference.py`.
The weights follow from the names of the parameters, so that the tests need no torchvision and no large file.
"""

import json
import sys
import types
from pathlib import Path
from typing import Final

import torch

from tests.networks.named_values import image_in_unit_range, named_values

GOLDEN: Final = Path(__file__).parents[1] / "tests/networks/golden/torchvision.json"
CLASSES: Final = 21
ENCODERS: Final = ("resnet18", "resnet34", "resnet50", "resnet101", "mobilenet_v2")
PLACES: Final = ((0, 0), (17, 150), (24, 291), (47, 303))
MEAN: Final = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
STD: Final = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)


def main() -> None:
    """Write keys, shapes and outputs of each network."""
    # its compiled operators (nms, ...) fit one build of torch only; no network here needs them
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    sys.modules["torchvision._meta_registrations"] = types.ModuleType("torchvision._meta_registrations")
    import torchvision  # noqa: PLC0415

    keys, outputs = {}, {}
    for encoder, output_stride in (("resnet50", 8), ("resnet101", 8), ("resnet50", 16)):
        network = _network(encoder, output_stride).double().eval()
        shapes = {key: list(tensor.shape) for key, tensor in network.state_dict().items()}
        network.load_state_dict(named_values(shapes))
        with torch.no_grad():
            maps = network((image_in_unit_range() - MEAN.double()) / STD.double())
        keys[encoder] = shapes
        outputs[f"{encoder} {output_stride}"] = {name: _summary(logits) for name, logits in maps.items()}
        for name, logits in maps.items():
            print(f"{encoder} at output stride {output_stride}, {name}: std {logits.std():.3f}")
    version = torchvision.__version__.partition("+")[0]
    written = {"torchvision": version, "weights": _addresses(), "places": PLACES, "shapes": keys, "outputs": outputs}
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(json.dumps(written) + "\n", encoding="utf-8")


def _addresses() -> dict[str, str]:
    from torchvision.models import get_model_weights  # noqa: PLC0415

    return {f"{name}_{each.name.lower()}": each.url for name in ENCODERS for each in get_model_weights(name)}


def _network(encoder: str, output_stride: int) -> torch.nn.Module:
    from torchvision.models import resnet, segmentation  # noqa: PLC0415

    if output_stride == 8:  # noqa: PLR2004
        build = getattr(segmentation, f"deeplabv3_{encoder}")
        return build(weights=None, weights_backbone=None, num_classes=CLASSES, aux_loss=True)
    from torchvision.models._utils import IntermediateLayerGetter  # noqa: PLC0415
    from torchvision.models.segmentation.deeplabv3 import DeepLabHead, DeepLabV3  # noqa: PLC0415
    from torchvision.models.segmentation.fcn import FCNHead  # noqa: PLC0415

    backbone = getattr(resnet, encoder)(weights=None, replace_stride_with_dilation=[False, False, True])
    return DeepLabV3(
        IntermediateLayerGetter(backbone, {"layer4": "out", "layer3": "aux"}),
        DeepLabHead(2048, CLASSES, (6, 12, 18)),
        FCNHead(1024, CLASSES),
    )


def _summary(logits: torch.Tensor) -> dict[str, object]:
    at_places = [[round(value, 9) for value in logits[0, :, row, column].tolist()] for row, column in PLACES]
    return {"mean": logits.mean().item(), "std": logits.std().item(), "at_places": at_places}


if __name__ == "__main__":
    main()
