"""Cases as JSON objects and back; what is None is left out."""

from typing import Any, TypeAlias

from dermaseg_monai.manifest.case import Annotation, Case, FileRecord

Json: TypeAlias = dict[str, Any]


def case_to_json(case: Case) -> Json:
    """Return the JSON object of one case, keys in the order of the schema."""
    return _without_none(
        {
            "id": case.id,
            "image": file_to_json(case.image),
            "annotations": [_annotation_to_json(annotation) for annotation in case.annotations],
            "split": case.split,
            "lesion_id": case.lesion_id,
            "patient_id": case.patient_id,
            "attributes": {key: case.attributes[key] for key in sorted(case.attributes)} or None,
            "licence": case.licence,
            "attribution": case.attribution,
        }
    )


def case_from_json(data: Json) -> Case:
    """Return the case of a JSON object that the schema has accepted."""
    return Case(
        id=data["id"],
        image=file_from_json(data["image"]),
        annotations=tuple(_annotation_from_json(item) for item in data["annotations"]),
        split=data["split"],
        lesion_id=data.get("lesion_id"),
        patient_id=data.get("patient_id"),
        attributes=data.get("attributes") or {},
        licence=data.get("licence"),
        attribution=data.get("attribution"),
    )


def _annotation_to_json(annotation: Annotation) -> Json:
    return _without_none(
        {
            "annotator": annotation.annotator,
            "tool": annotation.tool,
            "skill": annotation.skill,
            "created_at": annotation.created_at,
            "role": annotation.role,
            "replaces": annotation.replaces,
            "mask": file_to_json(annotation.mask),
        }
    )


def _annotation_from_json(data: Json) -> Annotation:
    return Annotation(
        mask=file_from_json(data["mask"]),
        annotator=data.get("annotator"),
        tool=data.get("tool"),
        skill=data.get("skill"),
        created_at=data.get("created_at"),
        role=data.get("role", "reference"),
        replaces=data.get("replaces"),
    )


def file_to_json(record: FileRecord) -> Json:
    """Return the JSON object of a file."""
    return _without_none(
        {
            "path": record.path,
            "sha256": record.sha256,
            "size_px": _as_list(record.size_px),
            "shape_vox": _as_list(record.shape_vox),
            "spacing_mm": _as_list(record.spacing_mm),
            "original_size_px": _as_list(record.original_size_px),
        }
    )


def file_from_json(data: Json) -> FileRecord:
    """Return the file of a JSON object that the schema has accepted."""
    spacing_mm = data.get("spacing_mm")
    return FileRecord(
        path=data["path"],
        sha256=data["sha256"],
        size_px=_as_tuple(data.get("size_px")),
        shape_vox=_as_tuple(data.get("shape_vox")),
        spacing_mm=None if spacing_mm is None else tuple(float(side) for side in spacing_mm),
        original_size_px=_as_tuple(data.get("original_size_px")),
    )


def _without_none(data: Json) -> Json:
    return {key: value for key, value in data.items() if value is not None}


def _as_list(values: tuple[Any, ...] | None) -> list[Any] | None:
    return None if values is None else list(values)


def _as_tuple(values: list[Any] | None) -> Any:  # noqa: ANN401 (the schema fixed the length)
    return None if values is None else tuple(values)
