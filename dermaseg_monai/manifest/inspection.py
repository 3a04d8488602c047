"""Everything that is wrong with the files of a manifest, and everything that is worth a look."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

import numpy as np

from dermaseg_monai.manifest.belonging import belonging_problems
from dermaseg_monai.manifest.case import Case
from dermaseg_monai.manifest.header_names import header_names
from dermaseg_monai.manifest.manifest import Manifest
from dermaseg_monai.manifest.mask_findings import MaskFacts, MaskFindingKind, mask_findings, measure_mask
from dermaseg_monai.manifest.memory import Facts
from dermaseg_monai.manifest.problem import Problem, ProblemKind
from dermaseg_monai.manifest.twins import TwinKind, Twins, find_twins
from dermaseg_monai.manifest.verification import (
    FileKind,
    Look,
    Study,
    look_at,
)

FindingKind: TypeAlias = MaskFindingKind | TwinKind | Literal["header_name"]

PROBLEM_KINDS: Final[Mapping[ProblemKind, str]] = MappingProxyType(
    {
        "missing": "the file is not there",
        "changed": "the file differs from the one that was indexed (sha256)",
        "undecodable": "no picture can be read from the file",
        "not_binary": "the mask has more than two levels",
        "size": "the picture has another size than when it was indexed",
        "mask_size": "mask and image have different sizes",
        "mask_place": "the mask does not lie on the voxels of its volume",
        "other_case": "the mask has the name of another case",
    }
)
"""What makes a case unusable, in words."""

FINDING_KINDS: Final[Mapping[FindingKind, str]] = MappingProxyType(
    {
        "empty": "the mask holds no lesion",
        "full": "the mask covers at least 99 % of the picture, which is no fault of a crop",
        "tiny": "the lesion covers less than 0.5 % of the picture",
        "regions": "the mask has several regions",
        "holes": "the mask has holes",
        "border": "the lesion touches the border of the picture, so it may go on beyond, which is no fault of a crop",
        "same_file": "one image file under several ids",
        "same_pixels": "different image files with the same pixels",
        "same_mask": "one mask file for different pictures",
        "header_name": "the header of a volume names another case",
    }
)
"""What is worth a look and makes nothing unusable, in words."""


@dataclass(frozen=True)
class Finding:
    """Something worth a look; `detail` is a sentence that names the file, without full stop.

    `case_ids` are the cases concerned, several for twins alone. Within a kind a larger `weight` is more remarkable.
    """

    case_ids: tuple[str, ...]
    path: str
    kind: FindingKind
    detail: str
    weight: float = 0.0


@dataclass(frozen=True)
class Inspection:
    """What came of looking at every file: what cannot be used, and what is worth a look (by kind, heaviest first)."""

    problems: tuple[Problem, ...]
    findings: tuple[Finding, ...]


def inspect(manifest: Manifest, dataset_dir: str | Path) -> Inspection:
    """Hash and decode every file, measure every mask, and look for what stands there twice.

    A file that was inspected and has not changed since (size, times, inode) is not read again.

    Raises:
        DataError: `dataset_dir` is no folder.
    """
    looks = look_at(manifest.cases, dataset_dir, title=f"Inspecting {manifest.name}", study=_STUDY)
    found = [look.problem for look in looks if look.problem]
    problems = (*belonging_problems(manifest, manifest.cases, dataset_dir, faulty=found), *found)
    findings = [
        *_mask_findings(looks),
        *_twin_findings(manifest.cases, looks),
        *_header_findings(manifest, dataset_dir),
    ]
    order = list(FINDING_KINDS)
    findings.sort(key=lambda one: (order.index(one.kind), -one.weight, one.case_ids))
    return Inspection(problems, tuple(findings))


def _facts(kind: FileKind, pixels: np.ndarray) -> Facts:
    if kind == "mask":
        return asdict(measure_mask(pixels))
    picture = hashlib.sha256(repr(pixels.shape).encode())
    picture.update(np.ascontiguousarray(pixels).data)
    return {"pixels": picture.hexdigest()}


_STUDY: Final = Study("mask and picture, 1", _facts)


def _mask_facts(look: Look) -> MaskFacts | None:
    if look.use.kind != "mask" or look.facts is None:
        return None
    known: dict[str, Any] = {name: value for name, value in look.facts.items() if name != "study"}
    return MaskFacts(**known)


def _mask_findings(looks: Sequence[Look]) -> Iterator[Finding]:
    for look in looks:
        facts = _mask_facts(look)
        for kind, words, weight in mask_findings(facts) if facts else ():
            path = look.use.record.path
            yield Finding((look.use.case_id,), path, kind, f"{path} {words}", weight)


def _twin_findings(cases: Sequence[Case], looks: Sequence[Look]) -> Iterator[Finding]:
    pixels = {look.use.record.sha256: str(look.facts["pixels"]) for look in looks if look.facts and _is_image(look)}
    measured = ((look, _mask_facts(look)) for look in looks)
    telling = [look.use.record.sha256 for look, facts in measured if facts and _tells(facts)]
    yield from (_twin_finding(twins) for twins in find_twins(cases, pixels=pixels, telling_masks=telling))


def _header_findings(manifest: Manifest, dataset_dir: str | Path) -> Iterator[Finding]:
    for case, record, other in header_names(manifest, dataset_dir):
        yield Finding((case.id,), record.path, "header_name", f"{record.path} names case {other} in its header")


def _is_image(look: Look) -> bool:
    return look.use.kind == "image"


def _tells(facts: MaskFacts) -> bool:
    return 0 < facts.lesion_px < facts.grid_px


def _twin_finding(twins: Twins) -> Finding:
    ids = tuple(case.id for case in twins.cases)
    first = twins.cases[0]
    words = {
        "same_file": "is also the image of",
        "same_pixels": "shows the same as",
        "same_mask": "is also the mask of",
    }
    path = first.image.path
    if twins.kind == "same_mask" and first.reference:
        path = first.reference.mask.path
    return Finding(ids, path, twins.kind, f"{path} {words[twins.kind]} {', '.join(ids[1:])}", float(len(ids)))
