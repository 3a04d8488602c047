"""A SAM of random weights that fits a test, saved as the hub keeps SAM."""

from pathlib import Path

SIDE_PX = 64


def save_tiny_sam(folder: Path) -> Path:
    """Write config.json and model.safetensors of a SAM whose square has 64 px; return the folder."""
    import torch  # noqa: PLC0415
    from transformers import SamConfig, SamModel  # noqa: PLC0415
    from transformers.utils.logging import disable_progress_bar  # noqa: PLC0415

    disable_progress_bar()
    vision = {"hidden_size": 16, "output_channels": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    vision |= {"image_size": SIDE_PX, "patch_size": 8, "mlp_dim": 32, "num_pos_feats": 8}
    vision |= {"window_size": 4, "global_attn_indexes": [1]}
    prompts = {"hidden_size": 16, "image_size": SIDE_PX, "patch_size": 8, "mask_input_channels": 4}
    decoder = {"hidden_size": 16, "mlp_dim": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    decoder |= {"iou_head_hidden_dim": 16}
    config = SamConfig(vision_config=vision, prompt_encoder_config=prompts, mask_decoder_config=decoder)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        SamModel(config).save_pretrained(folder)
    return folder
