"""One run of an ablation: stages that are started one after another, each in a process of its own."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dermaseg_monai.errors import DataError
from dermaseg_monai.experiments.lock import held
from dermaseg_monai.files import remove, write_json

LOG: Final = "log.txt"
DONE: Final = "done.json"
FAILED: Final = "failed.json"
STOPPED: Final = "stopped"
_CHECKPOINT: Final = "last.ckpt"
_WEIGHTS: Final = ("model.safetensors", "model.pt")
_NOTHING_LEFT: Final = "othing is left to do"  # as engines.resume_file and engines.checkpoint say it
_LOOK_S: Final = 0.2
_KILLED: Final = 128 + 9
_TITLE: Final = "--- "
_TAIL_BYTES: Final = 20_000
_ENDS_S: Final = 60.0
_PATIENCE_S: Final = 180.0
"""Who starts a run again waits for what is left of it: the guard's grace, of a machine that is gone NFSv4's 90 s."""


@dataclass(frozen=True)
class Stage:
    """One command: `python WORDS...`.

    Attributes:
        name: train, evaluate, ...
        words: what follows `python`.
        done_file: written when the command has ended with exit code 0. A `last.ckpt` beside it is resumed from.
    """

    name: str
    words: tuple[str, ...]
    done_file: Path

    @property
    def done(self) -> bool:
        """True when it has ended well once."""
        return self.done_file.is_file()


@dataclass(frozen=True)
class Job:
    """A run: its stages in order, and the folder that holds log.txt, failed.json and all that the stages write."""

    name: str
    folder: Path
    stages: tuple[Stage, ...]

    @property
    def done(self) -> bool:
        """True when nothing is left to do."""
        return all(stage.done for stage in self.stages)


@dataclass(frozen=True)
class Outcome:
    """How a run ended; `seconds` counts this attempt, `error` is the last useful line of a run that failed."""

    name: str
    ok: bool
    seconds: float
    error: str | None = None


def run_job(job: Job, *, stop: threading.Event | None = None) -> Outcome:
    """Run the stages that are not done; a run that fails is an outcome, never an exception.

    A training with a `last.ckpt` goes on from it. The folder keeps `failed.json` of a run that failed until it ends
    well. The process that calls may die at any moment: its stages end with it, and another call goes on.

    Args:
        job: what to run.
        stop: set by another thread, it stops the running stage; the outcome is then the error `stopped`.
    """
    began = time.monotonic()
    error: str | None = None
    try:
        with held(job.folder, patience_s=_PATIENCE_S) as lock:
            error = _run_stages(job, lock, stop)
            if error is None:
                (job.folder / FAILED).unlink(missing_ok=True)
            elif error != STOPPED:
                write_json(job.folder / FAILED, {"name": job.name, "error": error})
    except (DataError, OSError) as failure:  # a full disk or a folder of somebody else
        error = " ".join(str(failure).split())
    return Outcome(job.name, error is None, time.monotonic() - began, error)


def last_line(log: Path) -> str:
    """Return the last line of a log that says why: of our own errors, else of Python's, else whatever stands last."""
    lines = said(log)
    ours = [line for line in lines if line.startswith("dermaseg: error: ")]
    if ours:
        return ours[-1].removeprefix("dermaseg: error: ")
    return lines[-1] if lines else "it said nothing"


def _run_stages(job: Job, lock: int, stop: threading.Event | None) -> str | None:
    for stage in job.stages:
        error = None if stage.done else _run_stage(job, stage, lock, stop)
        if error is not None:
            return error
    return None


def _run_stage(job: Job, stage: Stage, lock: int, stop: threading.Event | None) -> str | None:
    checkpoint = stage.done_file.parent / _CHECKPOINT
    resume = (f"--resume={str(checkpoint)!r}",) if checkpoint.is_file() else ()
    if not resume:
        _remove_weights(checkpoint.parent)
    log = job.folder / LOG
    began = time.monotonic()
    with log.open("ab") as stream:
        title = f"{_TITLE}{time.strftime('%Y-%m-%d %H:%M:%S')} {stage.name}{' (resumed)' if resume else ''}\n"
        stream.write(title.encode())
        stream.flush()
        with _started([*stage.words, *resume], stream.fileno(), lock) as process:
            code = _wait(process, stop)
    if code is None:
        return STOPPED
    if code == _KILLED:
        return f"{stage.name}: killed by the system (signal 9), most often because the memory was full"
    # a training that was killed after its last epoch and before its end was noted has its weights
    if code != 0 and not (resume and _NOTHING_LEFT in last_line(log)):
        return f"{stage.name}: {last_line(log)}"
    seconds = round(time.monotonic() - began, 1)
    write_json(stage.done_file, {"stage": stage.name, "words": list(stage.words), "seconds": seconds})
    return None


def _remove_weights(folder: Path) -> None:
    """Clear what a training left that was killed between its first weights and its first state: it begins anew."""
    for path in (folder / name for name in _WEIGHTS):
        if path.is_file():
            remove(path)


@contextmanager
def _started(words: list[str], output: int, lock: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "dermaseg_monai.experiments.guard", *words]
    process = subprocess.Popen(  # noqa: S603 (the words of a plan)
        command,
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=(lock,),  # what the guard holds outlives this process until the guard has stopped the stage
        env={**os.environ, "MONAI_EVAL_EXPR": "0"},  # sheets hold values; nothing in them is evaluated as code
    )
    try:
        yield process
    finally:
        assert process.stdin is not None, "it was asked for"  # noqa: S101
        process.stdin.close()  # the guard stops what is still running
        process.wait(timeout=_ENDS_S)


def _wait(process: subprocess.Popen[bytes], stop: threading.Event | None) -> int | None:
    while stop is None or not stop.is_set():
        try:
            return process.wait(timeout=_LOOK_S)
        except subprocess.TimeoutExpired:
            continue
    return None


def said(log: Path) -> list[str]:
    """Return the lines of the last stage, of a long log its end; none where there is no log."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            text = stream.read().decode("utf-8", errors="replace")
    except OSError:
        return []
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    starts = [number for number, line in enumerate(lines) if line.startswith(_TITLE)]
    return lines[starts[-1] + 1 :] if starts else lines
