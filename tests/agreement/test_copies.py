import pandas as pd

from dermaseg_monai.agreement.copies import COPY_COLUMNS, find_copies


def masks(*rows: tuple[str, str, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["case_id", "annotator", "copy_of"])
    return table.assign(
        area_px=500, area_share=0.1, created_at=None, path=[f"{case}/{who}.png" for case, who, _ in rows]
    )


def test_the_mask_of_another_annotator_and_of_another_case() -> None:
    found = find_copies(
        masks(("x", "a", "1"), ("x", "b", "1"), ("x", "c", "2"), ("y", "a", "3"), ("z", "a", "3"), ("z", "b", "4"))
    )
    assert found[["kind", "case_id", "annotator", "equals"]].to_numpy().tolist() == [
        ["two annotators", "x", "a", 2],
        ["two annotators", "x", "b", 2],
        ["two cases", "y", "a", 2],
        ["two cases", "z", "a", 2],
    ]


def test_what_may_well_be_equal_is_no_copy() -> None:
    repeat = masks(("x", "a", "1"), ("x", "a", "1"))
    empty = masks(("x", "a", "2"), ("x", "b", "2")).assign(area_px=0, area_share=0.0)
    full = masks(("x", "a", "3"), ("y", "b", "3")).assign(area_share=1.0)
    assert find_copies(pd.concat([repeat, empty, full])).empty


def test_no_masks_no_copies() -> None:
    assert tuple(find_copies(pd.DataFrame()).columns) == COPY_COLUMNS
