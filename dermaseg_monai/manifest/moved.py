"""A case whose files lie below another folder than before."""

from dataclasses import replace
from pathlib import PurePath

from dermaseg_monai.manifest.case import Case, FileRecord


def moved(case: Case, place: PurePath) -> Case:
    """Return the case with `place` before the path of each file, also before that of a mask that another replaces."""

    def there(record: FileRecord) -> FileRecord:
        return replace(record, path=(place / record.path).as_posix())

    annotations = tuple(
        replace(one, mask=there(one.mask), replaces=one.replaces and (place / one.replaces).as_posix())
        for one in case.annotations
    )
    return replace(case, image=there(case.image), annotations=annotations)
