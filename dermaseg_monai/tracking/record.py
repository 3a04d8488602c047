"""What a run was, complete enough to repeat it and to judge its figures."""

import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import dermaseg_monai
from dermaseg_monai.files import write_json
from dermaseg_monai.manifest import Manifest
from dermaseg_monai.tracking.parameters import redact
from dermaseg_monai.tracking.provenance import CodeState, Hardware, code_state, hardware, package_versions


@runtime_checkable
class SheetLike(Protocol):
    """What tracking reads of a sheet of values (`bundle.Sheet`)."""

    @property
    def files(self) -> tuple[str, ...]:
        """Config files in the order they were merged."""
        ...

    @property
    def overrides(self) -> Mapping[str, Any]:
        """What the command line changed."""
        ...

    @property
    def config(self) -> Mapping[str, Any]:
        """The merged sheet."""
        ...


@dataclass(frozen=True)
class ManifestState:
    """Which data a run used.

    `scope` names what the masks mean (name, version, digest of the document), `division` says how the splits were made;
    None where the manifest does not say it.
    """

    name: str
    version: str
    digest: str
    cases: Mapping[str, int]
    scope: str | None = None
    division: str | None = None


@dataclass(frozen=True)
class RunRecord:
    """What a run was. Secrets in addresses and under telling names are left out of config, overrides and command."""

    bundle: str
    config: Mapping[str, Any]
    overrides: Mapping[str, Any]
    files: tuple[str, ...]
    command: str
    code: CodeState
    version: str
    packages: Mapping[str, str]
    manifest: ManifestState | None
    device: str
    hardware: Hardware
    seed: int | None
    started_at: str
    figures: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the record as a JSON object."""
        return asdict(self)

    def save(self, path: str | Path, *, beside: Mapping[str, Any]) -> None:
        """Write the record as JSON, and what else is to stand in the file."""
        write_json(path, {**beside, **self.to_json()})


def record_run(
    *, bundle: str, sheet: SheetLike | None, manifest: Manifest | None, device: str, seed: int | None
) -> RunRecord:
    """Look around and write down what this run is."""
    return RunRecord(
        bundle=bundle,
        config=redact(sheet.config) if sheet is not None else {},
        overrides=redact(sheet.overrides) if sheet is not None else {},
        files=tuple(map(str, sheet.files)) if sheet is not None else (),
        command=" ".join(map(str, redact(_command()))),
        code=code_state(),
        version=dermaseg_monai.__version__,
        packages=package_versions(),
        manifest=None if manifest is None else describe_manifest(manifest),
        device=device,
        hardware=hardware(device),
        seed=seed,
        started_at=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    )


def describe_manifest(manifest: Manifest) -> ManifestState:
    """Return name, version, digest, the number of cases in each split, scope and division."""
    counts: dict[str, int] = {}
    for case in manifest.cases:
        counts[case.split] = counts.get(case.split, 0) + 1
    scope = None if manifest.scope is None else manifest.scope.title
    return ManifestState(manifest.name, manifest.version, manifest.digest, counts, scope, manifest.division)


def _command() -> list[str]:
    words = list(sys.argv)
    parts = Path(words[0]).parts
    if parts[-1:] == ("__main__.py",) and "site-packages" in parts:
        # python -m package: sys.argv holds the file
        package = ".".join(parts[parts.index("site-packages") + 1 : -1])
        return ["python", "-m", package, *words[1:]]
    return words
