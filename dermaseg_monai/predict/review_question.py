"""What a person is asked about one photograph: is the outline of the network right?"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from dermaseg_monai.errors import DataError
from dermaseg_monai.files import sha256_of


@dataclass(frozen=True)
class ReviewQuestion:
    """A photograph that somebody was asked about.

    Attributes:
        case_id: as in the prediction folder.
        predicted_dice: what the network expects, None where it gave no outline or does not say.
        size_px: height and width of the photograph, upright.
        photograph: its file.
        digest: of what was shown (`shown_digest`).
    """

    case_id: str
    predicted_dice: float | None
    size_px: tuple[int, int]
    photograph: Path
    digest: str

    def require_same(self, mask: Path | None) -> None:
        """Return when the photograph and the predicted mask (None: there was none) are still those that were shown.

        Raises:
            DataError: one has changed or is gone.
        """
        if shown_digest(self.case_id, self.size_px, self.photograph, mask) != self.digest:
            shown = f"its photograph {self.photograph} or {'that it has no outline' if mask is None else mask}"
            raise DataError(
                f"Case {self.case_id!r} has changed since it was asked: {shown}. "
                "Give the folders that the tasks were made from, or make new tasks and ask again."
            )


def shown_digest(case_id: str, size_px: tuple[int, int], photograph: Path, mask: Path | None) -> str:
    """Return the sha256, in hex, of the id, the size and the bytes of the photograph and of the predicted mask.

    Raises:
        DataError: a file is not there or cannot be read.
    """
    files = [None if path is None else _sha256(case_id, path) for path in (photograph, mask)]
    said = json.dumps([case_id, *size_px, *files], separators=(",", ":"))
    return hashlib.sha256(said.encode()).hexdigest()


def _sha256(case_id: str, path: Path) -> str:
    try:
        return sha256_of(path)
    except OSError as error:
        raise DataError(
            f"Case {case_id!r}: cannot read {path} ({error.strerror or error}). "
            "Give the predictions, and the folder of the photographs (--images), that the tasks were made from."
        ) from error
