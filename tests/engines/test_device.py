import pytest
import torch
from torch import nn

from dermaseg_monai.engines import pick_device, to_device
from dermaseg_monai.errors import DeviceError

no_cuda = pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is there")


@no_cuda
def test_auto_is_the_cpu_where_there_is_no_cuda() -> None:
    assert pick_device() == torch.device("cpu")


@no_cuda
@pytest.mark.parametrize("name", ["cuda", "cuda:1"])
def test_absent_cuda_is_named_with_the_way_out(name: str) -> None:
    with pytest.raises(DeviceError, match=rf"Device {name} was asked for.*--device cpu"):
        to_device(nn.Linear(1, 1), name)


def test_a_word_that_is_no_device_is_refused() -> None:
    with pytest.raises(DeviceError, match=r"'gpu0' is not a device.*cuda:0"):
        pick_device("gpu0")


@pytest.mark.gpu
def test_auto_is_cuda_where_there_is_one() -> None:
    assert to_device(nn.Linear(1, 1), pick_device()).weight.is_cuda


@pytest.mark.gpu
def test_a_cuda_number_that_is_not_there_is_refused() -> None:
    with pytest.raises(DeviceError, match="cuda:99 was asked for"):
        pick_device("cuda:99")


@pytest.mark.parametrize("name", ["meta", "xpu", "mps"])
def test_a_device_that_does_not_compute_here_is_refused(name: str) -> None:
    with pytest.raises(DeviceError, match=rf"Device {name} was asked for but torch .* does not compute there"):
        pick_device(name)
