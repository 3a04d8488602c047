import json
import os
import pickle
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from dermaseg_monai.errors import WeightsError
from dermaseg_monai.networks import weights
from dermaseg_monai.networks.encoder import build_encoder
from dermaseg_monai.networks.mobilenet_v2 import MobileNetV2
from dermaseg_monai.networks.weights import NAMED_WEIGHTS, NamedWeights, load_encoder_weights


@pytest.fixture
def encoder() -> MobileNetV2:
    return MobileNetV2(output_stride=16)


@pytest.fixture
def state() -> dict[str, Tensor]:
    return {key: torch.full_like(value, 2) for key, value in MobileNetV2(output_stride=16).state_dict().items()}


def load(encoder: MobileNetV2, path: Path | str) -> None:
    load_encoder_weights(encoder, path, name="mobilenet_v2")


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_file_fills_the_encoder(encoder: MobileNetV2, state: dict[str, Tensor], tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"weights{suffix}"
    (save_file if suffix == ".safetensors" else torch.save)(state, path)
    load(encoder, path)
    assert all((value == 2).all() for value in encoder.state_dict().values())


def test_the_classifier_and_step_counters_do_not_matter(
    encoder: MobileNetV2, state: dict[str, Tensor], tmp_path: Path
) -> None:
    old = {key: value for key, value in state.items() if not key.endswith("num_batches_tracked")}
    torch.save(old | {"classifier.1.weight": torch.ones(7)}, tmp_path / "old.pth")
    load(encoder, tmp_path / "old.pth")
    assert (next(encoder.parameters()) == 2).all()


def test_what_does_not_fit_is_named_and_changes_nothing(
    encoder: MobileNetV2, state: dict[str, Tensor], tmp_path: Path
) -> None:
    before = {key: value.clone() for key, value in encoder.state_dict().items()}
    del state["features.0.0.weight"]
    torch.save(state | {"head.bias": torch.ones(1), "features.18.1.bias": torch.ones(4)}, tmp_path / "other.pth")
    expected = (
        r"other\.pth does not fit the encoder mobilenet_v2: of its tensors 1 missing \(features\.0\.0\.weight\), "
        r"1 unknown \(head\.bias\), 1 of another shape \(features\.18\.1\.bias is \(4,\), the network has \(1280,\)\).*"
        r"Set encoder to"
    )
    with pytest.raises(WeightsError, match=expected):
        load(encoder, tmp_path / "other.pth")
    assert all(torch.equal(value, before[key]) for key, value in encoder.state_dict().items())


def test_weights_of_another_network_name_only_the_first_keys(encoder: MobileNetV2, tmp_path: Path) -> None:
    torch.save(build_encoder("resnet18", output_stride=16).state_dict(), tmp_path / "resnet18.pth")
    with pytest.raises(WeightsError, match=r"260 missing \(.{0,120}, \.\.\.\), 120 unknown"):
        load(encoder, tmp_path / "resnet18.pth")


class Attack:
    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.trace),)


def test_a_packed_archive_is_not_unpacked(encoder: MobileNetV2, state: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save(state, tmp_path / "stored.pt")
    with zipfile.ZipFile(tmp_path / "stored.pt") as stored, zipfile.ZipFile(tmp_path / "w.pt", "w") as packed:
        for info in stored.infolist():
            packed.writestr(info.filename, stored.read(info), zipfile.ZIP_DEFLATED)
    with pytest.raises(WeightsError, match=r"w\.pt is a packed archive \(first '.*'\), which torch\.save never writes"):
        load(encoder, tmp_path / "w.pt")


def test_code_in_a_file_is_not_run(encoder: MobileNetV2, tmp_path: Path) -> None:
    (tmp_path / "bad.pth").write_bytes(pickle.dumps(Attack(tmp_path / "was_run"), protocol=2))
    with pytest.raises(WeightsError, match=r"bad\.pth cannot be read as weights.*refused"):
        load(encoder, tmp_path / "bad.pth")
    assert not (tmp_path / "was_run").exists()


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_file_cut_short_is_named(encoder: MobileNetV2, state: dict[str, Tensor], tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"short{suffix}"
    (save_file if suffix == ".safetensors" else torch.save)(state, path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(WeightsError, match=r"short\.\w+ cannot be read as weights.*cut short"):
        load(encoder, path)


def test_a_nested_checkpoint_says_what_it_holds(encoder: MobileNetV2, state: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save({"epoch": 3, "model": state}, tmp_path / "nested.pth")
    with pytest.raises(WeightsError, match=r"no plain state dict of tensors, but: epoch, model"):
        load(encoder, tmp_path / "nested.pth")


def test_a_missing_file_lists_the_names_for_the_encoder(encoder: MobileNetV2) -> None:
    with pytest.raises(
        WeightsError, match=r"no weights file imagenet.*\(mobilenet_v2_imagenet1k_v1, mobilenet_v2_\w+\)"
    ):
        load(encoder, "imagenet")


def test_addresses_and_hashes_are_torchvisions_own() -> None:
    published = json.loads((Path(__file__).parent / "golden" / "torchvision.json").read_text())["weights"]
    assert len(published) == 8
    assert {name: NAMED_WEIGHTS[name].url for name in published} == published
    assert all(url.endswith(f"-{NAMED_WEIGHTS[name].sha256_prefix}.pth") for name, url in published.items())


def test_every_named_weight_states_its_facts() -> None:
    assert NAMED_WEIGHTS["resnet18_imagenet1k_v1"].url == "https://download.pytorch.org/models/resnet18-f37072fd.pth"
    assert {name: facts.sha256_prefix for name, facts in NAMED_WEIGHTS.items() if name.endswith("v1")} == {
        "resnet18_imagenet1k_v1": "f37072fd",
        "resnet34_imagenet1k_v1": "b627a593",
        "resnet50_imagenet1k_v1": "0676ba61",
        "resnet101_imagenet1k_v1": "63fe2227",
        "mobilenet_v2_imagenet1k_v1": "b0353104",
    }
    assert all("ImageNet" in facts.licence for facts in NAMED_WEIGHTS.values())


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    return tmp_path / "checkpoints"


def test_named_weights_in_the_cache_are_used_when_their_hash_fits(
    encoder: MobileNetV2, state: dict[str, Tensor], hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.mkdir()
    torch.save(state, hub / "tiny.pth")
    prefix = weights.sha256_of(hub / "tiny.pth")[:8]
    monkeypatch.setattr(weights, "NAMED_WEIGHTS", {"tiny": NamedWeights("https://example.org/tiny.pth", prefix)})
    load(encoder, "tiny")
    assert (next(encoder.parameters()) == 2).all()


def test_a_damaged_file_in_the_cache_is_named(encoder: MobileNetV2, hub: Path) -> None:
    hub.mkdir()
    (hub / "mobilenet_v2-b0353104.pth").write_bytes(b"")  # sha256 of nothing starts with e3b0c442
    with pytest.raises(WeightsError, match=r"b0353104\.pth is not .* e3b0c442 instead of b0353104. Delete"):
        load(encoder, "mobilenet_v2_imagenet1k_v1")


def test_a_download_that_fails_says_where_the_file_belongs(
    encoder: MobileNetV2, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*_: object, **__: object) -> None:
        raise OSError("no connection")

    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    with pytest.raises(WeightsError, match=rf"no connection. Fetch that file elsewhere and put it at {hub}/mobilenet"):
        load(encoder, "mobilenet_v2_imagenet1k_v1")
