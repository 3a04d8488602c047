import base64
import io
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

from dermaseg_monai.agreement.adjudication_queue import read_queue
from dermaseg_monai.cli import app
from dermaseg_monai.data.demo import make_demo
from dermaseg_monai.errors import ConfigError, DataError, DermasegError
from dermaseg_monai.exchange import READING_PAGE, decode_brush, region
from dermaseg_monai.files import sha256_of
from dermaseg_monai.images import READER_RGB, REFERENCE_RGB, hex_of, read_mask, write_mask, write_probability
from dermaseg_monai.manifest import Case, Manifest


def run(*words: object):  # noqa: ANN201
    return CliRunner().invoke(app, ["agreement", *map(str, words)], catch_exceptions=False)


def answered(demo: Path, tasks: list[dict[str, Any]], *accounts: int) -> str:
    """Return the export that Label Studio would give if these accounts moved a block over each picture."""
    sizes = {case.id: case.image.size_px for case in Manifest.load(demo).cases}
    found = []
    for number, task in enumerate(tasks):
        annotations = []
        for account in accounts:
            mask = np.zeros(sizes[task["data"]["case_id"]] or (), dtype=bool)
            mask[40 + 4 * account : 120, 60 + number : 160] = True
            annotations.append(
                {"completed_by": account, "updated_at": "2026-11-21T10:00:00Z", "result": [region(mask, "r")]}
            )
        found.append({**task, "annotations": annotations})
    return json.dumps(found)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a demo set, its study and its queue once; each test works on a copy."""
    folder = tmp_path_factory.mktemp("made")
    demo = make_demo(folder / "demo", n=12, seed=0)
    assert run("--manifest", demo, "--out", folder / "study", "--flag-below", 0.9).exit_code == 0
    words = ["--study", folder / "study", "--out", folder / "queue", "--malignant", "diagnosis=melanoma"]
    done = run("adjudicate", "--manifest", demo, *words)
    assert done.exit_code == 0, done.output
    return folder


@pytest.fixture
def demo(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path / "demo" / "manifest.json"


@pytest.fixture
def queue(tmp_path: Path) -> Path:
    return tmp_path / "queue"


def test_tasks_carry_every_mask_the_consensus_and_the_drawing(demo: Path, queue: Path) -> None:
    tasks = json.loads((queue / "tasks.json").read_text())
    table = pd.read_csv(queue / "queue.csv")
    assert [task["data"]["case_id"] for task in tasks] == list(table["case_id"])
    data, drawn = tasks[0]["data"], tasks[0]["predictions"]
    names = [one["model_version"] for one in drawn]
    assert names == ["noisy", "loose", "tight", "consensus (more than half of 3)"]
    masks = {
        name: decode_brush(one["result"][0]["value"]["rle"], shape=(192, 256))
        for name, one in zip(names, drawn, strict=True)
    }
    for who in names[:3]:
        assert (masks[who] == read_mask(demo.parent / f"annotations/{who}/{data['case_id']}.png")).all()
    assert (masks[names[3]] == (sum(masks[who].astype(int) for who in names[:3]) >= 2)).all()
    assert data["image"].startswith("data:image/jpeg;base64,")
    assert data["outlines"].startswith("data:image/jpeg;base64,")
    assert 'value="$outlines"' in (queue / "labelling.xml").read_text()
    assert "priority = disagreement x (1 + uncertainty)" in (queue / "README.txt").read_text()


def test_readers_have_the_colours_of_the_page_of_the_study(demo: Path, queue: Path, tmp_path: Path) -> None:
    assert demo.is_file()
    for task in json.loads((queue / "tasks.json").read_text())[:2]:
        jpeg = base64.b64decode(task["data"]["outlines"].partition(",")[2])
        picture = np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB")).astype(int)
        seen = {rgb: int((np.abs(picture - rgb).max(axis=2) < 40).sum()) for rgb in (*READER_RGB[:3], REFERENCE_RGB)}
        assert min(seen[rgb] for rgb in READER_RGB[:3]) > 50, seen
        assert seen[REFERENCE_RGB] == 0
    page = (tmp_path / "study" / "index.html").read_text()
    shown = [f'<i style="background:{hex_of(rgb)}"></i><b>{name}</b>' for name, rgb in
        zip(("loose", "noisy", "tight"), READER_RGB, strict=False)]  # fmt: skip
    assert all(one in page for one in shown)
    assert f'background="{hex_of(REFERENCE_RGB)}"' in (queue / "labelling.xml").read_text()
    assert f'background="{hex_of(READER_RGB[0])}"' in READING_PAGE


def test_who_drew_a_case_twice_has_one_vote_in_the_consensus_that_is_shown(demo: Path, tmp_path: Path) -> None:
    def twice(case: Case) -> Case:
        (loose,) = (one for one in case.annotations if one.annotator == "loose")
        return replace(case, annotations=(*case.annotations, loose))

    known = Manifest.load(demo)
    replace(known, cases=tuple(map(twice, known.cases))).save(demo.parent / "twice.json")
    words = ["--study", tmp_path / "study", "--out", tmp_path / "twice"]
    assert run("adjudicate", "--manifest", demo.parent / "twice.json", *words).exit_code == 0
    task = json.loads((tmp_path / "twice" / "tasks.json").read_text())[0]
    names = [one["model_version"] for one in task["predictions"]]
    assert names == ["loose (again, 1)", "noisy", "loose", "tight", "consensus (more than half of 3)"]


def test_the_seniors_mask_becomes_the_reference_of_a_new_manifest(demo: Path, queue: Path, tmp_path: Path) -> None:
    tasks = json.loads((queue / "tasks.json").read_text())
    (tmp_path / "export.json").write_text(answered(demo, tasks[:1], 4))
    words = ["--import", tmp_path / "export.json", "--queue", queue / "queue.csv", "--seniors", "4=dr-ada"]
    before = demo.read_bytes()
    done = run("adjudicate", "--manifest", demo, *words, "--out", demo.parent / "new.json")
    assert done.exit_code == 0, done.output
    assert f"0 skipped in the label tool, {len(tasks) - 1} of {len(tasks)} cases wait" in done.output
    assert demo.read_bytes() == before
    known = {case.id: case for case in Manifest.load(demo.parent / "new.json").cases}
    reference = known[tasks[0]["data"]["case_id"]].reference
    assert reference is not None
    assert (reference.annotator, reference.role) == ("dr-ada", "adjudicated")
    assert int(read_mask(demo.parent / reference.mask.path).sum()) == (120 - 56) * 100
    with pytest.raises(DataError, match="is there already; nothing is written over it"):
        run("adjudicate", "--manifest", demo, *words, "--out", demo)
    with pytest.raises(DataError, match="was answered by account '4', who may not; these may: 7"):
        run("adjudicate", "--manifest", demo, *words[:-1], "7=dr-bo", "--out", tmp_path / "x.json")
    with pytest.raises(DataError, match="has changed since it was asked"):
        run("adjudicate", "--manifest", demo.parent / "new.json", *words, "--out", tmp_path / "x.json")
    assert not (tmp_path / "x.json").exists()


def test_readers_draw_on_their_own_and_their_masks_are_compared(demo: Path, tmp_path: Path) -> None:
    assert run("read", "--manifest", demo, "--out", tmp_path / "tasks").exit_code == 0
    tasks = json.loads((tmp_path / "tasks" / "tasks.json").read_text())
    assert len(tasks) == 12
    assert "predictions" not in tasks[0]  # nobody's outline is shown
    (tmp_path / "export.json").write_text(answered(demo, tasks, 2, 3))
    words = ["--import", tmp_path / "export.json", "--queue", tmp_path / "tasks" / "queue.csv"]
    done = run("read", "--manifest", demo, *words, "--readers", "2=ann,3=bob", "--out", demo.parent / "read.json")
    assert done.exit_code == 0, done.output
    assert run("--manifest", demo.parent / "read.json", "--out", tmp_path / "read").exit_code == 0
    pairs = pd.read_csv(tmp_path / "read" / "pairs.csv")
    chosen = pairs[(pairs["annotator_a"] == "ann") & (pairs["annotator_b"] == "bob")]
    # rows 48 to 120 and 52 to 120 of the same columns: 2 x 68 / (72 + 68)
    assert chosen["dice"].tolist() == pytest.approx([2 * 68 / 140] * 12)
    assert list(pd.read_csv(tmp_path / "read" / "coverage.csv")["readers"]) == [5] * 12


def test_a_prediction_folder_puts_what_the_model_is_unsure_of_into_the_order(
    demo: Path, queue: Path, tmp_path: Path
) -> None:
    before = pd.read_csv(queue / "queue.csv")
    last = str(before["case_id"].iloc[-1])
    pred = tmp_path / "pred"
    write_mask(pred / "masks" / "x.png", np.array([[True, False]]))
    write_probability(pred / "uncertainty" / "x.png", np.array([[0.5, 0.25]]))
    (pred / "cases.csv").write_text(f"case_id,status,reason,file\n{last},ok,,x.png\n")
    words = ["--study", tmp_path / "study", "--pred", pred, "--out", tmp_path / "asked"]
    done = run("adjudicate", "--manifest", demo, *words)
    assert done.exit_code == 0, done.output
    assert f"{len(before) - 1} cases of the queue have no prediction" in done.output
    row = pd.read_csv(tmp_path / "asked" / "queue.csv").set_index("case_id").loc[last]
    assert row["uncertainty"] == pytest.approx(0.75, abs=1e-4)
    assert row["priority"] == pytest.approx((1 - row["least_dice"]) * 1.75, abs=1e-4)


def test_words_that_do_not_fit_together_are_one_line(demo: Path, queue: Path, tmp_path: Path) -> None:
    start = ["adjudicate", "--manifest", demo, "--out", tmp_path / "new"]
    for words, said in (
        ([], "Say what to do"),
        (["--import", tmp_path / "x.json"], "needs --queue"),
        (
            ["--import", tmp_path / "x.json", "--queue", queue / "queue.csv", "--seniors", "4=a,4=b"],
            "each account once",
        ),
        (["--study", tmp_path / "study", "--malignant", "melanoma"], "is not understood"),
    ):
        with pytest.raises(ConfigError, match=said):
            run(*start, *words)
    assert not (tmp_path / "new").exists()


def test_a_study_without_disagreement_gives_no_tasks(demo: Path, tmp_path: Path) -> None:
    assert run("--manifest", demo, "--out", tmp_path / "calm", "--flag-below", 0.1).exit_code == 0
    done = run("adjudicate", "--manifest", demo, "--study", tmp_path / "calm", "--out", tmp_path / "none")
    assert "Nothing to adjudicate" in done.output
    assert not (tmp_path / "none" / "tasks.json").exists()


def test_a_picture_that_cannot_be_read_leaves_no_half_queue(demo: Path, queue: Path, tmp_path: Path) -> None:
    case_id = str(pd.read_csv(queue / "queue.csv")["case_id"].iloc[-1])
    known = Manifest.load(demo)
    (case,) = [one for one in known.cases if one.id == case_id]
    (demo.parent / case.image.path).write_bytes(b"no picture")
    image = replace(case.image, sha256=sha256_of(demo.parent / case.image.path))
    cases = tuple(replace(one, image=image) if one.id == case_id else one for one in known.cases)
    replace(known, cases=cases).save(demo.parent / "damaged.json")
    with pytest.raises(DermasegError, match=case.image.path):
        run("adjudicate", "--manifest", demo.parent / "damaged.json", "--study", tmp_path / "study", "--out",
            tmp_path / "again")  # fmt: skip
    assert not (tmp_path / "again").exists()


def test_an_id_with_a_comma_comes_back_from_the_readers(demo: Path, tmp_path: Path) -> None:
    known = Manifest.load(demo)
    cases = (replace(known.cases[0], id='nevus, "left" arm'), *known.cases[1:])
    replace(known, cases=cases).save(demo.parent / "named.json")
    assert run("read", "--manifest", demo.parent / "named.json", "--out", tmp_path / "tasks").exit_code == 0
    assert read_queue(tmp_path / "tasks" / "queue.csv").keys() == {case.id for case in cases}
