import pickle
from pathlib import Path

import pytest
import torch
from torch import nn

from dermaseg_monai.engines import WeightAverage, load_weights, read_metadata, read_weights
from dermaseg_monai.engines.weights import write_weights
from dermaseg_monai.errors import WeightsError
from dermaseg_monai.networks import load_encoder_weights


def _net(width: int = 2) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, width, 1), nn.BatchNorm2d(width))


@pytest.mark.parametrize("name", ["model.safetensors", "model.pt", "plain.pt"])
def test_every_kind_of_weights_file_gives_the_same_network(tmp_path: Path, name: str) -> None:
    source, target = _net(), _net()
    if name == "model.safetensors":
        write_weights(tmp_path / name, WeightAverage(source, 0.9), {"encoder": "tiny"})
        assert read_metadata(tmp_path / name) == {"encoder": "tiny"}
    else:
        torch.save({"model": source.state_dict()} if name == "model.pt" else source.state_dict(), tmp_path / name)
    assert load_weights(target, tmp_path / name) is target
    for key, value in source.state_dict().items():
        assert torch.equal(target.state_dict()[key], value)


def test_a_file_of_another_width_names_the_shapes(tmp_path: Path) -> None:
    write_weights(tmp_path / "w.safetensors", _net(5), {})
    match = (
        r"not made for this Sequential: of its tensors 6 of another shape \(0.weight is \(5, 3, 1, 1\), the network has"
    )
    with pytest.raises(WeightsError, match=match):
        load_weights(_net(2), tmp_path / "w.safetensors")


def test_a_file_of_another_network_names_the_keys_and_changes_nothing(tmp_path: Path) -> None:
    target = _net()
    before = target.get_parameter("0.weight").clone()
    torch.save({"0.weight": torch.zeros(2, 3, 1, 1), "extra.bias": torch.zeros(1)}, tmp_path / "w.pt")
    with pytest.raises(WeightsError, match=r"6 missing \(0.bias, 1.weight, 1.bias, ...\), 1 unknown \(extra.bias\)"):
        load_weights(target, tmp_path / "w.pt")
    assert torch.equal(target.get_parameter("0.weight"), before)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for suffix in (".pt", ".safetensors"):
        with pytest.raises(WeightsError, match=rf"There is no weights file {tmp_path}/none{suffix}"):
            read_weights(tmp_path / f"none{suffix}")
    with pytest.raises(WeightsError, match="There is no weights file"):
        read_metadata(tmp_path / "none.safetensors")


@pytest.mark.parametrize("name", ["w.safetensors", "w.pt"])
def test_an_encoder_and_a_network_say_the_same_of_a_damaged_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"neither")
    messages: list[str] = []
    for load in (
        lambda: load_weights(_net(), tmp_path / name),
        lambda: load_encoder_weights(_net(), tmp_path / name, name="tiny"),
    ):
        with pytest.raises(WeightsError, match=rf"{name} cannot be read as weights") as found:
            load()
        messages.append(str(found.value))
    assert messages[0] == messages[1]


@pytest.mark.parametrize("name", ["w.safetensors", "w.pt"])
@pytest.mark.parametrize("left", [0, 100])
def test_a_file_cut_off_is_damaged(tmp_path: Path, name: str, left: int) -> None:
    if name == "w.pt":
        torch.save(_net().state_dict(), tmp_path / name)
    else:
        write_weights(tmp_path / name, _net(), {})
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:left])
    with pytest.raises(WeightsError, match=rf"{name} (cannot be read|is damaged)"):
        load_weights(_net(), tmp_path / name)


class _Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (Path("touched-by-a-pickle"),))  # type: ignore[return-value]


def test_code_in_a_file_is_never_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "evil.pt").write_bytes(pickle.dumps(_Evil()))
    torch.save({"model": _Evil()}, tmp_path / "evil2.pt")
    for name in ("evil.pt", "evil2.pt"):
        with pytest.raises(WeightsError, match="holds more than tensors; it was not loaded"):
            read_weights(tmp_path / name)
    assert not (tmp_path / "touched-by-a-pickle").exists()


def test_something_else_than_weights_is_said(tmp_path: Path) -> None:
    torch.save([torch.zeros(1)], tmp_path / "list.pt")
    with pytest.raises(WeightsError, match="holds a list, not a dict of tensors"):
        read_weights(tmp_path / "list.pt")
    torch.save({"epoch": 3}, tmp_path / "dict.pt")
    with pytest.raises(WeightsError, match="holds no state dict"):
        read_weights(tmp_path / "dict.pt")


def test_a_resume_state_is_not_taken_for_weights(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"state to resume a training from.*Give .*model\.safetensors"):
        read_weights(tmp_path / "last.ckpt")
