"""Lesions, patients and groups that a split divides."""

from dataclasses import dataclass

from dermaseg_monai.manifest.case import Split
from dermaseg_monai.manifest.groups import groups_within
from dermaseg_monai.manifest.manifest import Manifest


@dataclass(frozen=True)
class Divided:
    """How many groups stand on two or three of train, val and test.

    Attributes:
        groups: number of them; a group is what shares a lesion, patient, `group` or file, also through others.
        images: their images on all sides.
        held_out: their images in val and test, those whose score is not that of an unknown lesion.
        held_out_of: all images in val and test.
        first: the first id of the first group with its split.
        first_other: an id of that group on another side with its split.
    """

    groups: int
    images: int
    held_out: int
    held_out_of: int
    first: tuple[str, Split]
    first_other: tuple[str, Split]

    def __str__(self) -> str:
        """Return the sentence of a warning."""
        (one, here), (other, there) = self.first, self.first_other
        return (
            f"{self.groups} lesions (or patients, or groups) with {self.images} images stand on two sides; "
            f"{self.held_out} of the {self.held_out_of} images in val and test are of them, "
            f"first {one} ({here}) and {other} ({there})"
        )


def divided(manifest: Manifest) -> Divided | None:
    """Return what the splits of a manifest divide, None where nothing is."""
    cases = [case for case in manifest.cases if case.split != "excluded"]
    groups = [group for group in groups_within(cases, manifest.cases) if len({case.split for case in group}) > 1]
    if not groups:
        return None
    one = groups[0][0]
    other = next(case for case in groups[0] if case.split != one.split)
    images = [case for group in groups for case in group]
    return Divided(
        groups=len(groups),
        images=len(images),
        held_out=sum(case.split != "train" for case in images),
        held_out_of=sum(case.split != "train" for case in cases),
        first=(one.id, one.split),
        first_other=(other.id, other.split),
    )
