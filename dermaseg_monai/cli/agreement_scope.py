"""Which cases a command of `dermaseg agreement` looks at, and whether it may write where it is told."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from dermaseg_monai.errors import DataError

if TYPE_CHECKING:
    from dermaseg_monai.agreement.reading import ReadCase


def chosen_cases(read: "list[ReadCase]", cases: Path | None) -> "list[ReadCase]":
    """Return the cases that a file names, all of them where there is none.

    Raises:
        DataError: the file cannot be read, or names none of the cases.
    """
    if cases is None:
        return read
    import pandas as pd  # noqa: PLC0415

    from dermaseg_monai.agreement import only_cases  # noqa: PLC0415

    wanted = set(only_cases(pd.DataFrame({"case_id": [case.id for case in read]}), cases)["case_id"])
    return [case for case in read if case.id in wanted]


def require_folder(out: Path) -> None:
    """Return where a folder can be written, before anything is measured, which may take an hour; nothing is made.

    Raises:
        DataError: a file is in the way, or nobody may write there.
    """
    place = out.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir():
        raise DataError(f"Cannot write {out}: {place} is a file. Choose a folder with --out.")
    if not os.access(place, os.W_OK | os.X_OK):
        raise DataError(f"Cannot write into {place}: permission denied. Choose a folder you may write to with --out.")
