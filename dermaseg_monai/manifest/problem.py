"""What makes a case unusable."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

ProblemKind: TypeAlias = Literal[
    "missing", "changed", "undecodable", "not_binary", "size", "mask_size", "mask_place", "other_case"
]


@dataclass(frozen=True)
class Problem:
    """One file that cannot be used as the manifest says; `detail` is a sentence that names it, without full stop.

    missing: no such file; changed: other sha256; undecodable: no picture in it; not_binary: a mask with grey in it;
    size: another size than the manifest's; mask_size: the manifest itself gives mask and image different sizes;
    mask_place: a mask that does not lie on the voxels of its volume; other_case: a mask named after another case.
    """

    case_id: str
    path: str
    kind: ProblemKind
    detail: str
