"""Where a run came from: code, packages and machine."""

import os
import platform
import subprocess
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

import psutil

import dermaseg_monai
from dermaseg_monai.tracking.parameters import redact

_TRACKED: Final = ("dermaseg_monai", "bundles", "setup.cfg", "pyproject.toml", "constraints.txt")
"""What a diff is made of: code and sheets, never manifests, tables or notes, which may speak of patients."""
_LARGEST_DIFF: Final = 500_000


@dataclass(frozen=True)
class CodeState:
    """The commit the package was run from and what differed from it; empty texts for an installed copy."""

    commit: str
    branch: str
    dirty: bool
    diff: str


@dataclass(frozen=True)
class Hardware:
    """What the run was computed on."""

    cpu: str
    cpu_threads: int
    memory_gib: float
    accelerator: str | None
    accelerator_memory_gib: float | None
    cuda: str | None


def code_state(root: Path | None = None) -> CodeState:
    """Return commit and diff of the checkout that holds the package; the diff is cut at 500 kB and says so."""
    root = Path(dermaseg_monai.__file__).resolve().parents[1] if root is None else root
    top = _git(root, "rev-parse", "--show-toplevel").strip()
    # an installed copy may lie in the .venv of somebody else's repository, which is none of our business
    if not top or Path(top).resolve() != root.resolve():
        return CodeState("", "", dirty=False, diff="")
    diff = _git(root, "diff", "HEAD", "--no-color", "--no-ext-diff", "--no-textconv", "--", *_TRACKED)
    diff = str(redact(diff))
    if len(diff) > _LARGEST_DIFF:
        diff = f"{diff[:_LARGEST_DIFF]}\n... cut here: the diff has {len(diff)} characters\n"
    commit = _git(root, "rev-parse", "HEAD").strip()
    branch = _git(root, "rev-parse", "--abbrev-ref", "HEAD").strip()
    return CodeState(commit, branch, dirty=bool(diff), diff=diff)


def package_versions() -> dict[str, str]:
    """Return name to version of everything that is installed."""
    found = {dist.metadata["Name"]: dist.version for dist in distributions() if dist.metadata["Name"]}
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))


def hardware(device: str) -> Hardware:
    """Describe the machine; of the accelerators, the one named by `device` (`cpu`, `cuda:0`)."""
    name, memory_gib, cuda = None, None, None
    if device.startswith("cuda"):
        import torch  # noqa: PLC0415 (a run on a GPU has it loaded)

        properties = torch.cuda.get_device_properties(torch.device(device))
        name, memory_gib, cuda = properties.name, round(properties.total_memory / 2**30, 1), torch.version.cuda
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    total_gib = round(psutil.virtual_memory().total / 2**30, 1)
    return Hardware(_cpu_name(), threads, total_gib, name, memory_gib, cuda)


def _git(root: Path, *words: str) -> str:
    command = ["git", "-C", str(root), *words]
    try:
        done = subprocess.run(command, capture_output=True, timeout=20, check=False)  # noqa: S603 (fixed words, no shell)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", errors="replace") if done.returncode == 0 else ""


def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
