import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from dermaseg_monai.experiments import Job, LocalExecutor, Stage, run_job
from dermaseg_monai.experiments.job import last_line


def stage(folder: Path, name: str, code: str) -> Stage:
    return Stage(name, ("-c", code), folder / name / "done.json")


def job(folder: Path, *stages: Stage) -> Job:
    return Job(folder.name, folder, stages)


def wait_for(path: Path) -> None:
    end = time.monotonic() + 200
    while not (path.exists() and path.read_text()) and time.monotonic() < end:
        time.sleep(0.01)
    assert path.read_text(), path


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_stages_run_in_order_and_a_done_one_is_not_run_again(tmp_path: Path) -> None:
    write = "open({!r}, 'a').write({!r})"
    trace = tmp_path / "trace"
    whole = job(tmp_path / "run", *(stage(tmp_path / "run", name, write.format(str(trace), name)) for name in "ab"))
    outcome = run_job(whole)
    assert (outcome.name, outcome.ok, outcome.error) == ("run", True, None)
    assert run_job(whole).ok
    assert trace.read_text() == "ab"
    assert whole.done


def test_a_failure_is_told_kept_and_forgotten_when_it_ends_well(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    code = f"import sys, os; os.path.exists({str(flag)!r}) or sys.exit('dermaseg: error: No disk.')"
    one = job(tmp_path / "run", stage(tmp_path / "run", "train", code))
    outcome = run_job(one)
    assert (outcome.ok, outcome.error) == (False, "train: No disk.")
    assert json.loads((one.folder / "failed.json").read_text()) == {"name": "run", "error": "train: No disk."}
    assert not one.done
    flag.touch()
    assert run_job(one).ok
    assert not (one.folder / "failed.json").exists()


def test_the_useful_line_is_our_own_error_else_the_last_one(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    assert last_line(log) == "it said nothing"
    log.write_text("--- then train\ndermaseg: error: Old.\n--- now train\nTraceback\nValueError: a\n\n")
    assert last_line(log) == "ValueError: a"
    log.write_text("--- now train\ndermaseg: error: No disk.\nsome warning\n")
    assert last_line(log) == "No disk."


def test_a_training_with_a_checkpoint_is_resumed(tmp_path: Path) -> None:
    code = "import sys, json; open({!r}, 'w').write(json.dumps(sys.argv[1:]))".format(str(tmp_path / "words"))
    one = job(tmp_path / "run", stage(tmp_path / "run", "train", code))
    (tmp_path / "run" / "train").mkdir(parents=True)
    (tmp_path / "run" / "train" / "last.ckpt").touch()
    assert run_job(one).ok
    assert json.loads((tmp_path / "words").read_text()) == [f"--resume='{tmp_path}/run/train/last.ckpt'"]


def test_a_training_killed_before_its_first_checkpoint_begins_anew(tmp_path: Path) -> None:
    folder = tmp_path / "run" / "train"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").touch()
    code = f"from pathlib import Path; assert not Path({str(folder / 'model.safetensors')!r}).exists()"
    assert run_job(job(tmp_path / "run", stage(tmp_path / "run", "train", code))).ok


def test_a_file_where_a_stage_wants_its_folder_is_what_the_stage_says(tmp_path: Path) -> None:
    one = job(tmp_path / "run", stage(tmp_path / "run", "train", "import sys; sys.exit('dermaseg: error: A file.')"))
    one.folder.mkdir()
    (one.folder / "train").touch()
    assert run_job(one).error == "train: A file."
    assert json.loads((one.folder / "failed.json").read_text())["error"] == "train: A file."


def test_a_resumed_training_with_nothing_left_is_done(tmp_path: Path) -> None:
    code = "import sys; sys.exit('dermaseg: error: x has trained 2 epochs: nothing is left to do.')"
    one = job(tmp_path / "run", stage(tmp_path / "run", "train", code))
    assert not run_job(one).ok
    (tmp_path / "run" / "train").mkdir(parents=True, exist_ok=True)
    (tmp_path / "run" / "train" / "last.ckpt").touch()
    assert run_job(one).ok


def test_sheets_are_run_without_evaluation_of_code(tmp_path: Path) -> None:
    code = "import os; assert os.environ['MONAI_EVAL_EXPR'] == '0'"
    assert run_job(job(tmp_path / "run", stage(tmp_path / "run", "train", code))).ok


def test_a_folder_that_cannot_be_made_is_a_failed_run(tmp_path: Path) -> None:
    (tmp_path / "run").touch()
    outcome = run_job(job(tmp_path / "run", stage(tmp_path / "run", "train", "pass")))
    assert not outcome.ok
    assert "run" in str(outcome.error)


def test_one_run_after_another_and_a_failure_stops_none(tmp_path: Path) -> None:
    codes = ("pass", "raise SystemExit(3)", "pass")
    jobs = [job(tmp_path / str(n), stage(tmp_path / str(n), "train", code)) for n, code in enumerate(codes)]
    found = list(LocalExecutor().outcomes(jobs))
    assert [(one.name, one.ok) for one in found] == [("0", True), ("1", False), ("2", True)]


def test_closing_the_outcomes_stops_what_runs_and_notes_no_failure(tmp_path: Path) -> None:
    long = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    jobs = [
        job(tmp_path / "short", stage(tmp_path / "short", "train", "pass")),
        job(tmp_path / "long", stage(tmp_path / "long", "train", long)),
    ]
    outcomes = LocalExecutor(2).outcomes(jobs)
    assert next(iter(outcomes)).name == "short"
    wait_for(tmp_path / "pid")
    outcomes.close()  # pyright: ignore[reportAttributeAccessIssue] (a generator)
    assert not (tmp_path / "long" / "failed.json").exists()
    assert not (tmp_path / "long" / "train" / "done.json").exists()


def test_a_stop_reaches_a_run_at_once(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    one = job(tmp_path / "run", stage(tmp_path / "run", "train", "import time; time.sleep(600)"))
    assert run_job(one, stop=stop).error == "stopped"


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_killed_parent_leaves_no_child(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    code = f"import os, time; open({str(pid_file)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    script = (
        "from pathlib import Path; from dermaseg_monai.experiments import Job, Stage, run_job\n"
        f"folder = Path({str(tmp_path)!r}) / 'run'\n"
        f"run_job(Job('run', folder, (Stage('train', ('-c', {code!r}), folder / 'train' / 'done.json'),)))"
    )
    parent = subprocess.Popen([sys.executable, "-c", script])  # noqa: S603
    wait_for(pid_file)
    child = int(pid_file.read_text())
    assert alive(child)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    end = time.monotonic() + 200
    while alive(child) and time.monotonic() < end:
        time.sleep(0.02)
    assert not alive(child)
