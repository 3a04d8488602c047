import copy
import inspect
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

import jaxtyping
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from dermaseg_monai.engines.weights import load_weights, write_weights
from dermaseg_monai.errors import WeightsError
from dermaseg_monai.networks import (
    NETWORKS,
    AttentionUNet,
    BADeepLabV3,
    DeepLabV3,
    DeepLabV3Plus,
    EncoderUNet,
    SegFormerLite,
    SegNet,
    SwinUNetLite,
    UNet,
    UNetPlusPlus,
)

# the cheapest of each class; what is tested here does not depend on the width
SMALL: dict[str, Callable[[], nn.Module]] = {
    "deeplabv3": partial(DeepLabV3, "mobilenet_v2", auxiliary_head=True),
    "deeplabv3_plus": partial(DeepLabV3Plus, "mobilenet_v2", auxiliary_head=True),
    "unet": partial(UNet, (4, 8, 16, 32, 64)),
    "encoder_unet": partial(EncoderUNet, "mobilenet_v2"),
    "attention_unet": partial(AttentionUNet, (4, 8, 16, 32, 64)),
    "unet_plus_plus": partial(UNetPlusPlus, (4, 8, 16, 32, 64)),
    "segnet": partial(SegNet, (8, 8, 8, 16, 16)),
    "swin_unet_lite": partial(SwinUNetLite, feature_size=12),
    "segformer_lite": partial(
        SegFormerLite, widths=(8, 16, 24, 32), heads=(1, 2, 3, 4), depths=(1, 1, 1, 1), decoder_width=16
    ),
    "ba_deeplab": partial(BADeepLabV3, "mobilenet_v2"),
}
ONE_SIZE = ("swin_unet_lite",)  # MONAI lays its windows out in Python, for the size it sees
EVERY = pytest.mark.parametrize("name", NETWORKS)

exports = [
    # torch's own remarks while it exports
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning"),
    pytest.mark.usefixtures("unchecked_shapes"),
]


@pytest.fixture
def unchecked_shapes() -> Iterator[None]:
    """Exporters run a network with sizes that are not numbers yet, which only the tests' shape checks mind."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@cache
def settled(name: str, *, seed: int = 0) -> nn.Module:
    """Return a network in evaluation whose batch norms have seen a batch; without, deep ones give a constant."""
    torch.manual_seed(seed)
    network = SMALL[name]().train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        network(torch.rand(2, 3, 64, 64))
    return network.eval()


def some_image(height: int, width: int, *, batch: int = 1) -> Tensor:
    return torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(0))


def test_every_network_of_the_catalogue_is_tested_here() -> None:
    assert list(SMALL) == list(NETWORKS)
    assert all(isinstance(settled(name), NETWORKS[name].network) for name in NETWORKS)


@EVERY
@pytest.mark.parametrize(("height", "width"), [(32, 32), (37, 51), (64, 96)])
def test_the_grid_is_kept_and_finite_for_one_image(name: str, height: int, width: int) -> None:
    with torch.no_grad():
        logits = settled(name)(some_image(height, width))
    assert logits.shape == (1, 1, height, width)
    assert torch.isfinite(logits).all()
    assert logits.std() > 1e-4


@EVERY
def test_every_parameter_is_trained(name: str) -> None:
    torch.manual_seed(0)
    network = SMALL[name]().train()
    output = network(some_image(64, 96, batch=2))
    maps = output.values() if isinstance(output, dict) else [output]
    torch.stack([each.square().mean() for each in maps]).sum().backward()
    still = [key for key, weight in network.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert not still
    assert all(weight.grad is not None and torch.isfinite(weight.grad).all() for weight in network.parameters())


@EVERY
def test_training_gives_a_map_or_a_dict_with_pred_on_the_grid_of_the_image(name: str) -> None:
    output = SMALL[name]().train()(some_image(37, 51, batch=2))
    maps = output if isinstance(output, dict) else {"pred": output}
    assert maps["pred"].shape == (2, 1, 37, 51)
    assert set(maps) <= {"pred", "aux", "region", "boundary", "uncertainty", "branch_weights"}
    assert all(each.shape == (2, 1, 37, 51) for key, each in maps.items() if key != "branch_weights")


@EVERY
class TestExported:
    pytestmark = exports

    def test_a_trace_equals_the_network(self, name: str, tmp_path: Path) -> None:
        network, image = settled(name), some_image(64, 96)
        with torch.no_grad():
            torch.jit.save(torch.jit.trace(network, image), tmp_path / "model.ts")
            trace = torch.jit.load(tmp_path / "model.ts")
            for each in (image,) if name in ONE_SIZE else (image, some_image(97, 131, batch=2)):
                torch.testing.assert_close(trace(each), network(each), rtol=1e-4, atol=1e-5)

    @pytest.mark.slow
    def test_torch_export_equals_the_network(self, name: str) -> None:
        network, image = settled(name), some_image(64, 96, batch=2)
        auto = torch.export.Dim.AUTO
        dynamic = None if name in ONE_SIZE else ({0: auto, 2: auto, 3: auto},)
        exported = torch.export.export(network, (image,), dynamic_shapes=dynamic).module()
        with torch.no_grad():
            for each in (image,) if name in ONE_SIZE else (image, some_image(97, 131)):
                torch.testing.assert_close(exported(each), network(each), rtol=1e-4, atol=1e-5)


@EVERY
def test_saved_weights_give_the_same_mask(name: str, tmp_path: Path) -> None:
    network, image = settled(name), some_image(37, 51)
    other = copy.deepcopy(settled(name, seed=1))
    write_weights(tmp_path / "model.safetensors", network, {"network": name})
    with torch.no_grad():
        assert not torch.equal(other(image), network(image))
        load_weights(other, tmp_path / "model.safetensors")
        torch.testing.assert_close(other(image), network(image), rtol=0, atol=0)


@EVERY
def test_weights_of_another_network_or_width_are_refused_with_keys_and_shapes(name: str, tmp_path: Path) -> None:
    network = settled(name)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    path = tmp_path / "model.safetensors"
    write_weights(path, settled("segformer_lite" if name in ("unet", "segnet") else "unet"), {})
    first = next(iter(before))
    with pytest.raises(
        WeightsError, match=rf"not made for this {type(network).__name__}.* missing \({first}.* unknown"
    ):
        load_weights(network, path)
    save_file(before | {first: torch.zeros(7, *before[first].shape)}, path)
    with pytest.raises(WeightsError, match=rf"1 of another shape \({first} is \(7, "):
        load_weights(network, path)
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


@EVERY
def test_an_entry_names_the_settings_its_class_takes(name: str) -> None:
    taken = inspect.signature(NETWORKS[name].network).parameters
    assert NETWORKS[name].settings == tuple(
        key for key in ("encoder", "encoder_weights", "output_stride") if key in taken
    )


@EVERY
def test_an_entry_tells_paper_and_maker_truly(name: str) -> None:
    entry = NETWORKS[name]
    assert entry.source.startswith("arXiv:")
    monais = {
        type(module).__name__ for module in settled(name).modules() if type(module).__module__.startswith("monai.")
    }
    _, _, monai_class = entry.implementation.partition("MONAI ")
    if entry.implementation.startswith("MONAI"):
        assert monai_class.split()[0] in monais
    else:
        assert not monais & {"AttentionUnet", "BasicUNetPlusPlus", "SwinUNETR", "FlexibleUNet"}
