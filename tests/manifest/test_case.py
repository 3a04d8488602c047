from collections.abc import Callable

import pytest

from dermaseg_monai.manifest import Annotation, Case, FileRecord, Role


def outline(path: str, role: Role = "reference", created_at: str | None = None) -> Annotation:
    return Annotation(FileRecord(path, "0" * 64), role=role, created_at=created_at)


@pytest.mark.parametrize(
    ("annotations", "chosen"),
    [
        ((), None),
        ((outline("reader", "reader"),), None),
        ((outline("old", created_at="2020-01-01"), outline("new", created_at="2021-01-01")), "new"),
        ((outline("new", created_at="2021-01-01"), outline("undated")), "new"),
        # half past four in the morning in UTC, after three
        (
            (outline("new", created_at="2026-03-01T23:30:00-05:00"), outline("old", created_at="2026-03-02T03:00Z")),
            "new",
        ),
        ((outline("old", created_at="2026-03-01T23:30:00 EST"), outline("new", created_at="2026-03-02")), "new"),
        ((outline("first"), outline("second")), "second"),
        ((outline("label", created_at="2024-01-01"), outline("senior", "adjudicated", "2020-01-01")), "senior"),
        ((outline("fusion", "consensus"), outline("label")), "label"),
    ],
)
def test_the_reference_is_the_newest_adjudicated_else_the_newest_reference(
    make_case: Callable[..., Case], annotations: tuple[Annotation, ...], chosen: str | None
) -> None:
    reference = make_case("a", annotations=annotations).reference
    assert (reference and reference.mask.path) == chosen


def test_files_are_the_image_and_every_mask(make_case: Callable[..., Case]) -> None:
    case = make_case("a", annotations=(outline("masks/1.png"), outline("masks/2.png", "reader")))
    assert [record.path for record in case.files] == ["images/a.png", "masks/1.png", "masks/2.png"]


def test_the_grid_is_the_size_that_the_file_has() -> None:
    photograph, volume = FileRecord("a.png", "", size_px=(6, 8)), FileRecord("a.nii.gz", "", shape_vox=(6, 8, 4))
    assert (photograph.grid, volume.grid) == ((6, 8), (6, 8, 4))
