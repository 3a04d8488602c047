"""SegFormer's weights as Hugging Face publishes them, under the names of our mix transformer."""

import re
from collections.abc import Mapping

from torch import Tensor

STAGE, BLOCK = r"(?P<stage>\d+)", r"(?P<stage>\d+)\.(?P<block>\d+)"
# what stands in the files (transformers 4 uses these names in memory too) -> ours
IN_FILES = (
    (rf"^patch_embeddings\.{STAGE}\.proj\.", r"stages.\g<stage>.patches."),
    (rf"^patch_embeddings\.{STAGE}\.layer_norm\.", r"stages.\g<stage>.patches_norm."),
    (rf"^layer_norm\.{STAGE}\.", r"stages.\g<stage>.norm."),
    (rf"^block\.{BLOCK}\.", r"stages.\g<stage>.blocks.\g<block>."),
    (r"\.layer_norm_1\.", ".attention_norm."),
    (r"\.layer_norm_2\.", ".mix_norm."),
    (r"\.attention\.self\.(query|key|value)\.", r".attention.\1."),
    (r"\.attention\.self\.sr\.", ".attention.reduce."),
    (r"\.attention\.self\.layer_norm\.", ".attention.reduce_norm."),
    (r"\.attention\.output\.dense\.", ".attention.project."),
    (r"\.mlp\.dense1\.", ".mix.widen."),
    (r"\.mlp\.dwconv\.dwconv\.", ".mix.filter."),
    (r"\.mlp\.dense2\.", ".mix.narrow."),
)
# what transformers 5 calls the same in memory -> ours
IN_MEMORY = (
    (r"\.patch_embeddings\.proj\.", ".patches."),
    (r"\.patch_embeddings\.layer_norm\.", ".patches_norm."),
    (r"\.layernorm_before\.", ".attention_norm."),
    (r"\.layernorm_after\.", ".mix_norm."),
    (r"\.attention\.q_proj\.", ".attention.query."),
    (r"\.attention\.k_proj\.", ".attention.key."),
    (r"\.attention\.v_proj\.", ".attention.value."),
    (r"\.attention\.o_proj\.", ".attention.project."),
    (r"\.attention\.sequence_reduction\.sequence_reduction\.", ".attention.reduce."),
    (r"\.attention\.sequence_reduction\.layer_norm\.", ".attention.reduce_norm."),
    (r"\.mlp\.fc1\.", ".mix.widen."),
    (r"\.mlp\.fc2\.", ".mix.narrow."),
    (r"^(stages\.\d+)\.layer_norm\.", r"\1.norm."),
)
DECODER = "decode_head."


def from_hugging_face(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the encoder of a SegFormer state dict under the names of `MixTransformer`.

    Takes `SegformerModel`, `SegformerForImageClassification` (such as `nvidia/mit-b0`, trained on ImageNet) and
    `SegformerForSemanticSegmentation`, whose decoder is left out. Names that are ours already, or that nothing here
    knows, stay as they are, so that whoever loads the result can name them.
    """
    return {_our_name(key): tensor for key, tensor in state.items() if not key.startswith(DECODER)}


def _our_name(key: str) -> str:
    name = key.removeprefix("segformer.").removeprefix("encoder.")
    for pattern, ours in IN_FILES + IN_MEMORY:
        name = re.sub(pattern, ours, name)
    return name
