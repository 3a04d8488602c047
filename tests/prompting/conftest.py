"""A tiny SAM of random weights, saved as the hub keeps SAM, and drawn masks."""

from pathlib import Path

import numpy as np
import pytest

SIDE_PX = 64


def drawn(rows: list[str]) -> np.ndarray:
    """Return a mask from text: # is lesion."""
    return np.array([[letter == "#" for letter in row] for row in rows])


@pytest.fixture(scope="session")
def tiny_sam(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with config.json and model.safetensors of a SAM whose square has 64 px."""
    import torch  # noqa: PLC0415
    from transformers import SamConfig, SamModel  # noqa: PLC0415

    torch.manual_seed(3)
    vision = {"hidden_size": 16, "output_channels": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    vision |= {"image_size": SIDE_PX, "patch_size": 8, "mlp_dim": 32, "num_pos_feats": 8}
    vision |= {"window_size": 4, "global_attn_indexes": [1]}
    prompts = {"hidden_size": 16, "image_size": SIDE_PX, "patch_size": 8, "mask_input_channels": 4}
    decoder = {"hidden_size": 16, "mlp_dim": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    decoder |= {"iou_head_hidden_dim": 16}
    config = SamConfig(vision_config=vision, prompt_encoder_config=prompts, mask_decoder_config=decoder)
    folder = tmp_path_factory.mktemp("sam")
    SamModel(config).save_pretrained(folder)
    return folder
