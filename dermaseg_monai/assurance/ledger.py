"""What a stress test has done so far, on disk: a file per stressor and level, whole or not there."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from dermaseg_monai.assurance.stress_row import StressRow
from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.files import write_json

PLAN: Final = "plan.json"


class Ledger:
    """The rows of a stress test below `folder`; a test that was stopped goes on with what is there.

    Args:
        folder: of the results.
        plan: what the figures depend on (weights, cases, threshold, ...), as JSON; is written, and must be the same
            when the folder is used again.

    Raises:
        ConfigError: the folder holds the results of another plan.
        DataError: the folder cannot be written.
    """

    def __init__(self, folder: Path, plan: Mapping[str, Any]) -> None:
        self.folder = folder
        file = folder / PLAN
        if file.is_file():
            _require_same(file, plan)
        write_json(file, dict(plan))

    def read(self, stressor: str, step: int, level: float | None) -> list[StressRow] | None:
        """Return the rows of one step, None when it was not done at this level."""
        try:
            data = json.loads(self._file(stressor, step).read_text(encoding="utf-8"))
            rows = [StressRow.parse(item) for item in data]
        except (OSError, ValueError, KeyError, TypeError):  # not there, or not ours: it is done again
            return None
        return rows if all(row.level == level for row in rows) else None

    def write(self, rows: Sequence[StressRow]) -> None:
        """Keep the rows of one step, whole or not at all.

        Raises:
            DataError: no space is left, or the folder cannot be written.
        """
        write_json(self._file(rows[0].stressor, rows[0].step), [row.to_json() for row in rows])

    def _file(self, stressor: str, step: int) -> Path:
        return self.folder / "steps" / f"{stressor}_{step}.json"


def _require_same(file: Path, plan: Mapping[str, Any]) -> None:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{file} cannot be read ({error}). Remove it, or give another folder: --out DIR.") from error
    held = found if isinstance(found, dict) else {}
    other = sorted(key for key in {*held, *plan} if held.get(key) != plan.get(key))
    if other:
        raise ConfigError(
            f"{file.parent} holds a stress test with another {', '.join(other)}. Give a new folder: --out DIR."
        )
