from pathlib import Path

from dermaseg_monai.manifest import Case, FileRecord, Manifest
from dermaseg_monai.tracking.file_table import write_file_table


def test_a_row_says_the_split_and_the_hash_of_a_case_and_is_no_formula(tmp_path: Path) -> None:
    case = Case("=1+1", image=FileRecord("private/a.png", "0" * 64), annotations=(), split="train")
    write_file_table(Manifest("tiny", "1", None, (case,)), tmp_path / "files.csv")
    header, row = (tmp_path / "files.csv").read_text().splitlines()
    assert header == "case_id,split,image_sha256,label_sha256"
    assert row == f"'=1+1,train,{'0' * 64},"
