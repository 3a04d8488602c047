"""Commands of a user, run in a checkout by a Python that is warm (warm.py)."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TRAIN = "bundles/ba_deeplab/configs/train.json"
MANY = "bundles/ba_deeplab/configs/multi_gpu_train.json"
EVALUATE = "bundles/ba_deeplab/configs/evaluate.json"
INFERENCE = "bundles/ba_deeplab/configs/inference.json"
METADATA = "bundles/ba_deeplab/configs/metadata.json"
SMALL = {"max_epochs": 1, "batch_size": 4, "image_size": 64}

Runs = Callable[[str], list[Any]]
"""Every run of the MLflow store at an address, in the order of their starts."""

# MONAI says this of every sheet, before anything of ours runs
_SAID_BY_MONAI = (
    "UserWarning: parsing config_file",
    "workflow = create_workflow(",
    "return _function(",
    "UserWarning: ",
)


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        """Lines of stderr without MONAI's warning about sheets."""
        return [line for line in self.err.splitlines() if line.strip() and not _is_monais(line)]

    @property
    def error(self) -> str:
        """The one line on stderr of a command that a user error ended."""
        assert self.code == 1, (self.code, self.err, self.out[-2000:])
        (line,) = self.errors
        assert line.startswith("dermaseg: error: "), line
        return line.removeprefix("dermaseg: error: ")


def _is_monais(line: str) -> bool:
    return any(words in line for words in _SAID_BY_MONAI)


class Warm:
    """Starts commands as a user does in the checkout, in a Python that has everything imported."""

    def __init__(self, checkout: Path, logs: Path) -> None:
        self.checkout, self._logs, self._count = checkout, logs, 0
        self._server = subprocess.Popen(  # noqa: S603
            [sys.executable, str(Path(__file__).with_name("warm.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(checkout),
        )

    def __call__(
        self,
        *argv: object,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        file_limit: int | None = None,
    ) -> Done:
        """Run `python ARGV`."""
        assert self._server.stdin is not None
        self._count += 1
        out, err = (self._logs / f"{self._count}.{name}" for name in ("out", "err"))
        job = {"argv": [str(word) for word in argv], "cwd": str(cwd or self.checkout), "env": dict(env or {})}
        job |= {"out": str(out), "err": str(err), "file_limit": file_limit}
        if self._count == 1:
            assert self._answer() == "ready"
        self._server.stdin.write(json.dumps(job) + "\n")
        self._server.stdin.flush()
        return Done(int(self._answer()), out.read_text(), err.read_text())

    def bundle(self, run_id: str, config: object, **options: Any) -> Done:  # noqa: ANN401
        """Run `python -m monai.bundle run RUN_ID --config_file CONFIG --key=value ...`, options as above."""
        how = {key: options.pop(key) for key in ("cwd", "env", "file_limit") if key in options}
        return self("-m", "monai.bundle", "run", run_id, f"--config_file={config}", *written(options), **how)

    def stop(self) -> None:
        """Close the commands; the Python ends."""
        self._server.communicate(timeout=60)

    def _answer(self) -> str:
        assert self._server.stdout is not None
        return self._server.stdout.readline().strip()


def written(values: Mapping[str, object]) -> list[str]:
    """Return overrides as a command line has them."""
    return [f"--{key}={value}" for key, value in values.items()]


def environment(checkout: Path) -> dict[str, str]:
    """Return the variables of a process that works in the checkout, without evaluation of code in sheets."""
    strict = {"MONAI_EVAL_EXPR": "0", "MONAI_FAIL_ON_DUPLICATE_CONFIG": "1", "MLFLOW_DISABLE_TELEMETRY": "true"}
    ours = {"PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1", "XDG_CACHE_HOME": str(checkout / ".cache")}
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("DERMASEG_", "MLFLOW_"))}
    return {**kept, **strict, **ours}
