from base64 import b64decode
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from dermaseg_monai.manifest import Manifest, index_folder, inspect
from dermaseg_monai.report import problem_page, write_problem_page

HOSTILE = "<script>alert(1)<!--"


class _Tags(HTMLParser):
    """The tags of a page and the sources of its pictures."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "set"
    (root / "images").mkdir(parents=True)
    (root / "masks").mkdir()
    for level, name in enumerate(("a", "b", HOSTILE.replace("/", ""))):
        Image.fromarray(np.full((30, 40, 3), 50 * level, dtype=np.uint8)).save(root / "images" / f"{name}.png")
        mask = np.zeros((30, 40), dtype=np.uint8)
        mask[: 10 + level, 5:30] = 255
        Image.fromarray(mask).save(root / "masks" / f"{name}.png")
    return root


def page(data: Path, manifest: Manifest) -> str:
    out = data.parent / "page.html"
    write_problem_page(out, inspect(manifest, data), manifest=manifest, dataset_dir=data)
    return out.read_text(encoding="utf-8")


def test_each_case_has_its_picture_and_the_page_needs_nothing_else(data: Path) -> None:
    found = _Tags(page(data, index_folder(data)))
    assert found.tags.count("img") == 3
    assert all(source.startswith("data:image/jpeg;base64,") for source in found.sources)


def test_what_does_not_occur_has_no_row_and_what_a_crop_does_is_called_no_fault(data: Path) -> None:
    Image.fromarray(np.full((30, 40), 255, dtype=np.uint8)).save(data / "masks" / "a.png")
    text = page(data, index_folder(data))
    table = text[: text.index("</table>")]
    assert ">Border</td>" in table
    assert table.count("which is no fault of a crop") == 2
    assert ">Empty</td>" not in table
    assert "<td class=number>0</td>" not in table


def test_where_nothing_is_found_the_page_says_so(data: Path) -> None:
    for width, path in enumerate((data / "masks").iterdir()):
        mask = np.zeros((30, 40), dtype=np.uint8)
        mask[10:20, 5 : 20 + width] = 255
        Image.fromarray(mask).save(path)
    text = page(data, index_folder(data))
    assert "<table>" not in text
    assert "Nothing was found: no error" in text


def test_ids_and_paths_are_text(data: Path) -> None:
    text = page(data, index_folder(data))
    assert "script" not in _Tags(text).tags
    assert "&lt;script&gt;alert(1)&lt;!--" in text


def test_a_picture_that_cannot_be_read_has_a_card_all_the_same(data: Path) -> None:
    manifest = index_folder(data)
    (data / "images" / "a.png").unlink()
    text = page(data, manifest)
    assert "<b class=bad>1 of 3 cases cannot be used.</b>" in text
    assert "Missing (1)" in text
    assert "cannot be shown" in text


def test_what_is_beyond_the_limit_is_named(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(problem_page, "SHOWN_PER_KIND", 1)
    text = page(data, index_folder(data))
    assert _Tags(text).tags.count("img") == 1
    assert "<summary>and 2 more</summary><p>a, b</p>" in text


def test_twins_stand_side_by_side(data: Path) -> None:
    (data / "images" / "b.png").write_bytes((data / "images" / "a.png").read_bytes())
    (data / "images" / f"{HOSTILE}.png").unlink()
    (data / "masks" / f"{HOSTILE}.png").unlink()
    text = page(data, index_folder(data))
    twins = text[text.index("Same file (1)") :]
    assert _Tags(twins).tags.count("img") == 2
    assert "images/a.png is also the image of b" in twins


def test_a_volume_is_shown_where_its_lesion_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "set"
    lesion = np.zeros((40, 30, 20), dtype=np.uint8)
    lesion[10:40, 5:25, 2:4] = 1  # far from the middle slice, and it touches the border
    for folder, values in (("images", np.ones(lesion.shape) - 0.5 * lesion), ("masks", lesion)):
        (root / folder).mkdir(parents=True)
        nib.save(nib.Nifti1Image(values.astype(np.float32), np.eye(4)), root / folder / "a.nii.gz")
    (source,) = set(_Tags(page(root, index_folder(root))).sources)
    shown = np.asarray(Image.open(BytesIO(b64decode(source.split(",")[1]))).convert("RGB")).astype(int)
    assert shown.shape[:2] == (180, 240)  # columns are x, rows y
    line = (np.abs(shown - (0, 213, 255)).max(axis=2) < 90).sum()
    assert line > 40, line
