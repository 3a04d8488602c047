import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from dermaseg_monai.cli import app
from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.exchange import decode_brush, region
from dermaseg_monai.images import read_mask, write_mask, write_rgb
from dermaseg_monai.manifest import Case, FileRecord, Manifest, verify

SIZE = (6, 9)
NO_LESION: dict[str, Any] = {"from_name": "statement", "type": "choices", "value": {"choices": ["no lesion"]}}
Answers = Mapping[str, list[dict[str, Any]]]


def lesion(rows: int, columns: int) -> np.ndarray:
    """Return a lesion of so many rows and columns in the upper left corner."""
    mask = np.zeros(SIZE, dtype=bool)
    mask[:rows, :columns] = True
    return mask


PREDICTED = {"sure": lesion(2, 4), "unsure": lesion(4, 4), "nothing": lesion(0, 0)}


def run(*words: object) -> str:
    done = CliRunner().invoke(app, list(map(str, words)), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def pred(tmp_path: Path) -> Path:
    """Three predicted photographs, one that failed and can be read, and one of a format that is not read."""
    rows = [
        "case_id,image,status,reason,file,pred_px,predicted_dice",
        "sure,sure.jpg,ok,,sure.png,8,0.9",
        "unsure,unsure.jpg,ok,,unsure.png,16,0.25",
        "nothing,nothing.jpg,ok,,nothing.png,0,1.0",
        "failed,failed.png,failed,the network answers NaN,,,",
        "phone,phone.heic,failed,a format that is not read,,,",
    ]
    folder = tmp_path / "pred"
    for name, mask in PREDICTED.items():
        write_mask(folder / "masks" / f"{name}.png", mask)
    (folder / "cases.csv").write_text("\n".join(rows) + "\n")
    (folder / "run.json").write_text('{"about": {}}')
    for number, name in enumerate(("sure.jpg", "unsure.jpg", "nothing.jpg", "failed.png")):
        write_rgb(tmp_path / "photographs" / name, np.full((*SIZE, 3), 90 + number, dtype=np.uint8))
    (tmp_path / "photographs" / "phone.heic").write_bytes(b"not read")
    return folder


@pytest.fixture
def tasks(pred: Path, tmp_path: Path) -> Path:
    run("review", pred, "--images", tmp_path / "photographs", "--out", tmp_path / "tasks")
    return tmp_path / "tasks"


def asked(folder: Path) -> dict[str, dict[str, Any]]:
    return {task["data"]["case_id"]: task for task in json.loads((folder / "tasks.json").read_text())}


def answer(*results: dict[str, Any], by: int = 2, **change: object) -> dict[str, Any]:
    return {"completed_by": by, "updated_at": "2026-11-21T10:00:00Z", "result": list(results)} | change


def painted(mask: np.ndarray, by: int = 2) -> dict[str, Any]:
    return answer(region(mask, "r"), by=by)


def export(tasks: Path, answers: Answers) -> Path:
    """Write what Label Studio exports once these annotations were submitted."""
    found = [{**task, "annotations": answers.get(name, [])} for name, task in asked(tasks).items()]
    path = tasks.parent / "export.json"
    path.write_text(json.dumps(found))
    return path


def take(pred: Path, tasks: Path, answers: Answers, *words: object) -> str:
    back = ["--import", export(tasks, answers), "--queue", tasks / "queue.csv", "--reviewers", "2=dr-ada,3=dr-bo"]
    return run("review", pred, *back, "--out", tasks.parent / "reviewed", *words)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_outlines_are_brushes_and_the_lowest_predicted_dice_comes_first(pred: Path, tmp_path: Path) -> None:
    said = CliRunner().invoke(
        app, ["review", str(pred), "--images", str(tmp_path / "photographs"), "--out", str(tmp_path / "tasks")]
    )
    made = asked(tmp_path / "tasks")
    assert list(made) == ["failed", "nothing", "unsure", "sure"]  # the network is sure of nothing, and promises 1
    for name in ("unsure", "sure"):
        ((brush,),) = (one["result"] for one in made[name]["predictions"])
        assert (decode_brush(brush["value"]["rle"], shape=SIZE) == PREDICTED[name]).all()
    ((stated,),) = (one["result"] for one in made["nothing"]["predictions"])
    assert stated["value"] == {"choices": ["no lesion"]}
    assert "predictions" not in made["failed"]
    assert all(one["data"]["image"].startswith("data:image/jpeg;base64,") for one in made.values())
    assert made["unsure"]["data"]["facts"] == "the Dice that it expects is 0.25"
    assert "Not asked: 'phone': a format that is not read" in said.stderr
    assert "4 of 5 photographs are tasks" in said.stdout
    assert "1 of them have no outline" in said.stdout
    assert "1 cannot be asked" in said.stdout
    assert "In Label Studio: a new project, labelling.xml as its page" in said.stdout


def test_the_page_says_what_it_is_and_has_the_yellow_of_predictions(tasks: Path) -> None:
    page = (tasks / "labelling.xml").read_text()
    assert 'background="#ffd000"' in page
    for words in ("submit it unchanged where it is right", "skip a picture that cannot be judged", "Not a medical"):
        assert words in page


def test_the_queue_says_who_was_asked_what(tasks: Path) -> None:
    rows = table(tasks / "queue.csv")
    assert [(row["rank"], row["case_id"], row["predicted_dice"]) for row in rows] == [
        ("1", "failed", ""), ("2", "nothing", "1.0"), ("3", "unsure", "0.25"), ("4", "sure", "0.9"),
    ]  # fmt: skip
    assert [row["digest"] for row in rows] == [task["data"]["digest"] for task in asked(tasks).values()]
    assert len({row["digest"] for row in rows}) == 4


def test_only_the_worst_are_asked_and_the_others_are_counted(pred: Path, tmp_path: Path) -> None:
    words = ["--images", tmp_path / "photographs", "--worst", 2, "--out", tmp_path / "few"]
    assert "2 are not asked now (--worst)" in run("review", pred, *words)
    assert list(asked(tmp_path / "few")) == ["failed", "nothing"]


def test_a_second_round_asks_for_the_next(pred: Path, tmp_path: Path) -> None:
    words = ["review", pred, "--images", tmp_path / "photographs", "--worst", 1]
    run(*words, "--out", tmp_path / "one")
    said = run(*words, "--asked", tmp_path / "one" / "queue.csv", "--out", tmp_path / "two")
    assert "1 were asked before (--asked). " in said
    queues = [word for name in ("one", "two") for word in ("--asked", tmp_path / name / "queue.csv")]
    run(*words, *queues, "--out", tmp_path / "three")
    assert [list(asked(tmp_path / name)) for name in ("one", "two", "three")] == [["failed"], ["nothing"], ["unsure"]]
    every = ["failed", "nothing", "unsure", "sure", "phone"]
    rows = [f"{at},{name},,6x9,/x/{name}.jpg,d" for at, name in enumerate(every)]
    (tmp_path / "all.csv").write_text("\n".join(["rank,case_id,predicted_dice,size_px,photograph,digest", *rows]))
    with pytest.raises(DataError, match=r"All 5 photographs of .*pred were asked before"):
        run(*words, "--asked", tmp_path / "all.csv", "--out", tmp_path / "four")


def test_a_folder_evaluated_from_a_manifest_knows_its_photographs(pred: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"run\.json does not say where the photographs are.*--images FOLDER"):
        run("review", pred, "--out", tmp_path / "tasks")
    cases = tuple(Case(name, FileRecord(f"photographs/{name}.jpg", "a" * 64), (), "test") for name in PREDICTED)
    Manifest("three", "1", None, cases).save(tmp_path / "set.json")
    where = {"manifest": str(tmp_path / "set.json"), "dataset_dir": str(tmp_path)}
    (pred / "run.json").write_text(json.dumps({"config": where}))
    run("review", pred, "--out", tmp_path / "tasks")
    assert list(asked(tmp_path / "tasks")) == ["nothing", "unsure", "sure"]


def test_a_photograph_of_another_size_or_a_lost_one_is_named_and_the_others_are_asked(
    pred: Path, tmp_path: Path
) -> None:
    write_rgb(tmp_path / "photographs" / "sure.jpg", np.full((9, 6, 3), 90, dtype=np.uint8))
    (tmp_path / "photographs" / "unsure.jpg").unlink()
    (pred / "masks" / "nothing.png").write_bytes(b"damaged")
    done = CliRunner().invoke(
        app, ["review", str(pred), "--images", str(tmp_path / "photographs"), "--out", str(tmp_path / "tasks")]
    )
    assert list(asked(tmp_path / "tasks")) == ["failed"]
    assert "Not asked: 'unsure': its photograph was not found" in done.stderr
    assert "'sure':" in done.stderr
    assert "has (6, 9) px" in done.stderr
    assert "nothing.png" in done.stderr


def test_volumes_are_refused_in_one_line_but_one_that_failed_costs_itself(pred: Path, tmp_path: Path) -> None:
    text = (pred / "cases.csv").read_text()
    (pred / "cases.csv").write_text(f"{text}scan,scan.nii.gz,failed,it is a volume,,\n")
    run("review", pred, "--images", tmp_path / "photographs", "--out", tmp_path / "tasks")
    (pred / "cases.csv").write_text("case_id,image,status,file\na,a.nii.gz,ok,a.nii.gz\n")
    with pytest.raises(DataError, match=r"is of volumes, and Label Studio paints on photographs.*editor of NIfTI"):
        run("review", pred, "--images", tmp_path / "photographs", "--out", tmp_path / "volumes")
    assert not (tmp_path / "volumes").exists()


def test_corrections_come_back_as_masks_and_a_row_each(pred: Path, tasks: Path) -> None:
    answers = {
        "sure": [painted(PREDICTED["sure"])],
        "unsure": [painted(lesion(4, 6))],
        "nothing": [answer(NO_LESION)],
        "failed": [painted(lesion(1, 5))],
    }
    said = take(pred, tasks, answers)
    rows = {row.pop("case_id"): row for row in table(tasks.parent / "reviewed" / "reviews.csv")}
    who = {"reviewer": "dr-ada", "created_at": "2026-11-21T10:00:00Z"}
    # 4 x 4 px became 4 x 6: Dice 2 x 16 / (16 + 24), 8 px changed
    assert rows["unsure"] == who | {
        "file": "masks/unsure.png", "dice": "0.8", "changed_px": "8", "before_px": "16", "after_px": "24",
        "accepted": "False",
    }  # fmt: skip
    assert [rows["sure"][name] for name in ("dice", "changed_px", "accepted")] == ["1.0", "0", "True"]
    assert [rows["nothing"][name] for name in ("dice", "before_px", "after_px", "accepted")] == [
        "1.0",
        "0",
        "0",
        "True",
    ]
    assert [rows["failed"][name] for name in ("dice", "changed_px", "before_px", "after_px", "accepted")] == [
        "", "", "", "5", "",
    ]  # fmt: skip
    assert (read_mask(tasks.parent / "reviewed" / "masks" / "unsure.png") == lesion(4, 6)).all()
    assert not read_mask(tasks.parent / "reviewed" / "masks" / "nothing.png").any()
    assert "4 answers by dr-ada: 1 corrected, 2 accepted as they were, 1 drawn where the network gave no" in said
    assert "0 of 4 cases wait" in said
    assert "median 1.000 of 3 (both empty: 1)" in said
    assert "Changed most: unsure (0.80)" in said


def test_skipped_and_waiting_cases_are_counted_apart(pred: Path, tasks: Path) -> None:
    said = take(pred, tasks, {"sure": [painted(lesion(1, 4))], "nothing": [answer(was_cancelled=True)]})
    assert "1 corrected, 0 accepted as they were, 2 of 4 cases wait" in said
    assert "Skipped in the label tool: nothing." in said
    assert [path.name for path in (tasks.parent / "reviewed" / "masks").iterdir()] == ["sure.png"]


def test_the_corrected_masks_are_indexed_with_their_photographs(pred: Path, tasks: Path) -> None:
    take(pred, tasks, {"unsure": [painted(lesion(4, 6))], "failed": [painted(lesion(1, 5))]})
    root = tasks.parent / "reviewed"
    run("data", "index", "folder", "--root", root, "--out", root / "manifest.json")
    known = Manifest.load(root / "manifest.json")
    masks = {case.id: case.reference for case in known.cases}
    assert set(masks) == {"unsure", "failed"}
    assert verify(known, root) == []
    assert masks["unsure"] is not None
    assert (read_mask(root / masks["unsure"].mask.path) == lesion(4, 6)).all()


def test_two_reviewers_have_a_mask_and_a_row_each_and_are_indexed_as_readers(pred: Path, tasks: Path) -> None:
    take(pred, tasks, {"unsure": [painted(lesion(4, 5), by=3), painted(lesion(4, 6))], "sure": [painted(lesion(1, 4))]})
    root = tasks.parent / "reviewed"
    rows = table(root / "reviews.csv")
    assert [(row["case_id"], row["reviewer"], row["file"]) for row in rows] == [
        ("unsure", "dr-ada", "masks/dr-ada/unsure.png"),
        ("unsure", "dr-bo", "masks/dr-bo/unsure.png"),
        ("sure", "dr-ada", "masks/dr-ada/sure.png"),
    ]
    words = ["--readers", "masks/{annotator}/{case}.png", "--out", root / "manifest.json"]
    run("data", "index", "folder", "--root", root, *words)
    drawn = {
        (case.id, one.annotator): int(read_mask(root / one.mask.path).sum())
        for case in Manifest.load(root / "manifest.json").cases
        for one in case.annotations
    }
    assert drawn == {("sure", "dr-ada"): 4, ("unsure", "dr-ada"): 24, ("unsure", "dr-bo"): 20}


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        (answer(), "the outline of dr-ada is empty and does not say so"),
        (answer(NO_LESION, region(lesion(1, 1), "r")), "has a lesion and says that there is none"),
        (painted(lesion(4, 6), by=9), "'unsure' was answered by account '9', who may not; these may: 2, 3"),
        (painted(np.ones((9, 6), dtype=bool)), "painted on 9 x 6 px, the picture has 6 x 9"),
    ],
)
def test_an_answer_that_does_not_fit_writes_nothing(
    pred: Path, tasks: Path, annotation: dict[str, Any], said: str
) -> None:
    with pytest.raises(DataError, match=said):
        take(pred, tasks, {"sure": [painted(lesion(2, 3))], "unsure": [annotation]})
    assert not (tasks.parent / "reviewed").exists()


def test_two_answers_of_one_reviewer_are_refused(pred: Path, tasks: Path) -> None:
    with pytest.raises(DataError, match="'sure' has 2 outlines by dr-ada in the export"):
        take(pred, tasks, {"sure": [painted(lesion(2, 3)), painted(lesion(2, 2))]})


def test_a_case_that_was_not_asked_and_a_task_of_another_queue_are_refused(
    pred: Path, tasks: Path, tmp_path: Path
) -> None:
    run("review", pred, "--images", tmp_path / "photographs", "--worst", 2, "--out", tmp_path / "few")
    back = ["--import", export(tasks, {"sure": [painted(lesion(1, 4))]}), "--reviewers", "2=dr-ada"]
    with pytest.raises(DataError, match="'sure' of the export was not asked here"):
        run("review", pred, *back, "--queue", tmp_path / "few" / "queue.csv", "--out", tmp_path / "reviewed")
    queue = (tasks / "queue.csv").read_text().replace(asked(tasks)["sure"]["data"]["digest"], "0" * 64)
    (tmp_path / "other.csv").write_text(queue)
    with pytest.raises(DataError, match="'sure': the task is of another queue"):
        run("review", pred, *back, "--queue", tmp_path / "other.csv", "--out", tmp_path / "reviewed")
    assert not (tmp_path / "reviewed").exists()


@pytest.mark.parametrize("changed", ["photograph", "mask", "now predicted"])
def test_a_picture_or_prediction_that_changed_meanwhile_is_refused(
    pred: Path, tasks: Path, tmp_path: Path, changed: str
) -> None:
    if changed == "photograph":
        write_rgb(tmp_path / "photographs" / "failed.png", np.full((*SIZE, 3), 7, dtype=np.uint8))
    if changed == "mask":
        write_mask(pred / "masks" / "unsure.png", lesion(1, 1))
    if changed == "now predicted":
        write_mask(pred / "masks" / "failed.png", lesion(1, 1))
        text = (pred / "cases.csv").read_text()
        (pred / "cases.csv").write_text(text.replace("failed,the network answers NaN,", "ok,,failed.png"))
    name = "unsure" if changed == "mask" else "failed"
    with pytest.raises(DataError, match=f"'{name}' has changed since it was asked"):
        take(pred, tasks, {name: [painted(lesion(2, 3))]})
    assert not (tmp_path / "reviewed").exists()


def test_a_case_that_the_predictions_do_not_have_is_named(pred: Path, tasks: Path) -> None:
    text = (pred / "cases.csv").read_text()
    (pred / "cases.csv").write_text(text.replace("unsure,unsure.jpg,ok,,unsure.png,16,0.25\n", ""))
    with pytest.raises(DataError, match=r"pred has no case 'unsure'\. Give the predictions that the tasks are of"):
        take(pred, tasks, {"unsure": [painted(lesion(2, 3))]})


def test_photographs_that_were_moved_are_found_with_images(pred: Path, tasks: Path, tmp_path: Path) -> None:
    (tmp_path / "photographs").rename(tmp_path / "moved")
    answers = {"sure": [painted(lesion(2, 3))]}
    with pytest.raises(DataError, match=r"Case 'sure': cannot read .*sure\.jpg .*\(--images\)"):
        take(pred, tasks, answers)
    assert "1 corrected" in take(pred, tasks, answers, "--images", tmp_path / "moved")
    assert (tmp_path / "reviewed" / "images" / "sure.jpg").resolve() == tmp_path / "moved" / "sure.jpg"


def test_words_that_do_not_fit_together_are_one_line(pred: Path, tasks: Path, tmp_path: Path) -> None:
    queue = ["--queue", tasks / "queue.csv"]
    people = ["--reviewers", "2=dr-ada"]
    back = ["--import", tmp_path / "x.json"]
    for words, said in (
        (queue, "belong to an export that comes back"),
        ([*back, *queue], "--import needs --queue"),
        ([*back, *queue, *people, "--worst", 3], "with --import every answer of the queue is taken"),
        ([*back, *queue, *people, "--asked", "q.csv"], "with --import every answer of the queue is taken"),
    ):
        with pytest.raises(ConfigError, match=said):
            run("review", pred, *words, "--out", tmp_path / "new")
    with pytest.raises(DataError, match="is there already; nothing is written over it"):
        run("review", pred, "--images", tmp_path / "photographs", "--out", tasks)
    assert not (tmp_path / "new").exists()
