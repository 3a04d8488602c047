from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dermaseg_monai.errors import LeakError
from dermaseg_monai.manifest import (
    Case,
    Manifest,
    Split,
    find_near_leaks,
    find_near_ties,
    leak_free,
    near_leaks,
    pictures_taking_part,
    require_no_near_leaks,
)

Draw = Callable[..., np.ndarray]
SaveCase = Callable[..., Case]


def study(*cases: Case, name: str = "study") -> Manifest:
    return Manifest(name, "1", None, cases)


def test_a_mirrored_copy_on_the_other_side_is_a_leak(draw: Draw, save_case: SaveCase, tmp_path: Path) -> None:
    manifest = study(save_case("a", draw(1)), save_case("b", draw(1)[:, ::-1], "test"), save_case("c", draw(2), "test"))
    (leak,), failures = find_near_leaks([(manifest, tmp_path)])
    assert (leak.key, leak.case_ids, leak.splits) == ("picture", ("a", "b"), ("train", "test"))
    assert "of 256 bits differ, mirrored left to right, whole picture" in leak.value
    assert failures == {}
    with pytest.raises(
        LeakError, match=r"1 leaks between the splits of study, first picture .*a \(train\), b \(test\)"
    ):
        require_no_near_leaks(manifest, tmp_path)


@pytest.mark.parametrize(("one", "other"), [("train", "train"), ("train", "excluded")])
def test_copies_on_one_side_or_excluded_do_not_leak(
    draw: Draw, save_case: SaveCase, tmp_path: Path, one: str, other: str
) -> None:
    manifest = study(save_case("a", draw(1), one), save_case("b", draw(1)[::-1], other), save_case("c", draw(2), "val"))
    assert find_near_leaks([(manifest, tmp_path)]) == ([], {})
    require_no_near_leaks(manifest, tmp_path)


def test_a_clean_manifest_is_searched_once_and_another_one_anew(
    draw: Draw, save_case: SaveCase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    find = near_leaks.find_near_ties
    monkeypatch.setattr(near_leaks, "find_near_ties", lambda placed: asked.append(1) or find(placed))
    clean = study(save_case("a", draw(1)), save_case("b", draw(2), "test"))
    require_no_near_leaks(clean, tmp_path)
    require_no_near_leaks(clean, tmp_path)
    assert len(asked) == 1
    for _ in range(2):  # what leaks is never remembered as clean
        with pytest.raises(LeakError):
            require_no_near_leaks(study(*clean.cases, save_case("c", draw(1)[::-1], "val")), tmp_path)
    assert len(asked) == 3
    gone = study(*clean.cases, save_case("d", draw(4), "val"))
    (tmp_path / gone.cases[-1].image.path).unlink()
    for _ in range(2):  # nor what could not be looked at
        require_no_near_leaks(gone, tmp_path)
    assert len(asked) == 5
    require_no_near_leaks(study(clean.cases[0]), tmp_path)  # one side has no other
    assert len(asked) == 5


def test_the_training_sides_of_two_sets_overlap(draw: Draw, save_case: SaveCase, tmp_path: Path) -> None:
    sets = [study(save_case("a", draw(1)), name="one"), study(save_case("b", draw(1)[10:-10, 13:-13]), name="two")]
    (leak,), _ = find_near_leaks([(manifest, tmp_path) for manifest in sets])
    assert leak.sets == ("one", "two")
    assert not leak.crosses_splits


def test_one_id_or_one_file_is_no_news(draw: Draw, save_case: SaveCase, tmp_path: Path) -> None:
    first = study(save_case("a", draw(1)), save_case("same", draw(2)), name="one")
    copy = Case("file", first.cases[1].image, (), "test")
    resized = save_case("a2", draw(1)[::2, ::2], "test")
    second = study(Case("a", resized.image, (), "test"), copy, name="two")
    assert find_near_leaks([(first, tmp_path), (second, tmp_path)]) == ([], {})


def test_what_cannot_be_read_is_named(draw: Draw, save_case: SaveCase, tmp_path: Path) -> None:
    manifest = study(save_case("a", draw(1)), save_case("b", draw(2), "test"))
    (tmp_path / "b.png").unlink()
    _, failures = find_near_leaks([(manifest, tmp_path)])
    assert list(failures) == ["study b"]
    require_no_near_leaks(manifest, tmp_path)


@pytest.mark.parametrize(
    "change",
    [lambda pixels: pixels[12:-12, 16:-16], lambda pixels: np.pad(pixels, ((12, 12), (16, 16), (0, 0)))],
    ids=["centre of it", "with a margin"],
)
def test_a_training_is_refused_a_crop_on_the_other_side(
    draw: Draw, save_case: SaveCase, tmp_path: Path, change: Callable[[np.ndarray], np.ndarray]
) -> None:
    manifest = study(save_case("a", draw(1)), save_case("b", change(draw(1)), "test"), save_case("c", draw(2)))
    with pytest.raises(LeakError, match=r"1 leaks .*first picture .*centre 80% in a \(train\), b \(test\)"):
        require_no_near_leaks(manifest, tmp_path)


def tied_by_a_copy(draw: Draw, save_case: SaveCase, side: Split) -> Manifest:
    """Return a set where a is a copy of c, and c is of the lesion of b."""
    return study(
        save_case("a", draw(1)),
        save_case("c", draw(1)[:, ::-1], side, lesion_id="L"),
        save_case("b", draw(2), "test", lesion_id="L"),
    )


def test_a_copy_on_one_side_ties_what_its_lesion_does(draw: Draw, save_case: SaveCase, tmp_path: Path) -> None:
    manifest = tied_by_a_copy(draw, save_case, "train")
    ties, _ = find_near_ties([(manifest, tmp_path)])
    assert [tie.case_ids for tie in ties] == [("a", "c")]
    assert find_near_leaks([(manifest, tmp_path)]) == ([], {})
    (clean,), _ = leak_free([manifest], ties, gives_way="train")
    assert [case.split for case in clean.cases] == ["excluded", "test", "excluded"]
    with pytest.raises(LeakError, match=r"indirect through c \(train\) in a \(train\), b \(test\)"):
        require_no_near_leaks(manifest, tmp_path)
    require_no_near_leaks(clean, tmp_path)


def test_a_copy_of_an_excluded_picture_is_a_tie_of_its_own(draw: Draw, save_case: SaveCase, tmp_path: Path) -> None:
    manifest = tied_by_a_copy(draw, save_case, "excluded")
    ties, _ = find_near_ties([(manifest, tmp_path)])
    assert [tie.case_ids for tie in ties] == [("a", "c")]
    assert pictures_taking_part(ties) == []
    require_no_near_leaks(manifest, tmp_path)


def test_copies_on_one_side_that_are_tied_already_are_passed_over(
    draw: Draw, save_case: SaveCase, tmp_path: Path
) -> None:
    slices = [save_case(name, draw(1)[:, ::step], lesion_id="L") for name, step in (("a", 1), ("b", -1))]
    assert find_near_ties([(study(*slices, save_case("c", draw(2))), tmp_path)]) == ([], {})


def test_an_excluded_picture_that_is_not_there_is_no_failure(draw: Draw, save_case: SaveCase, tmp_path: Path) -> None:
    manifest = study(save_case("a", draw(1)), save_case("b", draw(2), "excluded"))
    (tmp_path / "b.png").unlink()
    assert find_near_ties([(manifest, tmp_path)]) == ([], {})
