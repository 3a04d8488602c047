"""What MLflow's pages show of a run record: tags and parameters."""

import getpass
from typing import Final

from dermaseg_monai.tracking.parameters import parameters
from dermaseg_monai.tracking.record import RunRecord

_PACKAGES: Final = ("torch", "monai", "pytorch-ignite", "mlflow", "numpy")


def source_tags(record: RunRecord) -> dict[str, str]:
    """Return MLflow's own tags (user, source, git commit) and ours."""
    tags = {
        "mlflow.user": _user(),
        "mlflow.source.type": "LOCAL",
        "mlflow.source.name": record.bundle,
        "mlflow.note.content": _note(record),
        "dermaseg.bundle": record.bundle,
        "dermaseg.version": record.version,
        "dermaseg.command": record.command[:4000],
    }
    if record.code.commit:
        tags["mlflow.source.git.commit"] = record.code.commit
        tags["mlflow.source.git.branch"] = record.code.branch
        tags["dermaseg.code_changed"] = "yes, see code.diff" if record.code.dirty else "no"
    if record.manifest is not None:
        tags["dermaseg.manifest"] = f"{record.manifest.name} {record.manifest.version}".strip()
        tags["dermaseg.manifest_digest"] = record.manifest.digest
        more = {"dermaseg.annotation_scope": record.manifest.scope, "dermaseg.division": record.manifest.division}
        tags |= {name: text[:4000] for name, text in more.items() if text is not None}
    for name in _PACKAGES:
        if name in record.packages:
            tags[f"dermaseg.{name}"] = record.packages[name]
    return tags


def run_parameters(record: RunRecord) -> dict[str, str]:
    """Return the parameters of the sheet; what the sheet leaves to a component is given as it turned out."""
    found = parameters(record.config)
    found["device"] = record.device
    if record.seed is not None:
        found["seed"] = str(record.seed)
    if record.manifest is not None:
        found["manifest"] = f"{record.manifest.name} {record.manifest.version}".strip()
        found["manifest_digest"] = record.manifest.digest
        for split, count in record.manifest.cases.items():
            found[f"cases/{split}"] = str(count)
    return found


def _note(record: RunRecord) -> str:
    machine = record.hardware
    where = machine.accelerator or f"{machine.cpu}, threads: {machine.cpu_threads}"
    data = "" if record.manifest is None else f" on `{record.manifest.name} {record.manifest.version}`"
    return (
        f"`{record.bundle}`{data}, {where}.\n\n"
        "For research. It supports a clinician's judgement and does not replace it; not a medical device."
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container without an entry for the user
        return "unknown"
