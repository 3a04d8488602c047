"""A value of the sheet that a command line may not change, although other sheets of the bundle have it as a key."""

from dermaseg_monai.bundle.sheet import Sheet
from dermaseg_monai.errors import ConfigError


def require_value(sheet: Sheet, key: str, value: object, reason: str) -> None:
    """Refuse an override of `key` by anything but `value`, which would otherwise be taken and change nothing.

    Args:
        sheet: what the command line said.
        key: a key that the sheets merged before this one need.
        value: the only one that fits here.
        reason: why, for the message.

    Raises:
        ConfigError: the key was given with another value.
    """
    given = sheet.overrides.get(key, value)
    if given != value:
        raise ConfigError(f"--{key} is {given!r} and can only be {value!r} here: {reason}. Leave --{key} out.")
