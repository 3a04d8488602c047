"""The folder of an agreement study, read back: its tables and its summary."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from dermaseg_monai.errors import DataError
from dermaseg_monai.files import parse_json
from dermaseg_monai.metrics.spreadsheet import read_cells

_TEXTS: Final = (
    "case_id", "group", "annotator", "annotators", "annotator_a", "annotator_b", "tool_a", "tool_b", "skill_a",
    "skill_b", "tool", "skill", "created_at", "path", "flag", "detail", "name", "what", "who", "whose",
)  # fmt: skip


@dataclass(frozen=True)
class StudyTables:
    """Every table of a folder by its name without `.csv`, and summary.json; tables without rows are left out.

    `ceiling` is the sentence that `dermaseg agreement ceiling` found, where it wrote into the same folder.
    """

    tables: dict[str, pd.DataFrame]
    summary: dict[str, Any]
    ceiling: str = ""

    @classmethod
    def read(cls, folder: str | Path) -> "StudyTables":
        """Read what `dermaseg agreement` wrote.

        Raises:
            DataError: there is no study in the folder, or a file of it cannot be read.
        """
        root = Path(folder)
        try:
            summary = parse_json((root / "summary.json").read_text(encoding="utf-8"))
            tables = {path.stem: _table(path) for path in sorted(root.glob("*.csv"))}
            beside = root / "ceiling.json"
            ceiling = parse_json(beside.read_text(encoding="utf-8"))["ceiling"]["sentence"] if beside.is_file() else ""
        except (OSError, ValueError, KeyError) as error:
            raise DataError(
                f"{root} holds no agreement study ({error}). Run dermaseg agreement --out again."
            ) from error
        if "pairs" not in tables:
            raise DataError(f"{root} holds no pairs.csv. Run dermaseg agreement --out again.")
        return cls({name: table for name, table in tables.items() if len(table)}, summary, str(ceiling))

    @property
    def headline(self) -> tuple[str, dict[str, Any]]:
        """Whose pairs the study is about, in words, and their figures."""
        found = self.summary["agreement"]
        name = next((name for name in ("different_people", "one_person_twice") if name in found), next(iter(found)))
        return name.replace("_", " "), found[name]


def _table(path: Path) -> pd.DataFrame:
    # a case may be called 001 and an annotator NA: texts stay as they are, and only an empty cell is empty
    columns = dict.fromkeys(_TEXTS, str)
    if path.stem.startswith(("by_", "ceiling_by_")):
        columns |= {path.stem.partition("by_")[2]: str}
    try:
        return read_cells(pd.read_csv(path, dtype=columns, keep_default_na=False, na_values=[""]))  # type: ignore[arg-type]
    except pd.errors.EmptyDataError:
        return pd.DataFrame()
