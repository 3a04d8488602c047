from itertools import product
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from monai.data import MetaTensor
from safetensors.torch import load_file, save_file
from torch import Tensor

from dermaseg_monai.errors import WeightsError
from dermaseg_monai.networks import BADeepLabV3
from dermaseg_monai.networks.photograph import Photograph

MAPS = ("pred", "region", "boundary", "uncertainty")
SWITCHES = ("region_head", "boundary_head", "uncertainty_head", "dynamic_aspp", "refinement")


@pytest.fixture(scope="module")
def network() -> BADeepLabV3:
    torch.manual_seed(0)
    network = BADeepLabV3("mobilenet_v2").train()
    with torch.no_grad():  # a few batches give batch norm statistics, so that evaluation is not of noise
        for _ in range(20):
            network(torch.rand(4, 3, 64, 64))
    return network.eval()


def some_image(height: int, width: int, *, batch: int = 1, seed: int = 0) -> Tensor:
    return torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(seed))


def test_evaluation_gives_one_tensor_and_training_a_dict(network: BADeepLabV3) -> None:
    image = some_image(64, 64, batch=2)
    assert isinstance(network(image), Tensor)
    output = network.train()(image)
    network.eval()
    assert set(output) == {*MAPS, "branch_weights"}
    assert all(output[name].shape == (2, 1, 64, 64) for name in MAPS)
    torch.testing.assert_close(output["branch_weights"].sum(dim=1), torch.ones(2))


def test_heads_give_the_dict_in_evaluation_too(network: BADeepLabV3) -> None:
    image = some_image(64, 48)
    with torch.no_grad():
        maps = network.heads(image)
        torch.testing.assert_close(maps["pred"], network(image), rtol=0, atol=0)
    assert set(maps) == {*MAPS, "branch_weights"}


@pytest.mark.parametrize("output_stride", [8, 16])
@pytest.mark.parametrize(("height", "width"), [(32, 32), (97, 131), (33, 250)])
def test_any_size_comes_back_on_its_own_grid(height: int, width: int, output_stride: int) -> None:
    network = BADeepLabV3("resnet18", output_stride=output_stride).eval()
    with torch.no_grad():
        maps = network.heads(some_image(height, width))
    assert all(maps[name].shape == (1, 1, height, width) for name in MAPS)


def test_an_odd_image_is_padded_and_cropped_never_resized(network: BADeepLabV3) -> None:
    image = some_image(97, 131)
    padded = F.pad(image, (0, 13, 0, 15), mode="reflect")
    assert padded.shape[-2:] == (112, 144)
    with torch.no_grad():
        torch.testing.assert_close(network(image), network(padded)[..., :97, :131])


def test_a_small_image_is_refused(network: BADeepLabV3) -> None:
    with pytest.raises(ValueError, match="31 x 64 px, shorter than 32 px"):
        network(some_image(31, 64))


@pytest.mark.parametrize("on", list(product([True, False], repeat=5)))
def test_each_combination_of_heads_has_its_maps_and_trains_every_parameter(on: tuple[bool, ...]) -> None:
    torch.manual_seed(0)
    switches = dict(zip(SWITCHES, on, strict=True))
    network = BADeepLabV3("mobilenet_v2", **switches).train()
    output = network(some_image(32, 48, batch=2))
    expected = {"pred"} | {name.removesuffix("_head") for name in SWITCHES[:3] if switches[name]}
    assert set(output) == expected | ({"branch_weights"} if switches["dynamic_aspp"] else set())
    torch.stack([output[name].square().mean() for name in expected]).sum().backward()
    still = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert not still


@pytest.mark.parametrize("encoder", ["resnet18", "resnet50", "mobilenet_v2", "efficientnet_lite0"])
def test_one_image_can_be_trained(encoder: str) -> None:
    network = BADeepLabV3(encoder).train()
    output = network(some_image(32, 32))
    output["pred"].mean().backward()
    assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)


def test_a_new_network_starts_at_the_priors() -> None:
    torch.manual_seed(0)
    with torch.no_grad():
        maps = BADeepLabV3("resnet18").train()(some_image(64, 64, batch=2))
    means = {name: maps[name].sigmoid().mean().item() for name in MAPS}
    assert means == pytest.approx({"pred": 0.25, "region": 0.25, "boundary": 0.1, "uncertainty": 0.1}, abs=0.05)


@pytest.mark.slow
def test_a_few_steps_learn_a_disc() -> None:
    torch.manual_seed(0)
    rows, columns = torch.meshgrid(torch.arange(64), torch.arange(64), indexing="ij")
    disc = ((rows - 30) ** 2 + (columns - 34) ** 2 < 18**2).float()[None, None]
    image = 0.8 - 0.5 * disc.expand(2, 3, 64, 64) + 0.05 * torch.rand(2, 3, 64, 64)
    network = BADeepLabV3("resnet18").train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    for _ in range(20):
        loss = F.binary_cross_entropy_with_logits(network(image)["pred"], disc.expand(2, 1, 64, 64))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    found = network(image)["pred"][:1] > 0
    jaccard = (found & disc.bool()).sum() / (found | disc.bool()).sum()
    assert jaccard > 0.9


def test_monais_tensors_are_taken(network: BADeepLabV3) -> None:
    image = some_image(64, 64)
    with torch.no_grad():
        torch.testing.assert_close(network(MetaTensor(image)), network(image))


def test_saved_weights_give_the_same_mask(network: BADeepLabV3, tmp_path: Path) -> None:
    save_file(network.state_dict(), tmp_path / "model.safetensors")
    other = BADeepLabV3("mobilenet_v2").eval()
    other.load_state_dict(load_file(tmp_path / "model.safetensors"))
    with torch.no_grad():
        torch.testing.assert_close(other(some_image(50, 70)), network(some_image(50, 70)), rtol=0, atol=0)


def test_encoder_weights_reach_the_encoder(network: BADeepLabV3, tmp_path: Path) -> None:
    torch.save(network.encoder.state_dict(), tmp_path / "encoder.pth")
    other = BADeepLabV3("mobilenet_v2", str(tmp_path / "encoder.pth"))
    assert all(torch.equal(a, b) for a, b in zip(other.encoder.parameters(), network.encoder.parameters(), strict=True))
    with pytest.raises(WeightsError, match="does not fit the encoder resnet18"):
        BADeepLabV3("resnet18", str(tmp_path / "encoder.pth"))


def test_the_normalisation_is_not_part_of_the_weights(network: BADeepLabV3) -> None:
    assert isinstance(network.photograph, Photograph)
    assert not [key for key in network.state_dict() if key.startswith("photograph")]


def test_bfloat16_gives_nearly_the_same(network: BADeepLabV3) -> None:
    image = some_image(64, 64)
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        half = network(image)
    with torch.no_grad():
        assert (half.float().sigmoid() - network(image).sigmoid()).abs().max() < 0.05
