"""The round trip with the real server: readers draw, agreement is computed, a senior decides what they differ on."""

import io
import json
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from playwright.sync_api import Page, sync_playwright
from typer.testing import CliRunner

from dermaseg_monai.cli import app
from dermaseg_monai.data.demo import make_demo
from dermaseg_monai.errors import DataError
from dermaseg_monai.exchange import LabelStudioProject, decode_brush, encode_brush, region
from dermaseg_monai.images import read_mask, write_mask
from dermaseg_monai.manifest import Manifest, verify
from tests.exchange.label_studio_server import PASSWORD, PROGRAM, Account, Server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PROGRAM.is_file(), reason="no Label Studio here: make .label_studio/.ready"),
]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NO_LESION: dict[str, object] = {
    "id": "s", "type": "choices", "from_name": "statement", "to_name": "image", "value": {"choices": ["no lesion"]},
}  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    started = Server(tmp_path_factory.mktemp("label_studio"))
    try:
        started.wait()
        yield started
    finally:
        started.stop()


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """Write a demo set of which only the reference is known so far; the drawings of its readers lie beside it."""
    path = make_demo(tmp_path / "demo", n=10, seed=0)
    known = Manifest.load(path)
    replace(known, cases=tuple(replace(case, annotations=case.annotations[:1]) for case in known.cases)).save(path)
    return path


def dermaseg(*words: object) -> str:
    done = CliRunner().invoke(app, [*map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def agreement(*words: object) -> str:
    return dermaseg("agreement", *words)


def sent(server: Server, owner: Account, folder: Path, title: str) -> tuple[LabelStudioProject, dict[str, int]]:
    """Make a project of a folder of tasks, and return it and the number of each case's task."""
    tasks = json.loads((folder / "tasks.json").read_text())
    page = (folder / "labelling.xml").read_text()
    project = LabelStudioProject.create(server.url, owner.token, title=title, page=page)
    numbers = project.send(tasks)
    return project, {task["data"]["case_id"]: number for task, number in zip(tasks, numbers, strict=True)}


@pytest.fixture(scope="module")
def people(server: Server) -> Iterator[list[Account]]:
    """Sign up an owner of the projects, two readers and a senior."""
    owner = Account(server.url, "owner@example.org", invitation=None)
    names = ("ann", "bob", "ada")
    found = [owner, *(Account(server.url, f"{name}@example.org", invitation=owner.invitation()) for name in names)]
    yield found
    for account in found:
        account.close()


def test_readers_draw_and_a_senior_decides_what_they_differ_on(
    server: Server, people: list[Account], demo: Path, tmp_path: Path
) -> None:
    root = demo.parent
    owner, ann, bob, ada = people

    # two readers draw every case on their own; they differ on demo_0002 and demo_0003
    agreement("read", "--manifest", demo, "--out", tmp_path / "reading")
    project, numbers = sent(server, owner, tmp_path / "reading", "Reading")
    elsewhere = np.zeros(read_mask(root / "masks/demo_0002.png").shape, dtype=bool)
    elsewhere[3:40, 5:90] = True
    for case_id, number in numbers.items():
        drawn = {who: read_mask(root / f"annotations/{who}/{case_id}.png") for who in ("tight", "loose")}
        ann.annotate(number, [region(drawn["tight"], "r1")])
        answer = {"demo_0002": region(elsewhere, "r1"), "demo_0003": NO_LESION}
        bob.annotate(number, [answer.get(case_id, region(drawn["loose"], "r1"))])
    project.export(tmp_path / "reading.json")
    readers = f"{ann.number}=ann,{bob.number}=bob"
    words = ["--import", tmp_path / "reading.json", "--queue", tmp_path / "reading" / "queue.csv", "--readers", readers]
    agreement("read", "--manifest", demo, *words, "--out", root / "read.json")
    for case in Manifest.load(root / "read.json").cases:
        masks = {one.annotator: read_mask(root / one.mask.path) for one in case.annotations if one.role == "reader"}
        assert (masks["ann"] == read_mask(root / f"annotations/tight/{case.id}.png")).all()
        assert masks["bob"].any() == (case.id != "demo_0003")

    # agreement finds both
    agreement("--manifest", root / "read.json", "--out", tmp_path / "study", "--flag-below", "0.6")
    words = ["--study", tmp_path / "study", "--out", tmp_path / "queue"]
    agreement("adjudicate", "--manifest", root / "read.json", *words)
    assert set(pd.read_csv(tmp_path / "queue" / "queue.csv")["case_id"]) == {"demo_0002", "demo_0003"}

    # a senior sees all masks, paints over the consensus in the browser, and says of the other picture: no lesion
    project, numbers = sent(server, owner, tmp_path / "queue", "Adjudication")
    consensus = elsewhere & read_mask(root / "annotations/tight/demo_0002.png")
    if CHROMIUM is None:  # the same answer, without looking at the page
        painted = tuple(side // 2 for side in consensus.shape)
        stroke = np.zeros_like(consensus)
        stroke[painted[0] - 3 : painted[0] + 4, painted[1] - 30 : painted[1] + 30] = True
        ada.annotate(numbers["demo_0002"], [region(consensus | stroke, "r1")])
    else:
        painted = paint(server, ada, project.number, numbers["demo_0002"], tmp_path, program=CHROMIUM)
    ada.annotate(numbers["demo_0003"], [NO_LESION])
    project.export(tmp_path / "decided.json")
    words = ["--import", tmp_path / "decided.json", "--queue", tmp_path / "queue" / "queue.csv"]
    words += ["--seniors", f"{ada.number}=dr-ada"]
    agreement("adjudicate", "--manifest", root / "read.json", *words, "--out", root / "new.json")
    known = Manifest.load(root / "new.json")
    assert verify(known, root) == []
    answer = decision(known, root, "demo_0002")
    assert answer[consensus].all()
    assert answer[painted]
    assert 0 < (answer & ~consensus).sum() < 0.1 * answer.size
    assert not decision(known, root, "demo_0003").any()
    agreement("--manifest", root / "new.json", "--out", tmp_path / "after", "--flag-below", "0.6")
    assert "0 of 10 cases" in agreement(
        "adjudicate", "--manifest", root / "new.json", "--study", tmp_path / "after", "--out", tmp_path / "nothing"
    )

    # a reader may not decide
    ann.annotate(numbers["demo_0002"], [region(elsewhere, "r1")])
    project.export(tmp_path / "late.json")
    words[1] = tmp_path / "late.json"
    with pytest.raises(DataError, match=f"was answered by account '{ann.number}', who may not"):
        agreement("adjudicate", "--manifest", root / "read.json", *words, "--out", root / "x.json")


def test_a_clinician_corrects_accepts_and_skips_what_a_network_drew(
    server: Server, people: list[Account], demo: Path, tmp_path: Path
) -> None:
    owner, _, _, ada = people
    names = ["demo_0002", "demo_0003", "demo_0004"]
    drawn = {name: read_mask(demo.parent / f"annotations/tight/{name}.png") for name in names}
    for name, mask in drawn.items():
        write_mask(tmp_path / "pred" / "masks" / f"{name}.png", mask)
    rows = [f"{name},{name}.jpg,ok,{name}.png,0.{at}" for at, name in enumerate(names, start=5)]
    (tmp_path / "pred" / "cases.csv").write_text("\n".join(["case_id,image,status,file,predicted_dice", *rows]) + "\n")
    dermaseg("review", tmp_path / "pred", "--images", demo.parent / "images", "--out", tmp_path / "tasks")
    project, numbers = sent(server, owner, tmp_path / "tasks", "Review")
    assert list(numbers) == names

    # demo_0002 is right, demo_0003 is not, demo_0004 cannot be judged
    if CHROMIUM is None:  # the same answer, without looking at the page
        ada.annotate(numbers["demo_0002"], [region(drawn["demo_0002"], "r1")])
    else:
        with labelling_page(server, ada, project.number, f"task={numbers['demo_0002']}", program=CHROMIUM) as page:
            assert page.get_by_text("Yellow is what a network drew (the Dice that it expects is 0.50)").count()
            shown_px = yellow_px(page.screenshot(path=tmp_path / "review.png"))
            page.keyboard.press("Control+h")
            page.wait_for_timeout(1000)
            assert yellow_px(page.screenshot(path=tmp_path / "hidden.png")) < 0.1 * shown_px
            page.keyboard.press("Control+h")
            submit(page)
    wider = read_mask(demo.parent / "annotations/loose/demo_0003.png")
    ada.annotate(numbers["demo_0003"], [region(wider, "r1")])
    if CHROMIUM is None:
        ada.annotate(numbers["demo_0004"], [], was_cancelled=True)
    else:  # what "Label All Tasks" opens: the next task without an answer
        with labelling_page(server, ada, project.number, "labeling=1", program=CHROMIUM) as page:
            page.screenshot(path=tmp_path / "skip.png")
            submit(page, "Skip")
    project.export(tmp_path / "export.json")
    words = ["--import", tmp_path / "export.json", "--queue", tmp_path / "tasks" / "queue.csv"]
    words += ["--reviewers", f"{ada.number}=dr-ada"]
    said = dermaseg("review", tmp_path / "pred", *words, "--out", tmp_path / "reviewed")
    assert "1 corrected, 1 accepted as they were, 0 of 3 cases wait" in said
    assert "Skipped in the label tool: demo_0004" in said
    assert (read_mask(tmp_path / "reviewed" / "masks" / "demo_0002.png") == drawn["demo_0002"]).all()
    assert (read_mask(tmp_path / "reviewed" / "masks" / "demo_0003.png") == wider).all()


def decision(known: Manifest, root: Path, case_id: str) -> np.ndarray:
    """Return the mask of a case that the senior has decided, everything before it still being there."""
    (case,) = (one for one in known.cases if one.id == case_id)
    assert [one.role for one in case.annotations] == ["reference", "reader", "reader", "adjudicated"]
    assert case.reference is not None
    assert case.reference.role == "adjudicated"
    assert case.reference.annotator == "dr-ada"
    assert case.reference.replaces == f"masks/{case_id}.png"
    return read_mask(root / case.reference.mask.path)


def paint(server: Server, account: Account, project: int, task: int, folder: Path, *, program: str) -> tuple[int, ...]:
    """Paint one stroke in the middle of the picture, submit; return a pixel of the stroke."""
    with labelling_page(server, account, project, f"task={task}", program=program) as page:
        page.screenshot(path=folder / "adjudication.png")
        page.keyboard.press("1")  # the label lesion
        box = page.locator("canvas").first.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x - 60, y)
        page.mouse.down()
        page.mouse.move(x + 60, y, steps=12)
        page.mouse.up()
        page.wait_for_timeout(1000)
        page.screenshot(path=folder / "painted.png")
        submit(page)
    height, width = read_mask(folder / "demo" / "masks" / "demo_0002.png").shape
    return height // 2, width // 2


@contextmanager
def labelling_page(server: Server, account: Account, project: int, place: str, *, program: str) -> Iterator[Page]:
    """Log in as a person does and open a task; `place` says which."""
    with sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1500, "height": 1300})
        _log_in(page, server, account)
        page.goto(f"{server.url}/projects/{project}/data?{place}")
        page.get_by_text("Paint the lesion, or tick that there is none").first.wait_for(timeout=120_000)
        page.locator("canvas").first.wait_for(timeout=60_000)
        page.wait_for_timeout(3000)
        yield page
        browser.close()


def yellow_px(screenshot: bytes) -> int:
    red, green, blue = np.moveaxis(np.asarray(Image.open(io.BytesIO(screenshot)).convert("RGB")), 2, 0)
    return int(((red > 150) & (green > 110) & (blue < 50)).sum())


def submit(page: Page, button: str = "Submit") -> None:
    with page.expect_response(lambda answer: "/annotations" in answer.url and answer.request.method == "POST"):
        page.get_by_role("button", name=button).click()


def _log_in(page: Page, server: Server, account: Account) -> None:
    page.goto(f"{server.url}/user/login/")
    page.fill("input[name=email]", account.email)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url("**/")


def test_label_studios_own_converter_reads_our_masks_and_we_read_its() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is written for an older pydantic
        from label_studio_sdk.converter.brush import decode_rle, encode_rle  # noqa: PLC0415
    rng = np.random.default_rng(0)
    for shape, share in (((1, 1), 0.5), ((7, 31), 0.3), ((40, 23), 0.02), ((64, 90), 1.0)):
        mask = rng.random(shape) < share
        assert (np.reshape(decode_rle(encode_brush(mask)), (*shape, 4))[..., 3] == mask * 255).all()
        theirs = encode_rle(np.repeat(mask.ravel() * np.uint8(255), 4))
        assert (decode_brush(theirs, shape=shape) == mask).all()
