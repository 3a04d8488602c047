"""Components of a sheet, built in Python instead of by `monai.bundle run`."""

from collections.abc import Iterable, Mapping
from typing import Any

from dermaseg_monai.bundle.hook import find_cause


def build_components(config: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return id to what it builds (`device`, `validate#inferer`); what two of them name is built once.

    Raises:
        DermasegError: what a component says, such as weights that do not fit; MONAI wraps it.
    """
    from monai.bundle import ConfigParser  # noqa: PLC0415 (it loads torch)

    parser = ConfigParser(dict(config))
    try:
        return {name: parser.get_parsed_content(name) for name in names}
    except Exception as error:
        cause = find_cause(error)
        if cause is None:
            raise
        raise cause from None
