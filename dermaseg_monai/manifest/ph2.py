"""PH2 as the ADDI project releases it: one folder per image and a table drawn with bars."""

import re
from pathlib import Path

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest.case import Attribute, Split
from dermaseg_monai.manifest.draft import Draft, SetFacts, finish
from dermaseg_monai.manifest.listing import require_root
from dermaseg_monai.manifest.manifest import Manifest

N_PAIRS = 200
TABLE = "PH2_dataset.txt"
DIAGNOSES = {"0": "common nevus", "1": "atypical nevus", "2": "melanoma"}
COLOURS = {"1": "white", "2": "red", "3": "light brown", "4": "dark brown", "5": "blue grey", "6": "black"}
_CASE = re.compile(r"IMD[0-9]{3}")
_CRITERIA = ("asymmetry", "pigment_network", "dots_globules", "streaks", "regression_areas", "blue_whitish_veil")
_N_BLOCKS = 5  # name, histology, clinical diagnosis, criteria, colours


def index_ph2(root: str | Path, *, split: Split = "test", allow_partial: bool = False) -> Manifest:
    """Index the 200 pairs of PH2 into one split; "test", because the set is small and serves as an outside check.

    `allow_partial` accepts fewer cases than were released.

    Raises:
        DataError: no case folders, too few of them, files missing in them, no table, a row that cannot be read.
    """
    folder = require_root(root)
    cases = _case_folders(folder)
    if len(cases) != N_PAIRS and not allow_partial:
        raise DataError(
            f"{folder} holds {len(cases)} of {N_PAIRS} case folders (IMDxxx). "
            "Unpack the archive again, or index what is there with --allow-partial."
        )
    rows = read_ph2_table(_table_file(folder))
    unknown = [case.name for case in cases if case.name not in rows]
    if unknown:
        raise DataError(f"{len(unknown)} of {len(cases)} cases have no row in {TABLE}, first {unknown[0]}.")
    missing = [path for case in cases for path in _pair(case) if not path.is_file()]
    if missing:
        raise DataError(f"{len(missing)} of {2 * len(cases)} files are missing, first {missing[0]}. Unpack them again.")
    drafts = [Draft(case.name, *_pair(case), split, attributes=rows[case.name]) for case in cases]
    return finish(drafts, folder, SetFacts("ph2", "2013", "Research and education only; no redistribution"))


def read_ph2_table(path: Path) -> dict[str, dict[str, Attribute]]:
    """Return diagnosis and dermoscopic criteria by case from PH2_dataset.txt.

    A row is `|| IMD003 || histology || 0 || 0 | T | A | A | A | A || 4 ||`; legends follow the table.

    Raises:
        DataError: no row, or one of another shape (its line is named).
    """
    rows: dict[str, dict[str, Attribute]] = {}
    for number, line in enumerate(path.read_text(encoding="latin-1").splitlines(), start=1):
        blocks = [block.strip() for block in line.strip().removeprefix("||").removesuffix("||").split("||")]
        if _CASE.fullmatch(blocks[0]):
            rows[blocks[0]] = _row(blocks, f"{path}, line {number}")
    if not rows:
        raise DataError(f"{path} has no row `|| IMDxxx || ...`. Take the file from the release, not an export of it.")
    return rows


def _row(blocks: list[str], place: str) -> dict[str, Attribute]:
    # newer copies draw every bar double, so that the criteria are blocks of their own
    cells = [*blocks[:3], *(cell.strip() for block in blocks[3:-1] for cell in block.split("|")), blocks[-1]]
    expected = _N_BLOCKS - 1 + len(_CRITERIA)
    if len(cells) != expected:
        raise DataError(f"{place}: {len(cells)} cells, expected {expected} (name, histology, diagnosis, ..., colours).")
    _, histology, clinical, *criteria, colours = cells
    if clinical not in DIAGNOSES or any(colour not in COLOURS for colour in colours.split()):
        raise DataError(f"{place}: diagnosis {clinical!r} or colours {colours!r} are not in the legend (0-2, 1-6).")
    return {
        "diagnosis": DIAGNOSES[clinical],
        "histology": histology or None,
        **{name: int(cell) if cell.isdigit() else cell for name, cell in zip(_CRITERIA, criteria, strict=True)},
        "colours": ", ".join(COLOURS[colour] for colour in colours.split()),
    }


def _case_folders(folder: Path) -> list[Path]:
    for place in (folder / "PH2 Dataset images", folder / "PH2Dataset" / "PH2 Dataset images", folder):
        found = sorted(path for path in place.glob("IMD*") if path.is_dir() and _CASE.fullmatch(path.name))
        if found:
            return found
    raise DataError(f"{folder} holds no case folder IMDxxx. Pass the folder that has `PH2 Dataset images` in it.")


def _pair(case: Path) -> tuple[Path, Path]:
    name = case.name
    return case / f"{name}_Dermoscopic_Image" / f"{name}.bmp", case / f"{name}_lesion" / f"{name}_lesion.bmp"


def _table_file(folder: Path) -> Path:
    for place in (folder, folder / "PH2Dataset", folder / "PH2 Dataset images"):
        if (place / TABLE).is_file():
            return place / TABLE
    raise DataError(f"{folder} lacks {TABLE}, which holds the diagnoses. Copy it there from the release.")
