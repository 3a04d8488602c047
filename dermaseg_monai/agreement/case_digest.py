"""What a case is at one moment, in one word, so that an answer can be refused when the case has changed meanwhile."""

import hashlib
import json
from pathlib import Path

from dermaseg_monai.errors import IntegrityError
from dermaseg_monai.files import require_unchanged
from dermaseg_monai.manifest import Case


def case_digest(case: Case, dataset_dir: str | Path) -> str:
    """Return the sha256, in hex, of the id, the bytes of the image and of every mask, and who drew them in what role.

    Raises:
        IntegrityError: a file is missing or is not what the manifest says of it.
    """
    for record in case.files:
        path = Path(dataset_dir) / record.path
        if not path.is_file():
            raise IntegrityError(f"Case {case.id}: {path} does not exist. Check --dataset-dir.")
        require_unchanged(path, record.sha256)
    drawn = [(one.role, one.annotator, one.created_at, one.mask.sha256) for one in case.annotations]
    said = json.dumps([case.id, case.image.sha256, drawn], separators=(",", ":"))
    return hashlib.sha256(said.encode()).hexdigest()
