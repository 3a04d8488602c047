import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dermaseg_monai.agreement.case_digest import case_digest
from dermaseg_monai.agreement.new_outlines import NewOutline, require_answers, with_outlines
from dermaseg_monai.data.demo import make_demo
from dermaseg_monai.errors import DataError, IntegrityError
from dermaseg_monai.images import read_mask
from dermaseg_monai.manifest import Manifest, verify


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_demo(tmp_path_factory.mktemp("made") / "demo", n=10, seed=0).parent


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "demo"))


@pytest.fixture
def manifest(root: Path) -> Manifest:
    return Manifest.load(root / "manifest.json")


def outline(manifest: Manifest, root: Path, at: int = 0) -> NewOutline:
    case = manifest.cases[at]
    assert case.image.size_px is not None
    mask = np.zeros(case.image.size_px, dtype=bool)
    mask[20:40, 30:90] = True
    return NewOutline(case.id, "dr-ada", "2026-11-21T10:00:00Z", mask, False, case_digest(case, root))


def check(manifest: Manifest, root: Path, *outlines: NewOutline, one_per_case: bool = True) -> None:
    asked = {case.id: case_digest(case, root) for case in manifest.cases[:2]}
    require_answers(outlines, manifest, root, asked=asked, one_per_case=one_per_case)


def test_a_decision_becomes_the_reference_and_everything_before_it_stays(manifest: Manifest, root: Path) -> None:
    one = outline(manifest, root)
    check(manifest, root, one)
    before = manifest.cases[0]
    known = with_outlines(manifest, root, [one], role="adjudicated")
    after = known.cases[0]
    assert after.annotations[:-1] == before.annotations
    assert after.reference is after.annotations[-1]
    assert before.reference is not None
    new = after.annotations[-1]
    assert (new.annotator, new.created_at, new.role) == ("dr-ada", "2026-11-21T10:00:00Z", "adjudicated")
    assert new.replaces == before.reference.mask.path
    assert (read_mask(root / new.mask.path) == one.mask).all()
    assert known.cases[1:] == manifest.cases[1:]
    assert known.version == f"{manifest.version}+1-adjudicated"
    assert verify(known, root) == []
    later = replace(one, created_at="2026-12-01T10:00:00Z", mask=~one.mask)
    again = with_outlines(known, root, [later], role="adjudicated").cases[0]
    assert again.reference is again.annotations[-1]
    assert again.annotations[-1].replaces == new.mask.path
    assert len(again.annotations) == len(before.annotations) + 2


def test_a_readers_outline_replaces_nothing_and_leaves_the_reference(manifest: Manifest, root: Path) -> None:
    two = (outline(manifest, root), replace(outline(manifest, root), annotator="bo"))
    check(manifest, root, *two, one_per_case=False)
    case = with_outlines(manifest, root, two, role="reader").cases[0]
    assert [one.annotator for one in case.annotations[-2:]] == ["dr-ada", "bo"]
    assert case.reference == manifest.cases[0].reference
    assert {one.replaces for one in case.annotations[-2:]} == {None}


def test_another_mask_is_never_written_over(manifest: Manifest, root: Path) -> None:
    one = outline(manifest, root)
    with_outlines(manifest, root, [one], role="adjudicated")
    with_outlines(manifest, root, [one], role="adjudicated")  # the same answer again is the same file
    with pytest.raises(DataError, match="holds another mask; nothing is written over it"):
        with_outlines(manifest, root, [replace(one, mask=~one.mask)], role="adjudicated")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"case_id": "demo_0003"}, "'demo_0003' was not asked: it is not in the queue"),
        ({"digest": "0" * 64}, "'demo_0000': the task is of another queue"),
        ({"mask": np.ones((192, 255), dtype=bool)}, r"the mask is 192 x 255 px, the picture 192 x 256"),
        ({"mask": np.ones((256, 192), dtype=bool)}, r"the mask is 256 x 192 px, the picture 192 x 256"),
        ({"mask": np.zeros((192, 256), dtype=bool)}, "of dr-ada is empty and does not say so"),
        ({"empty_stated": True}, "of dr-ada has a lesion and says that there is none"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(
    manifest: Manifest, root: Path, change: dict[str, object], said: str
) -> None:
    with pytest.raises(DataError, match=said):
        check(manifest, root, outline(manifest, root, 1), replace(outline(manifest, root), **change))


def test_an_empty_mask_that_is_stated_is_a_decision(manifest: Manifest, root: Path) -> None:
    check(manifest, root, replace(outline(manifest, root), mask=np.zeros((192, 256), dtype=bool), empty_stated=True))


def test_twice_the_same_case_is_refused_and_twice_the_same_reader(manifest: Manifest, root: Path) -> None:
    one = outline(manifest, root)
    with pytest.raises(DataError, match="'demo_0000' has 2 outlines in the export; one is needed"):
        check(manifest, root, one, replace(one, annotator="bo"))
    with pytest.raises(DataError, match="'demo_0000' has 2 outlines by dr-ada in the export"):
        check(manifest, root, one, one, one_per_case=False)
    with pytest.raises(DataError, match="holds no submitted annotation"):
        check(manifest, root)


def test_a_case_that_changed_meanwhile_is_refused(manifest: Manifest, root: Path) -> None:
    one = outline(manifest, root)
    asked = {one.case_id: one.digest}
    decided = with_outlines(manifest, root, [one], role="adjudicated")
    with pytest.raises(DataError, match="'demo_0000' has changed since it was asked"):
        require_answers([one], decided, root, asked=asked, one_per_case=True)
    (root / manifest.cases[0].image.path).write_bytes(b"another picture")
    with pytest.raises(IntegrityError, match="is not the file the manifest means"):
        require_answers([one], manifest, root, asked=asked, one_per_case=True)
