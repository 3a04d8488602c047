import os
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from monai.networks.layers import DropPath
from safetensors.torch import load_file, save_file
from torch import Tensor

from dermaseg_monai.errors import WeightsError
from dermaseg_monai.networks import SegFormerLite
from dermaseg_monai.networks.hugging_face import from_hugging_face
from dermaseg_monai.networks.mix_transformer import MixTransformer, ReducedAttention, to_grid, to_places

SMALL: dict[str, Any] = {"widths": (8, 16, 24, 32), "heads": (1, 2, 3, 4), "depths": (1, 2, 1, 1)}
B0: dict[str, Any] = {"widths": (32, 64, 160, 256), "heads": (1, 2, 5, 8), "depths": (2, 2, 2, 2)}


@pytest.fixture(scope="module")
def transformers() -> ModuleType:
    """The reference implementation; offline, because only its code is wanted."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    return pytest.importorskip("transformers", reason="the reference comes with the extra `sam`")


def reference(transformers: ModuleType, kind: str, size: dict[str, Any], **more: int) -> torch.nn.Module:
    """Return a network of transformers with random weights and random norms, so that nothing is an identity."""
    config = transformers.SegformerConfig(
        hidden_sizes=list(size["widths"]),
        num_attention_heads=list(size["heads"]),
        depths=list(size["depths"]),
        decoder_hidden_size=16,
        **more,
    )
    torch.manual_seed(0)
    network = getattr(transformers, kind)(config).eval()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.add_(0.1 * torch.randn_like(parameter) if "norm" in name or name.endswith("bias") else 0)
    return network


def some_image(height: int, width: int) -> Tensor:
    return torch.randn(2, 3, height, width, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("size", "grids"),
    [(SMALL, [(32, 32), (64, 96), (75, 101)]), pytest.param(B0, [(32, 32), (96, 64), (65, 130)], id="B0")],
)
def test_the_encoder_equals_hugging_faces(
    transformers: ModuleType, size: dict[str, Any], grids: list[tuple[int, int]]
) -> None:
    theirs = reference(transformers, "SegformerModel", size)
    ours = MixTransformer(**size).eval()
    ours.load_state_dict(from_hugging_face(theirs.state_dict()))
    for height, width in grids:
        with torch.no_grad():
            expected = theirs(some_image(height, width), output_hidden_states=True).hidden_states
            found = ours(some_image(height, width))
        assert len(found) == len(expected) == 4
        for one, other in zip(found, expected, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


def test_the_logits_at_stride_4_equal_hugging_faces(transformers: ModuleType) -> None:
    theirs = reference(transformers, "SegformerForSemanticSegmentation", SMALL, num_labels=1)
    with torch.no_grad():
        for weight in theirs.decode_head.parameters():  # pyright: ignore[reportAttributeAccessIssue, reportCallIssue]
            weight.mul_(10)  # so that a fault in the decoder is not lost in small numbers
    ours = SegFormerLite(**SMALL, decoder_width=16).eval()
    ours.encoder.load_state_dict(from_hugging_face(theirs.state_dict()))
    ours.decoder.load_state_dict(decoder_weights(theirs.state_dict()))
    image = some_image(64, 96)
    with torch.no_grad():
        found, expected = ours.decoder(ours.encoder(image)), theirs(image).logits
    assert expected.shape == (2, 1, 16, 24)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def decoder_weights(state: dict[str, Tensor]) -> dict[str, Tensor]:
    names = {"linear_fuse.": "fuse.0.0.", "batch_norm.": "fuse.0.1.", "classifier.": "logit."}
    renamed = {}
    for key, tensor in state.items():
        if not key.startswith("decode_head."):
            continue
        name = key.removeprefix("decode_head.").replace("linear_projections.", "project.").replace(".proj.", ".")
        for theirs, ours in names.items():
            name = name.replace(theirs, ours)
        is_linear = name.startswith("project.") and tensor.ndim == 2
        renamed[name] = tensor[..., None, None] if is_linear else tensor
    return renamed


@pytest.mark.parametrize("suffix", [".bin", ".safetensors"])
def test_files_of_hugging_face_fill_the_encoder(transformers: ModuleType, tmp_path: Path, suffix: str) -> None:
    """`save_pretrained` writes the names that stand in the files on the hub, whatever they are called in memory."""
    theirs = reference(transformers, "SegformerForImageClassification", SMALL, num_labels=5)
    theirs.save_pretrained(tmp_path)  # pyright: ignore[reportCallIssue]
    path = tmp_path / "model.safetensors"
    if suffix == ".bin":
        state = load_file(path)
        assert "segformer.encoder.block.0.0.attention.self.sr.weight" in state
        path = tmp_path / "pytorch_model.bin"
        torch.save(state, path)
    ours = SegFormerLite(str(path), **SMALL).eval()
    image = some_image(64, 64)
    with torch.no_grad():
        expected = theirs.segformer(image).last_hidden_state  # pyright: ignore[reportCallIssue]
        torch.testing.assert_close(ours.encoder(image)[-1], expected, rtol=1e-5, atol=1e-5)


HUB_NAMES = {
    "segformer.encoder.patch_embeddings.3.proj.weight": "stages.3.patches.weight",
    "encoder.patch_embeddings.0.layer_norm.bias": "stages.0.patches_norm.bias",
    "segformer.encoder.block.1.0.layer_norm_1.weight": "stages.1.blocks.0.attention_norm.weight",
    "segformer.encoder.block.1.0.attention.self.query.bias": "stages.1.blocks.0.attention.query.bias",
    "segformer.encoder.block.0.1.attention.self.sr.weight": "stages.0.blocks.1.attention.reduce.weight",
    "segformer.encoder.block.0.1.attention.self.layer_norm.weight": "stages.0.blocks.1.attention.reduce_norm.weight",
    "segformer.encoder.block.2.1.attention.output.dense.weight": "stages.2.blocks.1.attention.project.weight",
    "segformer.encoder.block.2.1.layer_norm_2.bias": "stages.2.blocks.1.mix_norm.bias",
    "segformer.encoder.block.2.1.mlp.dense1.weight": "stages.2.blocks.1.mix.widen.weight",
    "segformer.encoder.block.2.1.mlp.dwconv.dwconv.weight": "stages.2.blocks.1.mix.filter.weight",
    "segformer.encoder.block.2.1.mlp.dense2.weight": "stages.2.blocks.1.mix.narrow.weight",
    "segformer.encoder.layer_norm.2.weight": "stages.2.norm.weight",
    "segformer.stages.2.layer_norm.weight": "stages.2.norm.weight",
    "stages.2.blocks.1.attention.o_proj.weight": "stages.2.blocks.1.attention.project.weight",
    "classifier.weight": "classifier.weight",
}


@pytest.mark.parametrize(("theirs", "ours"), HUB_NAMES.items())
def test_each_published_name_has_ours(theirs: str, ours: str) -> None:
    assert list(from_hugging_face({theirs: torch.zeros(1)})) == [ours]


def test_the_decoder_of_a_file_is_left_out() -> None:
    assert from_hugging_face({"decode_head.classifier.bias": torch.zeros(1)}) == {}


def test_weights_of_another_size_or_network_are_refused_and_change_nothing(tmp_path: Path) -> None:
    save_file(MixTransformer(**SMALL).state_dict(), tmp_path / "small.safetensors")
    with pytest.raises(
        WeightsError, match=r"small\.safetensors does not fit the encoder mit_b0: .* missing \(stages\.0"
    ):
        SegFormerLite(str(tmp_path / "small.safetensors"))
    torch.save({"conv1.weight": torch.zeros(64, 3, 7, 7)}, tmp_path / "resnet.pth")
    with pytest.raises(WeightsError, match=r"1 unknown \(conv1\.weight\)"):
        SegFormerLite(str(tmp_path / "resnet.pth"), **SMALL)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(WeightsError, match=r"no weights file nvidia/mit-b0, .*to an existing file, or to null"):
        SegFormerLite("nvidia/mit-b0", **SMALL)


def test_the_default_is_mit_b0() -> None:
    network = SegFormerLite()
    encoder = sum(parameter.numel() for parameter in network.encoder.parameters())
    assert encoder == 3_319_392  # transformers' SegformerModel(SegformerConfig()) has as many
    assert sum(parameter.numel() for parameter in network.parameters()) == 3_714_401


def test_a_photograph_is_normalised_before_the_encoder() -> None:
    network = SegFormerLite(**SMALL).eval()
    seen = []
    network.encoder.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    with torch.no_grad():
        network(torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1).expand(1, 3, 32, 32))
    torch.testing.assert_close(seen[0], torch.zeros(1, 3, 32, 32), rtol=0, atol=1e-6)


def test_one_place_in_reduction_squared_answers() -> None:
    attention = ReducedAttention(8, heads=2, reduction=4)
    asked = []
    attention.key.register_forward_pre_hook(lambda _, given: asked.append(given[0].shape))
    attention(torch.rand(1, 8 * 12, 8), 8, 12)
    assert asked == [(1, 2 * 3, 8)]


def test_places_are_read_line_by_line() -> None:
    grid = torch.arange(6.0).view(1, 1, 2, 3)
    assert to_places(grid).flatten().tolist() == [0, 1, 2, 3, 4, 5]
    assert torch.equal(to_grid(to_places(grid), 2, 3), grid)


def test_a_new_network_starts_at_the_share_of_lesion_pixels() -> None:
    torch.manual_seed(0)
    with torch.no_grad():
        mean = SegFormerLite(**SMALL).eval()(torch.rand(2, 3, 64, 64)).sigmoid().mean().item()
    assert mean == pytest.approx(0.25, abs=0.05)


def test_later_blocks_are_skipped_more_often() -> None:
    network = MixTransformer(**B0, drop_path=0.7)
    chances = [module.drop_prob for module in network.modules() if isinstance(module, DropPath)]
    assert chances == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7])
