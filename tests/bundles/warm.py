"""A Python that has imported everything once and forks for every command: warm.py, jobs on stdin, exit codes on stdout.

A job is one line of JSON: `argv` (what follows `python`: `-m MODULE ...` or `SCRIPT ...`), `cwd`, `env` (added), `out`
and `err` (files) and `file_limit` (bytes a file may grow to, or null). The child leaves the loop and runs the command
at the top level of this script, so that the excepthook, the exit functions and the exit code are those of a program
started by hand.
"""

import gc
import importlib
import json
import os
import resource
import runpy
import signal
import sys
import warnings

PRELOADED = (
    "fire",
    "matplotlib.figure",
    "mlflow",
    "mlflow.tracking",
    "mlflow.store.tracking.sqlalchemy_store",
    "monai.bundle",
    "monai.engines",
    "monai.handlers",
    "dermaseg_monai.bundle",
    "dermaseg_monai.data.demo",
    "dermaseg_monai.engines",
    "dermaseg_monai.losses",
    "dermaseg_monai.metrics.monai",
    "dermaseg_monai.networks",
    "dermaseg_monai.report",
    "dermaseg_monai.tracking",
)


def answer(word: object) -> None:
    """Write a line for the one who asked."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    for name in PRELOADED:
        importlib.import_module(name)
gc.freeze()  # the children share these pages and need not sweep them when they end
answer("ready")

job = None
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        job = json.loads(line)
        break
    answer(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

if job is not None:
    for stream, target in ((0, os.devnull), (1, job["out"]), (2, job["err"])):
        opened = os.open(target, os.O_RDONLY if stream == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(opened, stream)
    os.chdir(job["cwd"])
    os.environ.update(job["env"])
    if job["file_limit"] is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (job["file_limit"], job["file_limit"]))
    if job["argv"][0] == "-m":
        sys.argv = job["argv"][1:]
        sys.path[0] = job["cwd"]
        runpy.run_module(job["argv"][1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = job["argv"]
        sys.path[0] = os.path.dirname(job["argv"][0])  # noqa: PTH120
        runpy.run_path(job["argv"][0], run_name="__main__")
