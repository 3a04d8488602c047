"""Geometry is tested with a decoder that answers with the place it was pointed at."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from dermaseg_monai.prompting.fit import LongSideFit, SquareFit
from dermaseg_monai.prompting.inferer import PromptInferer
from dermaseg_monai.prompting.prompt import NOTHING, Prompt
from dermaseg_monai.prompting.sam import Sam
from tests.prompting.tiny_sam import SIDE_PX

LOW = 32  # a mask as the tiny SAM gives it: half of its square


@pytest.fixture(scope="module")
def sam(tiny_sam: Path) -> Sam:
    return Sam(checkpoint=tiny_sam, fit=LongSideFit(), multimask=True).requires_grad_(requires_grad=False)


def photograph(rows: int, columns: int) -> torch.Tensor:
    return torch.rand(1, 3, rows, columns, generator=torch.manual_seed(1))


class Asked:
    """Stands for the decoder: notes what it is asked, answers with the box it is given as the mask."""

    def __init__(self, iou: tuple[float, ...] = (0.2, 0.9, 0.4), best: int = 1) -> None:
        self.iou, self.best = iou, best
        self.seen: dict[str, Any] = {}

    def __call__(self, **asked: Any) -> SimpleNamespace:  # noqa: ANN401
        self.seen = asked
        masks = torch.full((1, 1, len(self.iou), LOW, LOW), -1.0)
        if asked["input_boxes"] is not None:
            x0, y0, x1, y1 = (round(float(value) * LOW / SIDE_PX) for value in asked["input_boxes"][0, 0])
            masks[0, 0, self.best, y0 : y1 + 1, x0 : x1 + 1] = 1.0
        return SimpleNamespace(pred_masks=masks, iou_scores=torch.tensor([[self.iou]]))


def asking(sam: Sam, prompt: Prompt, *, size_px: tuple[int, int], fit: object = None) -> tuple[Asked, torch.Tensor]:
    """Ask for one prompt; return the decoder's notes and the mask."""
    answer = Asked()
    embedding = sam.embed(photograph(*size_px)) if fit is None else None
    with pytest.MonkeyPatch.context() as patch:
        if fit is not None:
            patch.setattr(sam, "fit", fit)
            embedding = sam.embed(photograph(*size_px))
        patch.setattr(sam.model, "forward", answer)
        assert embedding is not None
        logits, _ = sam.decode(embedding, prompt)
    return answer, logits[0, 0] > 0


def test_a_box_is_scaled_by_the_long_side_and_stays_x_before_y(sam: Sam) -> None:
    asked, _ = asking(sam, Prompt(box_px=(10.0, 20.0, 90.0, 40.0)), size_px=(64, 128))
    assert asked.seen["input_boxes"].tolist() == [[[5.0, 10.0, 45.0, 20.0]]]
    assert asked.seen["input_points"] is None


def test_points_are_scaled_alike_and_all_belong_to_one_mask(sam: Sam) -> None:
    asked, _ = asking(sam, Prompt(points_px=((10.0, 20.0), (90.0, 40.0))), size_px=(128, 32))
    assert asked.seen["input_points"].tolist() == [[[[5.0, 10.0], [45.0, 20.0]]]]
    assert asked.seen["input_boxes"] is None


def test_medsams_square_scales_each_axis_by_itself(sam: Sam) -> None:
    box = Prompt(box_px=(8.0, 16.0, 24.0, 96.0))
    asked, _ = asking(sam, box, size_px=(128, 32), fit=SquareFit())
    assert asked.seen["input_boxes"].tolist() == [[[16.0, 8.0, 48.0, 48.0]]]


@pytest.mark.parametrize("fit", [None, SquareFit()])
@pytest.mark.parametrize("size_px", [(48, 120), (120, 48), (41, 97)])
def test_a_mask_comes_back_where_the_box_was(sam: Sam, size_px: tuple[int, int], fit: object) -> None:
    rows, columns = size_px
    box = (columns * 0.5, rows * 0.125, columns * 0.9, rows * 0.375)
    _, mask = asking(sam, Prompt(box_px=box), size_px=size_px, fit=fit)
    assert mask.shape == size_px
    ys, xs = torch.where(mask)
    found = (xs.min().item(), ys.min().item(), xs.max().item(), ys.max().item())
    # one pixel of the low mask is up to 120 / 32 pixels of the photograph
    assert found == pytest.approx(box, abs=4)


def test_of_three_masks_the_one_with_the_highest_predicted_iou_is_taken(sam: Sam) -> None:
    embedding = sam.embed(photograph(64, 64))
    box = Prompt(box_px=(10.0, 10.0, 40.0, 40.0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sam.model, "forward", Asked(iou=(0.2, 0.9, 0.4), best=1))
        logits, iou = sam.decode(embedding, box)
        assert (logits > 0).any()
        assert iou.item() == pytest.approx(0.9)
        patch.setattr(sam.model, "forward", Asked(iou=(0.95, 0.9, 0.4), best=1))
        assert not (sam.decode(embedding, box)[0] > 0).any()


def test_medsams_single_mask_is_asked_for(tiny_sam: Path) -> None:
    single = Sam(checkpoint=tiny_sam, fit=SquareFit(), multimask=False).requires_grad_(requires_grad=False)
    embedding, box = single.embed(photograph(30, 50)), Prompt(box_px=(1.0, 2.0, 30.0, 20.0))
    logits, iou = single.decode(embedding, box)
    assert logits.shape == (1, 1, 30, 50)
    on_square = torch.tensor([[[64 / 50, 64 / 30 * 2, 64 / 50 * 30, 64 / 30 * 20]]])
    asked = single.model(image_embeddings=embedding.features, input_boxes=on_square, multimask_output=False)
    assert iou.item() == pytest.approx(asked.iou_scores.item(), rel=1e-4)


def test_the_image_is_embedded_once_for_all_prompts(sam: Sam) -> None:
    calls: list[int] = []
    hook = sam.model.vision_encoder.register_forward_hook(lambda *_: calls.append(1))
    prompts = {"a": Prompt(box_px=(1.0, 1.0, 20.0, 30.0)), "b": Prompt(points_px=((5.0, 6.0),)), "none": NOTHING}
    answers = PromptInferer()(photograph(40, 56), sam, prompts=prompts)
    hook.remove()
    assert calls == [1]
    assert answers["a"].shape == answers["b"].shape == (1, 1, 40, 56)
    assert not torch.equal(answers["a"], answers["b"])
    assert 0 <= answers["a"].min() <= answers["a"].max() <= 1


def test_without_a_prompt_nothing_is_predicted_and_nothing_embedded(sam: Sam) -> None:
    calls: list[int] = []
    hook = sam.model.vision_encoder.register_forward_hook(lambda *_: calls.append(1))
    answers = PromptInferer()(photograph(40, 56), sam, prompts={"none": NOTHING})
    hook.remove()
    assert not answers["none"].any()
    assert answers["none_predicted_iou"].isnan().all()
    assert calls == []


def test_an_empty_prompt_is_refused(sam: Sam) -> None:
    with pytest.raises(ValueError, match="An empty prompt points at nothing"):
        sam.decode(sam.embed(photograph(20, 30)), NOTHING)


def test_forward_uses_the_whole_image_as_the_box(sam: Sam) -> None:
    images = torch.cat([photograph(40, 56), photograph(40, 56).flip(3)])
    logits = sam(images)
    whole = Prompt(box_px=(0.0, 0.0, 55.0, 39.0))
    assert logits.shape == (2, 1, 40, 56)
    assert torch.allclose(logits[1:], sam.decode(sam.embed(images[1:]), whole)[0])


def test_prompts_keep_their_precision_under_autocast(sam: Sam) -> None:
    box = Prompt(box_px=(3.0, 5.0, 120.0, 41.0))
    embedding = sam.embed(photograph(64, 128))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        low = sam.decode(embedding, box)[0]
    assert low.dtype == torch.float32
    assert torch.equal(low, sam.decode(embedding, box)[0])


@pytest.mark.gpu
def test_a_gpu_gives_the_same_mask(sam: Sam) -> None:
    box, image = Prompt(box_px=(3.0, 5.0, 80.0, 41.0)), photograph(64, 96)
    here = sam.decode(sam.embed(image), box)[0]
    there = sam.to("cuda")
    found = there.decode(there.embed(image.cuda()), box)[0].cpu()
    sam.to("cpu")
    assert torch.allclose(found, here, atol=1e-3)
