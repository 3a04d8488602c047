"""The one-line reading of what is wrong with a manifest's JSON."""

import json
import math
import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match  # pyright: ignore[reportUnknownVariableType]

from dermaseg_monai.errors import DataError

SCHEMA_VERSION = 1
_MOST_DIGITS: Final = 18  # so many fit into 64 bits
_SHOWN: Final = 20
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")


def read_json(path: Path) -> Any:  # noqa: ANN401 (whatever the file holds)
    """Return what a JSON file holds.

    Raises:
        DataError: no such file, malformed JSON (with line and column), or what JSON allows and no manifest can hold:
            numbers beyond any number, halves of characters.
    """
    try:
        return _parsed(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"There is no manifest {path}. Make one with `dermaseg data index`.") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise DataError(f"{path} is not JSON: {error.msg} at {place}. Mend it or index the data again.") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text (byte {error.start}). Index the data again.") from None
    except RecursionError:
        raise DataError(f"{path} is nested too deeply to be read. Make it with `dermaseg data index`.") from None
    except ValueError as error:
        raise DataError(f"{path} is not JSON: {error}. Mend it or index the data again.") from None
    except OSError as error:
        raise DataError(f"Cannot read the manifest {path}: {error.strerror}.") from error


def checked(data: Any, path: Path) -> dict[str, Any]:  # noqa: ANN401 (whatever the file holds)
    """Return what `read_json` found in a manifest file after checking it against the schema of its version.

    Raises:
        DataError: unknown version, or a value out of the schema.
    """
    if not isinstance(data, dict) or "schema" not in data:
        raise DataError(f'{path} is not a manifest: it has no "schema". Make one with `dermaseg data index`.')
    found = cast("dict[str, Any]", data)
    version = found["schema"]
    if version != SCHEMA_VERSION:
        raise DataError(
            f"{path} has schema {json.dumps(version)}; this release reads {SCHEMA_VERSION}. "
            "Update dermaseg_monai, or make the manifest again with `dermaseg data index`."
        )
    error = _worst(found)
    if error is not None:
        raise DataError(f"{path}: {_place(error.absolute_path)}: {_reason(error)}.")
    return found


def _worst(data: dict[str, Any]) -> ValidationError | None:
    validator: Any = _validator()  # jsonschema's own types are partly unknown
    return cast("ValidationError | None", best_match(validator.iter_errors(data)))


@cache
def _validator() -> Draft202012Validator:
    text = files("dermaseg_monai.manifest").joinpath(f"schema/manifest-{SCHEMA_VERSION}.json").read_text("utf-8")
    return Draft202012Validator(json.loads(text))


def _parsed(text: str) -> Any:  # noqa: ANN401 (whatever the file holds)
    found = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_whole)
    if _SURROGATE.search(text):
        try:
            json.dumps(found, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"{error.object[error.start]!a} is half a character, which no file can hold") from None
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _finite(text: str) -> float:
    # Python reads 1e999 as infinite, and a manifest of it could not be written again
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:_SHOWN]} is too large for a number")
    return number


def _whole(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ValueError(f"{text[:_SHOWN]}... is a number of {len(text)} digits, more than {_MOST_DIGITS}")
    return int(text)


def _place(path: Iterable[str | int]) -> str:
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "".join(steps).removeprefix(".") or "top level"


def _reason(error: ValidationError) -> str:
    text = error.message if len(error.message) <= 200 else f"{error.message[:120]} ... {error.message[-60:]}"  # noqa: PLR2004
    return text.replace("\n", " ").removesuffix(".")
