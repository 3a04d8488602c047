"""What the ISIC Archive's metadata table says of an image."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dermaseg_monai.manifest.case import Attribute
from dermaseg_monai.manifest.table import read_table

_ATTRIBUTES = {
    "age": "age_approx",
    "sex": "sex",
    "site": "anatom_site_general",
    "malignancy": "diagnosis_1",
    "diagnosis": "diagnosis_3",
    "dermoscopic_type": "dermoscopic_type",
    "fitzpatrick": "fitzpatrick_skin_type",
}


@dataclass(frozen=True)
class ArchiveRow:
    """One image's group keys, licence, attribution and attributes; None where the Archive says nothing."""

    lesion_id: str | None
    patient_id: str | None
    licence: str | None
    attribution: str | None
    attributes: Mapping[str, Attribute]


def archive_rows(path: str | Path) -> dict[str, ArchiveRow]:
    """Read a metadata table of the ISIC Archive by isic_id; attributes are those of its columns that are present.

    Raises:
        DataError: not a table, or one without isic_id, copyright_license, attribution, lesion_id, patient_id.
    """
    table = read_table(path, id_column="isic_id")
    table.require(["copyright_license", "attribution", "lesion_id", "patient_id"])
    kept = {name: table.typed(column) for name, column in _ATTRIBUTES.items() if column in table.columns}
    return {
        name: ArchiveRow(
            lesion_id=table.identity(name, "lesion_id"),
            patient_id=table.identity(name, "patient_id"),
            licence=table.cell(name, "copyright_license"),
            attribution=table.cell(name, "attribution"),
            attributes={key: cells[name] for key, cells in kept.items() if cells[name] is not None},
        )
        for name in table.rows
    }
