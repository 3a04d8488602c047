"""What the commands share that send tasks to a label tool and take answers back."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dermaseg_monai.errors import ConfigError, DataError

if TYPE_CHECKING:
    from dermaseg_monai.manifest import Manifest


def people_of(text: str, option: str) -> dict[str, str]:
    """Return account to name of '4=dr-ada,7=dr-bo'; an account without a name is called by its own.

    Raises:
        ConfigError: nobody is named, or an account is twice.
    """
    found: dict[str, str] = {}
    for word in (part.strip() for part in text.split(",")):
        account, _, name = (piece.strip() for piece in word.partition("="))
        if not account or account in found:
            raise ConfigError(f"{option} {text!r} is not understood; write each account once: '4=dr-ada,7=dr-bo'.")
        found[account] = name or account
    return found


def require_new(out: Path) -> None:
    """Return when nothing stands in the way.

    Raises:
        DataError: the folder holds something, or the file is there.
    """
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise DataError(f"{out} is there already; nothing is written over it. Choose a new place with --out.")


def new_manifest(
    known: "Manifest",
    root: Path,
    export: Path,
    out: Path,
    *,
    asked: Mapping[str, str],
    people: Mapping[str, str],
    role: Literal["reader", "adjudicated"],
) -> str:
    """Write the manifest with the outlines of an export, once all of them are accepted, and return what to say.

    Raises:
        DataError: what `read_export` and `require_answers` refuse, or a manifest that is there already.
    """
    from dermaseg_monai.agreement.new_outlines import NewOutline, require_answers, with_outlines  # noqa: PLC0415
    from dermaseg_monai.exchange import read_export  # noqa: PLC0415

    require_new(out)
    sizes = {case.id: case.image.size_px for case in known.cases if case.image.size_px is not None}
    answers, skipped = read_export(export, people=people, sizes=sizes)
    outlines = [
        NewOutline(one.case_id, one.annotator, one.created_at, one.mask, one.says_no_lesion, one.digest)
        for one in answers
    ]
    require_answers(outlines, known, root, asked=asked, one_per_case=role == "adjudicated")
    with_outlines(known, root, outlines, role=role).save(out)
    waiting = len(set(asked) - {one.case_id for one in outlines})
    return (
        f"{len(outlines)} outlines of role {role} by {', '.join(sorted({one.annotator for one in outlines}))}; "
        f"{len(skipped)} skipped in the label tool, {waiting} of {len(asked)} cases wait.\n"
        f"Wrote {out}; masks below {root}"
    )
