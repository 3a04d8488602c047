import json
import shutil
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from dermaseg_monai.errors import MissingExtraError, WeightsError
from dermaseg_monai.prompting.checkpoint import load_sam, weights_file


@pytest.fixture
def copy(tiny_sam: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_sam, tmp_path / "copy"))


def test_every_tensor_of_a_local_folder_is_loaded(tiny_sam: Path) -> None:
    model = load_sam(weights_file(tiny_sam))
    stored, loaded = load_file(tiny_sam / "model.safetensors"), model.state_dict()
    assert set(stored) <= set(loaded)
    assert all(torch.equal(loaded[name], value) for name, value in stored.items())
    assert not model.training


def test_a_checkpoint_in_torchs_form_is_loaded_without_its_code(copy: Path) -> None:
    stored = load_file(copy / "model.safetensors")
    (copy / "model.safetensors").unlink()
    torch.save(stored, copy / "pytorch_model.bin")
    loaded = load_sam(weights_file(copy)).state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in stored.items())


def test_code_in_a_checkpoint_is_refused(copy: Path) -> None:
    (copy / "model.safetensors").unlink()
    torch.save({"weights": Path("anything")}, copy / "pytorch_model.bin")
    with pytest.raises(WeightsError, match=r"pytorch_model\.bin .*damaged or holds more than tensors"):
        load_sam(weights_file(copy))


def test_missing_tensors_are_named_and_not_made_up(copy: Path) -> None:
    stored = load_file(copy / "model.safetensors")
    del stored["mask_decoder.iou_token.weight"], stored["vision_encoder.pos_embed"]
    save_file(stored, copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(WeightsError, match=r"lacks 2 tensors of SAM \(mask_decoder\.iou_token\.weight, vision_enc"):
        load_sam(weights_file(copy))


def test_weights_of_another_size_are_refused(copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    config["vision_config"]["mlp_dim"] = 48
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(WeightsError, match=r"does not fit the config\.json beside it"):
        load_sam(weights_file(copy))


def test_another_kind_of_model_is_refused(copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"model_type": "sam2"}))
    with pytest.raises(WeightsError, match="describes a model of type 'sam2'; SAM and MedSAM have 'sam'"):
        load_sam(weights_file(copy))


def test_a_damaged_file_is_named(copy: Path) -> None:
    whole = (copy / "model.safetensors").read_bytes()
    (copy / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(WeightsError, match=r"model\.safetensors cannot be read .* damaged or cut"):
        load_sam(weights_file(copy))


def test_a_folder_without_weights_a_file_and_a_wrong_path_say_what_to_give(copy: Path) -> None:
    with pytest.raises(WeightsError, match=r"is a file\. Give the folder that holds config\.json"):
        weights_file(copy / "model.safetensors")
    (copy / "model.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"does not hold config\.json and model\.safetensors"):
        weights_file(copy)
    with pytest.raises(WeightsError, match=r"There is no folder /no/such/sam.*--checkpoint FOLDER"):
        weights_file("/no/such/sam")


def test_a_name_is_fetched_from_the_hub_safe_weights_first(tiny_sam: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, list[str]]] = []

    def snapshot(name: str, *, allow_patterns: list[str]) -> str:
        asked.append((name, allow_patterns))
        return str(tiny_sam)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot)
    assert weights_file("facebook/sam-vit-base") == tiny_sam / "model.safetensors"
    assert asked == [("facebook/sam-vit-base", ["config.json", "model.safetensors"])]


def test_without_the_hub_the_way_around_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def snapshot(_name: str, **_: object) -> str:
        raise OSError("Name or service not known")

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot)
    with pytest.raises(WeightsError, match=r"not known\).*hf download wanglab/medsam-vit-base --local-dir FOLDER"):
        weights_file("wanglab/medsam-vit-base")


def test_without_transformers_the_extra_is_named(tiny_sam: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtraError, match=r"pip install .* -e '\.\[sam\]'"):
        load_sam(weights_file(tiny_sam))
