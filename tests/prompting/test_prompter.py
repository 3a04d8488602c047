"""Which prompt is made of what, and that no automatic one sees the reference."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from dermaseg_monai.data import Sample
from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.images import write_mask
from dermaseg_monai.prompting import (
    AutomaticBox,
    ClassicalMask,
    GivenBox,
    GivenJitteredBox,
    GivenPoints,
    NetworkMask,
    Prompt,
    Prompter,
    WholeImage,
)

ROWS, COLUMNS = 24, 40
LABEL = np.zeros((ROWS, COLUMNS), dtype=bool)
LABEL[5:9, 20:31] = True
IMAGE = np.random.default_rng(0).integers(0, 255, (ROWS, COLUMNS, 3), dtype=np.uint8)
CASES: Sequence[Sample] = [{"case_id": "one"}, {"case_id": "two"}]


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    mask = np.zeros((ROWS, COLUMNS), dtype=bool)
    mask[10:14, 2:9] = True
    mask[0, 39] = True  # a speck apart from the lesion
    write_mask(tmp_path / "masks" / "one.png", mask)
    return tmp_path


def every_kind(predictions: Path) -> Prompter:
    automatic = (AutomaticBox(NetworkMask(predictions, CASES)), AutomaticBox(ClassicalMask()), WholeImage())
    given = (GivenBox(), GivenJitteredBox(jitter_px=3, seed=0), GivenPoints(count=2))
    return Prompter((*given, *automatic), without_prompt="empty")


def test_the_name_of_a_kind_says_whether_it_was_given(predictions: Path) -> None:
    for kind in every_kind(predictions).kinds:
        assert kind.name.startswith(f"{kind.origin}_")


def test_each_kind_points_where_it_should(predictions: Path) -> None:
    prompts = every_kind(predictions).prompts("one", IMAGE, LABEL)
    assert list(prompts) == [
        "given_box", "given_box_jitter_3px", "given_points_2",
        "automatic_network_box", "automatic_classical_box", "automatic_whole_image",
    ]  # fmt: skip
    assert prompts["given_box"].box_px == (20.0, 5.0, 30.0, 8.0)
    assert prompts["automatic_network_box"].box_px == (2.0, 10.0, 8.0, 13.0)
    assert prompts["automatic_whole_image"].box_px == (0.0, 0.0, 39.0, 23.0)
    assert len(prompts["given_points_2"].points_px) == 2
    assert all(LABEL[int(y), int(x)] for x, y in prompts["given_points_2"].points_px)


def test_automatic_prompts_are_the_same_whatever_the_reference_is(predictions: Path) -> None:
    prompter = every_kind(predictions)
    one, other = (prompter.prompts("one", IMAGE, label) for label in (LABEL, ~LABEL))
    for kind in prompter.kinds:
        assert (one[kind.name] == other[kind.name]) is (kind.origin == "automatic"), kind.name


@pytest.mark.parametrize(("without_prompt", "box"), [("empty", None), ("whole_image", (0.0, 0.0, 39.0, 23.0))])
def test_a_case_without_a_prompt_is_kept_and_marked(
    predictions: Path, without_prompt: str, box: tuple[float, ...] | None
) -> None:
    kinds = (GivenBox(), GivenPoints(count=1), AutomaticBox(NetworkMask(predictions, CASES)))
    prompts = Prompter(kinds, without_prompt=without_prompt).prompts("two", IMAGE, np.zeros_like(LABEL))
    assert [prompt.box_px for prompt in prompts.values()] == [box] * 3
    assert not any(prompt.found for prompt in prompts.values())


def test_a_batch_is_taken_apart_and_the_prompts_are_remembered() -> None:
    prompter = Prompter([GivenBox(), WholeImage()], without_prompt="empty")
    image = torch.from_numpy(IMAGE).permute(2, 0, 1)[None] / 255
    batch = {"case_id": ["one"], "image": image, "label": torch.from_numpy(LABEL)[None, None].float()}
    inputs, label, args, named = prompter(batch)
    assert torch.equal(inputs, image)
    assert label.shape == (1, 1, ROWS, COLUMNS)
    assert args == ()
    assert named["prompts"] == prompter.made["one"]
    assert named["prompts"]["given_box"].box_px == (20.0, 5.0, 30.0, 8.0)


def test_an_automatic_kind_sees_the_bytes_of_the_photograph() -> None:
    seen: list[np.ndarray] = []

    class Looking(WholeImage):
        def propose(self, case_id: str, image: np.ndarray) -> Prompt:
            seen.append(image)
            return super().propose(case_id, image)

    batch = {
        "case_id": ["one"],
        "image": torch.from_numpy(IMAGE).permute(2, 0, 1)[None] / 255,
        "label": torch.zeros(1, 1, ROWS, COLUMNS),
    }
    Prompter([Looking()], without_prompt="empty")(batch)
    assert np.array_equal(seen[0], IMAGE)


def test_a_batch_of_two_is_refused() -> None:
    batch = {"case_id": ["a", "b"], "image": torch.zeros(2, 3, 8, 8), "label": torch.zeros(2, 1, 8, 8)}
    with pytest.raises(ConfigError, match="A batch holds 2 cases; SAM takes one at a time"):
        Prompter([GivenBox()], without_prompt="empty")(batch)


def test_a_sheet_that_cannot_be_meant_is_refused() -> None:
    with pytest.raises(ConfigError, match="given_box stands there twice"):
        Prompter([GivenBox(), GivenBox()], without_prompt="empty")
    with pytest.raises(ConfigError, match="there is none"):
        Prompter([], without_prompt="empty")
    with pytest.raises(ConfigError, match="without_prompt is 'skip'; it is one of empty, whole_image"):
        Prompter([GivenBox()], without_prompt="skip")
    with pytest.raises(ConfigError, match="jitter_px is 0"):
        GivenJitteredBox(jitter_px=0, seed=0)
    with pytest.raises(ConfigError, match="count of given points is 0"):
        GivenPoints(count=0)


def test_predictions_that_are_not_there_say_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--predictions FOLDER, or add the sheet without_network\.json"):
        NetworkMask(None, CASES)
    with pytest.raises(ConfigError, match=r"holds no mask of the 2 cases, first wanted: masks/one\.png"):
        NetworkMask(tmp_path, CASES)


def test_masks_that_come_from_the_reference_are_not_taken_for_automatic_ones(predictions: Path) -> None:
    label = predictions / "masks" / "one.png"
    for folder in (predictions, predictions / "masks"):
        with pytest.raises(
            ConfigError, match=r"holds the reference masks \(first one\.png\), and boxes from them would"
        ):
            NetworkMask(folder, [{"case_id": "one", "label_path": str(label)}])
    for origin, text in (("given", '{"about": {"origin": "given"}}'), ("", '{"about": {"split": "test"}}'), ("", "[]")):
        (predictions / "run.json").write_text(text)
        for folder in (predictions, predictions / "masks"):
            if origin:
                with pytest.raises(
                    ConfigError, match=r"were made with prompts from the reference, and .*--predictions"
                ):
                    NetworkMask(folder, CASES)
            else:
                assert NetworkMask(folder, CASES).mask("one", IMAGE) is not None


def test_an_older_mask_of_a_case_that_failed_is_no_mask(predictions: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_mask(predictions / "masks" / "two.png", np.ones((ROWS, COLUMNS), dtype=bool))
    (predictions / "cases.csv").write_text("case_id,status,reason,file\none,ok,,one.png\ntwo,failed,cut short,\n")
    for folder in (predictions, predictions / "masks"):
        source = NetworkMask(folder, CASES)
        assert source.mask("one", IMAGE) is not None
        assert source.mask("two", IMAGE) is None
    assert "cases.csv calls case two failed" in caplog.text
    with pytest.raises(ConfigError, match="holds no mask of the 1 cases"):
        NetworkMask(predictions, [{"case_id": "two"}])


def test_a_mask_of_another_size_is_refused(predictions: Path) -> None:
    with pytest.raises(DataError, match=r"one\.png has \(24, 40\) px, the photograph of case one \(40, 24\)"):
        NetworkMask(predictions, CASES).mask("one", np.zeros((40, 24, 3), dtype=np.uint8))


def test_a_damaged_mask_is_no_mask_and_a_plain_folder_is_read(
    predictions: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = NetworkMask(predictions / "masks", CASES)
    assert source.mask("one", IMAGE) is not None
    (predictions / "masks" / "one.png").write_bytes(b"cut off")
    assert source.mask("one", IMAGE) is None
    assert source.mask("two", IMAGE) is None
    assert "Case one has no prompt from it" in caplog.text
    assert "case two has no prompt from it" in caplog.text
