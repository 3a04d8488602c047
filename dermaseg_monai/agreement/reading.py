"""A case and the outlines that people drew of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dermaseg_monai.agreement.voters import first_outlines
from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest import Annotation, Attribute, Case, Manifest, case_groups


@dataclass(frozen=True)
class Reading:
    """One outline: who drew it, with what, when, and the file of its mask."""

    annotator: str
    mask: Path
    tool: str | None = None
    skill: str | None = None
    created_at: str | None = None


@dataclass(frozen=True)
class ReadCase:
    """A case with its readings.

    Attributes:
        id: of the case.
        readings: who drew what.
        group: a name that the cases of one lesion or patient share, None where it shares with no other. Intervals draw
            groups, not cases.
        attributes: what else is known.
        image: the file of the picture that was outlined; it need not be there.
        grid: size of that picture, (rows, columns) or (x, y, z), None where nobody has noted it.
    """

    id: str
    readings: tuple[Reading, ...]
    group: str | None = None
    attributes: Mapping[str, Attribute] = field(default_factory=dict[str, Attribute])
    image: Path | None = None
    grid: tuple[int, ...] | None = None

    @property
    def has_two_people(self) -> bool:
        """Somebody can agree with somebody else."""
        return len(self.voters) > 1

    @property
    def voters(self) -> tuple[Reading, ...]:
        """The first outline of each person."""
        return tuple(self.readings[at] for at in first_outlines([reading.annotator for reading in self.readings]))


def readings_of_manifest(manifest: Manifest, dataset_dir: str | Path) -> list[ReadCase]:
    """Return the cases of a manifest with the outlines that readers made.

    `Case.readings` says which count. Cases of the split `excluded` never do. The groups are those of `case_groups` over
    the whole manifest, as in every other interval of the package.

    Raises:
        DataError: no case has two readings, or one has several by readers without a name.
    """
    root = Path(dataset_dir)
    joined = {case.id: group[0].id for group in case_groups(manifest.cases) if len(group) > 1 for case in group}
    cases = [_read_case(case, root, joined.get(case.id)) for case in manifest.cases if case.split != "excluded"]
    require_pairs(cases, where=f"manifest {manifest.name}")
    return cases


def require_pairs(cases: Sequence[ReadCase], *, where: str) -> None:
    """Return when somebody can agree with somebody.

    Raises:
        DataError: no case has two readings; says how many annotators there are.
    """
    if any(len(case.readings) > 1 for case in cases):
        return
    names = sorted({reading.annotator for case in cases for reading in case.readings})
    people = f"one annotator ({names[0]})" if len(names) == 1 else f"{len(names)} annotators and no case in common"
    raise DataError(
        f"{where} has {people if names else 'no annotation'}: agreement needs two outlines of one case. "
        "Add the masks of a second reader (role `reader` in the manifest, or --root and --pattern)."
    )


def readings_of_case(case: Case, dataset_dir: str | Path) -> tuple[Reading, ...]:
    """Return the outlines of one case that count in `readings_of_manifest`."""
    return tuple(_reading(one, Path(dataset_dir)) for one in case.readings)


def annotators_of(manifest: Manifest) -> list[str]:
    """Return everybody whose outlines count in `readings_of_manifest`, in alphabetical order."""
    counting = (case.readings for case in manifest.cases if case.split != "excluded")
    return sorted({_name(one) for readings in counting for one in readings})


def _read_case(case: Case, root: Path, group: str | None) -> ReadCase:
    nameless = [one for one in case.readings if one.role == "reader" and not one.annotator]
    if len(nameless) > 1:
        raise DataError(
            f"Case {case.id} has {len(nameless)} outlines by readers without a name, who would count as one person. "
            "Give each an `annotator` in the manifest."
        )
    readings = readings_of_case(case, root)
    return ReadCase(case.id, readings, group, case.attributes, image=root / case.image.path, grid=case.image.grid)


def _reading(annotation: Annotation, root: Path) -> Reading:
    place = root / annotation.mask.path
    return Reading(_name(annotation), place, annotation.tool, annotation.skill, annotation.created_at)


def _name(annotation: Annotation) -> str:
    return annotation.annotator or annotation.role
