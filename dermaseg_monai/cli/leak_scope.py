"""What a search for leaks compared: of how many cases the lesion, the patient and the picture were known."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dermaseg_monai.manifest import Case, Manifest


def compared_words(manifests: "Sequence[Manifest]", *, pictures: int) -> str:
    """Return a sentence; cases of the split `excluded`, which only tie others, are not counted.

    Args:
        manifests: whose cases were compared.
        pictures: so many pictures were compared with each other.
    """
    held = [case for manifest in manifests for case in manifest.cases if case.split != "excluded"]
    known = {
        "the lesion": sum(case.lesion_id is not None for case in held),
        "the patient": sum(case.patient_id is not None for case in held),
    }
    groups = sum(_group(case) is not None for case in held)
    known |= {"a group": groups} if groups else {}
    parts = ", ".join(f"{what} is known for {count:,} of {len(held):,}" for what, count in known.items())
    lacking = " What is not known cannot show a leak." if min(known.values(), default=0) < len(held) else ""
    return f"Compared: {len(held):,} cases by their ids; {parts}; {pictures:,} pictures were compared.{lacking}"


def _group(case: "Case") -> object:
    return case.attributes.get("group")
