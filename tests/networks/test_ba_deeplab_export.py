from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jaxtyping
import onnxruntime
import pytest
import torch
from torch import Tensor

from dermaseg_monai.networks import BADeepLabV3

pytestmark = [
    # torch's own remarks while it exports
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning"),
]


@pytest.fixture(autouse=True)
def unchecked_shapes() -> Iterator[None]:
    """Exporters run the network with sizes that are not numbers yet, which only the tests' shape checks mind."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture(scope="module")
def network() -> BADeepLabV3:
    torch.manual_seed(0)
    return BADeepLabV3("mobilenet_v2").eval()


def images() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(1, 3, 64, 96, generator=generator), torch.rand(2, 3, 97, 131, generator=generator)


def test_a_trace_equals_the_network_on_any_size(network: BADeepLabV3, tmp_path: Path) -> None:
    traced_on, other = images()
    with torch.no_grad():
        torch.jit.save(torch.jit.trace(network, traced_on), tmp_path / "model.ts")
        trace = torch.jit.load(tmp_path / "model.ts")
        for image in (traced_on, other):
            torch.testing.assert_close(trace(image), network(image), rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_torch_export_equals_the_network_on_any_size(network: BADeepLabV3) -> None:
    image, other = images()
    auto = torch.export.Dim.AUTO
    exported = torch.export.export(
        network, (torch.cat([image, image]),), dynamic_shapes=({0: auto, 2: auto, 3: auto},)
    ).module()
    with torch.no_grad():
        for each in (image.repeat(2, 1, 1, 1), other):
            torch.testing.assert_close(exported(each), network(each), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dynamo", [pytest.param(True, marks=pytest.mark.slow), False])
def test_onnx_gives_the_same_mask(network: BADeepLabV3, tmp_path: Path, dynamo: bool) -> None:  # noqa: FBT001
    image, other = images()
    path = tmp_path / "model.onnx"
    dynamic: dict[str, Any] = {} if dynamo else {"dynamic_axes": {"image": {0: "b", 2: "h", 3: "w"}}}
    torch.onnx.export(network, (image,), path, input_names=["image"], dynamo=dynamo, **dynamic)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for each in (image,) if dynamo else (image, other):
        (found,) = session.run(None, {"image": each.numpy()})
        with torch.no_grad():
            torch.testing.assert_close(torch.from_numpy(found), network(each), rtol=1e-3, atol=1e-4)
