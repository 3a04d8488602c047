"""File names made from case ids, which come from outside and may hold anything."""

import hashlib
import re

_LONGEST_BYTES = 120


def file_stem(case_id: str) -> str:
    """Return a name that stays in its folder, the id itself where that is harmless.

    Letters, digits, `_`, `-` and `.` stay (no dot in front); anything else becomes `_`, and then, or when the id is
    longer than 120 bytes, eight digits of its sha256 follow so that two ids never share a name. (Where the file system
    does not tell a from A, ids must differ in more than that.)
    """
    plain = re.sub(r"[^\w.\-]", "_", case_id).lstrip(".")
    short = plain.encode()[:_LONGEST_BYTES].decode(errors="ignore").rstrip(".")
    if short == case_id and short:
        return short
    return f"{short or 'case'}-{hashlib.sha256(case_id.encode()).hexdigest()[:8]}"
