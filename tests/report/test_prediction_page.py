"""The page of a prediction: folders made by hand, and one that an evaluator writes."""

import json
import logging
import subprocess
import sys
from base64 import b64decode
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dermaseg_monai.engines.prediction_record import Row, done_row, failed_row, write_record
from dermaseg_monai.errors import DataError
from dermaseg_monai.images import overlay, write_mask, write_probability, write_rgb
from dermaseg_monai.metrics import ProbabilitySums
from dermaseg_monai.metrics.quality_row import QualityRow, write_quality_rows
from dermaseg_monai.report import prediction_page, write_prediction_page

HOSTILE = "<script>alert(1)&.jpg"
SKIN = (200, 150, 130)


class Page(HTMLParser):
    """Tags, addresses, alternative texts, pictures and the words of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text, self.tags, self.links = text, list[str](), list[str]()
        self.pictures: dict[str, np.ndarray] = {}
        self._words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        found = {name: value or "" for name, value in attrs}
        if "href" in found:
            self.links.append(found["href"])
        if tag == "img":
            kind, data = found["src"].split(",")
            assert kind == "data:image/jpeg;base64"
            self.pictures[found["alt"]] = np.asarray(Image.open(BytesIO(b64decode(data)))).astype(int)

    def handle_data(self, data: str) -> None:
        self._words.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self._words).split())


def square(height: int = 40, width: int = 60) -> np.ndarray:
    mask = np.zeros((height, width), dtype=bool)
    mask[10:30, 20:40] = True
    return mask


def predicted(
    folder: Path, case_id: str, *, dice: float, mask: np.ndarray | None = None, image: str = "", heads: bool = True
) -> Row:
    """Write the files of a photograph whose predicted Dice is `dice`, and return its row."""
    mask, name = square() if mask is None else mask, f"{case_id}.png"
    area = int(mask.sum())
    write_mask(folder / "masks" / name, mask)
    write_rgb(folder / "overlays" / name, overlay(np.full((*mask.shape, 3), SKIN, dtype=np.uint8), mask))
    if heads:
        write_probability(folder / "uncertainty" / name, np.where(np.roll(mask, 20, axis=1), 1, 0).astype(np.float32))
    sums = ProbabilitySums(inside=dice * area, whole=float(area), mask_px=area)
    return done_row(case_id, image or f"{case_id}.jpg", name, shape=mask.shape, sums=sums)


def page(folder: Path, rows: Sequence[Row], about: Mapping[str, Any] | None = None) -> Page:
    by_id = {row["case_id"]: row for row in rows}
    failed = sum(row["status"] == "failed" for row in rows)
    weights = folder.parent / "Anna Example" / "net.safetensors"
    weights.parent.mkdir(exist_ok=True)
    weights.write_bytes(b"weights")
    write_record(folder, by_id, failed=failed, threshold=0.4, weights=None if about else weights, about=about or {})
    return Page(write_prediction_page(folder).read_text(encoding="utf-8"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "out"


def is_near(pixel: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool(np.abs(pixel - np.array(colour)).max() < 60)


def is_yellow(pixel: np.ndarray) -> bool:
    """JPEG keeps colours at half the size, so that a thin line takes some of those around it."""
    red, green, blue = pixel
    return bool(min(red, green) > 180 and blue < green - 80)


def test_what_failed_comes_first_then_the_least_sure(folder: Path) -> None:
    rows = [predicted(folder, name, dice=dice) for name, dice in (("a", 0.9), ("b", 0.5), ("c", 0.7))]
    empty = np.zeros((40, 60), dtype=bool)
    rows.append(predicted(folder, "sure_of_nothing", dice=0.0, mask=empty) | {"predicted_dice": 1.0})
    rows.append(failed_row("z", "z.heic", "/photos/of Anna/z.heic is of a format that is not read (.heic)."))
    words = page(folder, rows).words
    order = ["Could not be predicted (1)", "z.heic is of a format", "Predicted (4)"]
    order += ["sure_of_nothing.jpg", "b.jpg", "c.jpg", "a.jpg"]
    assert [words.index(one) for one in order] == sorted(words.index(one) for one in order)


def test_the_page_says_what_predicted_and_names_no_folder_of_anybody(folder: Path) -> None:
    broken = failed_row("b", "b.jpg", "Cannot read /home/Anna Example/b.jpg: cut short.")
    found = page(folder, [predicted(folder, "a", dice=0.9), broken])
    assert "not a medical device" in found.words.lower()
    assert "1 predicted, 1 could not be predicted" in found.words
    assert "net.safetensors (sha256 9a129038d9a0)" in found.words  # of b"weights"
    assert "Threshold 0.4" in found.words
    assert "Date 20" in found.words
    assert "Cannot read b.jpg: cut short." in found.words
    assert "As a number it promises too much" in found.words
    assert "Outlines that are wrong can be corrected: dermaseg review" in found.words
    assert "Anna" not in found.text
    assert str(folder) not in found.text


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("/home/Anna E/x.jpg is empty (0 bytes).", "x.jpg is empty (0 bytes)."),
        ("Anna/x.jpg is empty (0 bytes).", "x.jpg is empty (0 bytes)."),
        ("Cannot read Anna/E/x.jpg: cut short.", "Cannot read x.jpg: cut short."),
        (
            "not predicted in /runs/one: Cannot read /Anna E/x.jpg: cut short.",
            "Cannot read x.jpg: cut short.",
        ),
        ("Cannot read Anna E/her leg/x.jpg: cut short.", "Cannot read x.jpg: cut short."),
        ("Anna E/x.jpg is empty (0 bytes).", "x.jpg is empty (0 bytes)."),
        ("The network gives no numbers.", "x.jpg: The network gives no numbers."),
    ],
)
def test_a_reason_names_the_photograph_and_not_its_folders(folder: Path, reason: str, told: str) -> None:
    found = page(folder, [failed_row("x", "x.jpg", reason)])
    assert f"<li>{told}</li>" in found.text


def test_nothing_of_a_files_metadata_is_in_the_page(folder: Path) -> None:
    row = predicted(folder, "a", dice=0.9)
    path = folder / "overlays" / "a.png"
    exif = Image.Exif()
    exif[0x010E] = "name of a patient"
    with Image.open(path) as picture:
        picture.load()
        picture.save(path, exif=exif)
    assert b"name of a patient" in path.read_bytes()
    for source in page(folder, [row]).text.split("data:image/jpeg;base64,")[1:]:
        with Image.open(BytesIO(b64decode(source.split('"')[0]))) as shown:
            assert not shown.getexif()


def test_a_card_has_the_outline_beside_the_map_and_the_numbers(folder: Path) -> None:
    found = page(folder, [predicted(folder, "a", dice=0.875)])
    outlined, uncertain = found.pictures["Outline of a.jpg"], found.pictures["Uncertainty of a.jpg"]
    assert outlined.shape == uncertain.shape == (213, 320, 3)  # 40 x 60 px
    # the lesion's left side is column 20 of 60: 106 of 320
    assert is_yellow(outlined[106, 107])
    assert is_near(outlined[20, 20], SKIN)
    assert is_near(outlined[106, 160], SKIN)
    # 1 from column 40 on, 20 columns right of the lesion: the ends of viridis
    assert is_near(uncertain[106, 260], (253, 231, 37))
    assert is_near(uncertain[106, 30], (68, 1, 84))
    assert "predicted Dice 0.88, lesion 16.7 % of the picture" in found.words  # 400 of 2400 px
    assert found.links == ["overlays/a.png", "overlays/a.png", "masks/a.png"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, []),
        ({"all": False}, ["No lesion found."]),
        ({"all": True}, ["The outline takes in nearly the whole picture."]),
        ({"edge": True}, ["The lesion reaches the edge of the picture; a part of it may lie outside."]),
        ({"hole": False}, ["The lesion has a hole."]),
        ({"hole": False, "second": False}, ["The lesion has 2 holes."]),
        ({"piece": True}, ["2 separate pieces; all but the largest make up 20 % of the area."]),
        ({"speck": True}, ["2 separate pieces; all but the largest make up less than 0.1 % of the area."]),
    ],
)
def test_a_person_is_told_what_the_mask_is_like(folder: Path, change: dict[str, bool], words: list[str]) -> None:
    place = {
        "all": np.s_[:, :],
        "edge": np.s_[10:30, 40:],
        "hole": np.s_[15:17, 25:27],
        "second": np.s_[15:17, 30:32],
        "piece": np.s_[10:20, 45:55],  # 100 px beside 400
        "speck": np.s_[0, 0],
    }
    mask = square()
    if "speck" in change:
        mask = np.kron(mask, np.ones((3, 3), dtype=bool))
        mask[1, 1] = True  # 1 px beside 3600, not at the edge
    else:
        for name, value in change.items():
            mask[place[name]] = value
    found = page(folder, [predicted(folder, "a", dice=0.9, mask=mask)]).text
    told = [part.split("</span>")[0] for part in found.split("<span class=look>")[1:]]
    assert told == words


def test_ids_and_names_of_strangers_are_text_and_links_stay_in_the_folder(folder: Path) -> None:
    odd = "a b#c?%'\"<i>"
    row = predicted(folder, odd, dice=0.9, image=HOSTILE)
    escape = predicted(folder, "b", dice=0.9) | {"file": "../../etc/passwd"}
    bad = failed_row("<img src=x onerror=alert(1)>", "", "it is <b>bold</b>")
    found = page(folder, [row, escape, bad])
    assert not {"script", "i"} & set(found.tags)
    assert found.tags.count("img") == 2
    assert HOSTILE in found.words
    assert "<img src=x onerror=alert(1)>: it is <b>bold</b>" in found.words
    assert set(found.links) == {f"{part}/a%20b%23c%3F%25%27%22%3Ci%3E.png" for part in ("overlays", "masks")}


def test_two_photographs_of_one_name_have_their_ids(folder: Path) -> None:
    rows = [predicted(folder, case_id, dice=0.9, image="x.jpg") for case_id in ("left_x_jpg", "right_x_jpg")]
    words = page(folder, rows).words
    assert "x.jpg left_x_jpg" in words
    assert "x.jpg right_x_jpg" in words


@pytest.mark.parametrize("spoil", ["damaged", "gone", "of another size"])
@pytest.mark.parametrize(
    ("part", "pictures", "words"),
    [
        ("overlays", 4, "The photograph cannot be shown."),
        ("uncertainty", 3, "Its map of uncertainty cannot be read."),
        ("masks", 2, "Its mask cannot be read."),
    ],
)
def test_a_file_that_cannot_be_read_costs_its_picture_and_not_the_page(
    folder: Path, part: str, pictures: int, words: str, spoil: str
) -> None:
    rows = [predicted(folder, name, dice=0.9) for name in "ab"]
    path = folder / part / "a.png"
    if spoil == "gone":
        path.unlink()
    elif spoil == "damaged" or part == "masks":  # a mask says itself how large it is
        path.write_bytes(path.read_bytes()[:60])
    else:
        small = Image.open(path).resize((9, 9))
        small.save(path)
    found = page(folder, rows)
    assert len(found.pictures) == pictures
    assert found.words.count(words) == 1
    assert "b.jpg" in found.words
    if part == "overlays":  # the outline is still known
        outlined = found.pictures["Outline of a.jpg"]
        assert is_yellow(outlined[106, 107])
        assert is_near(outlined[20, 20], (168, 168, 168))


def test_a_network_without_a_map_and_a_folder_without_overlays(folder: Path) -> None:
    row = predicted(folder, "a", dice=0.9, heads=False)
    assert "errors of its own" not in page(folder, [row]).words
    (folder / "overlays" / "a.png").unlink()
    (folder / "overlays").rmdir()
    found = page(folder, [row])
    assert list(found.pictures) == ["Outline of a.jpg"]
    assert "This folder holds no photographs, so the outlines lie on grey." in found.words
    assert "cannot be shown" not in found.words
    assert found.links == ["masks/a.png", "masks/a.png"]


def test_beyond_the_first_there_is_a_table(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction_page, "SHOWN", 1)
    rows = [predicted(folder, name, dice=dice) for name, dice in (("a", 0.5), ("b", 0.625), ("c", 0.75))]
    found = page(folder, rows)
    assert set(found.pictures) == {"Outline of a.jpg", "Uncertainty of a.jpg"}
    table = found.text[found.text.index("<table>") :]
    assert "The other photographs (2)" in found.words
    assert "<td class=name>b.jpg</td><td>0.62</td><td>16.7 %</td>" in table
    assert 'href="overlays/c.png"' in table


def test_the_table_says_where_nothing_was_found_and_leaves_empty_what_is_not_known(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prediction_page, "SHOWN", 1)
    empty = np.zeros((40, 60), dtype=bool)
    rows = [predicted(folder, name, dice=0.0, mask=empty) | {"predicted_dice": 0.5} for name in "ab"]
    rows.append(predicted(folder, "c", dice=0.75) | {"member_dice": 0.5, "lesion_fraction": ""})
    table = page(folder, rows).text
    assert "<td class=name>b.jpg</td><td>0.50</td><td></td><td>none found</td>" in table
    assert "<td class=name>c.jpg</td><td>0.75</td><td>0.50</td><td></td>" in table


def test_the_words_that_explain_the_numbers_are_folded_and_the_warning_is_not(folder: Path) -> None:
    text = page(folder, [predicted(folder, "a", dice=0.9)]).text
    folded = text[text.index("<details>") : text.index("</details>")]
    assert "As a number it promises too much" in folded
    assert "dermaseg review" in folded
    assert "A high value is no guarantee." in text.replace(folded, "")


def test_many_that_failed_are_folded(folder: Path) -> None:
    rows = [failed_row(f"{at:02}", f"{at:02}.gif", f"{at:02}.gif is of a format that is not read.") for at in range(25)]
    found = page(folder, [*rows, predicted(folder, "a", dice=0.9)])
    folded = found.text[found.text.index("<details>") : found.text.index("</details>")]
    assert "and 5 more" in folded
    assert folded.count("<li>") == 5


def test_a_mean_names_its_networks_and_how_far_they_agree(folder: Path) -> None:
    weights = {"path": "/home/anna/one.safetensors", "sha256": "0123456789abcdef" * 4}
    about = {"members": [{"folder": "/x/first", "weights": weights}, {"folder": "/x/second"}]}
    rows = [predicted(folder, "a", dice=0.9) | {"member_dice": 0.75}]
    words = page(folder, rows, about).words
    assert "mean of 2 networks: one.safetensors (sha256 0123456789ab), second" in words
    assert "predicted Dice 0.90, networks agree to 0.75, lesion 16.7 %" in words
    assert "“Networks agree” is the mean Dice" in words


def test_what_the_predicted_dice_is_worth_stands_behind_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [predicted(folder, name, dice=0.9) for name in "ab"]
    assert "at least" not in page(folder, rows).words
    write_quality_rows(folder, [QualityRow("a", 0.9, 0.87, 0.71), QualityRow("b", 0.9, 0.87, 0.72)])
    said = {"confidence": 0.9, "cases": 116, "learned_from": "evaluate_<val>, split val"}
    (folder / "quality.json").write_text(json.dumps(said))
    words = page(folder, rows).words
    assert "predicted Dice 0.90, at least 0.71, lesion" in words
    assert "right for 90 % of photographs; it cannot be told for which" in words
    assert "learned from 116 photographs" in words
    assert "(evaluate_<val>, split val)" in words
    monkeypatch.setattr(prediction_page, "SHOWN", 1)
    assert "at least lesion b.jpg 0.90 0.72 16.7 %" in page(folder, rows).words


@pytest.mark.parametrize("said", [{"confidence": "high", "cases": 116}, {"confidence": 0.9}])
def test_a_quality_json_of_a_stranger_does_no_harm(folder: Path, said: dict[str, Any]) -> None:
    rows = [predicted(folder, "a", dice=0.9)]
    (folder / "quality.json").write_text(json.dumps(said))
    assert "at least" not in page(folder, rows).words.lower()


def test_a_run_json_of_a_stranger_does_no_harm(folder: Path) -> None:
    rows = [predicted(folder, "a", dice=0.9)]
    page(folder, rows)
    (folder / "run.json").write_text('{"weights": ["x"], "about": {"members": [3, {"folder": "\\ud800<b>"}]}}')
    words = Page(write_prediction_page(folder).read_text(encoding="utf-8")).words
    assert "mean of 2 networks: \N{REPLACEMENT CHARACTER}<b>" in words
    strange = ({"about": ["x"]}, {"about": {"members": 3}}, {"about": {"members": []}}, {"weights": {"path": "x"}})
    for said in strange:
        (folder / "run.json").write_text(json.dumps(said))
        assert "Network not recorded" in Page(write_prediction_page(folder).read_text(encoding="utf-8")).words
    (folder / "run.json").write_text("[")
    with pytest.raises(DataError, match=r"run\.json cannot be read"):
        write_prediction_page(folder)


def test_a_folder_that_is_no_prediction_has_no_page(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is no prediction folder"):
        write_prediction_page(tmp_path)
    assert not list(tmp_path.iterdir())


def test_pages_need_no_torch() -> None:
    code = "import sys, dermaseg_monai.report; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603


def test_a_page_that_cannot_be_written_is_a_warning(
    folder: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    page(folder, [predicted(folder, "a", dice=0.9)])
    (folder / "index.html").unlink()
    (folder / "index.html").mkdir()
    table = (folder / "cases.csv").read_bytes()
    with caplog.at_level(logging.WARNING):
        prediction_page.PredictionPage(folder).write()
    assert f"No page was written; the prediction in {folder} is whole. Cannot write" in caplog.text
    assert "Open" not in capsys.readouterr().out
    assert (folder / "cases.csv").read_bytes() == table
