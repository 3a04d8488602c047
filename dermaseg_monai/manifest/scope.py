"""What the masks of a data set mean: a form that the people who drew them fill in."""

import hashlib
import json
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, cast

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match  # pyright: ignore[reportUnknownVariableType]

from dermaseg_monai.errors import DataError, did_you_mean
from dermaseg_monai.manifest.unique_keys import UniqueKeys
from dermaseg_monai.shipped import shipped_files

FORM: Final = 1
NOT_STATED: Final = "not stated by the authors of the masks"
_RULES: Final = {
    "structure": "Structure",
    "modality": "Modality",
    "edge_definition": "Edge definition",
    "ambiguous_cases": "Ambiguous cases",
    "minimum_size": "Minimum size",
    "border_rule": "Border rule",
    "background": "Background",
}


@dataclass(frozen=True)
class Scope:
    """The annotation scope of a data set; None is a rule that the authors of the masks do not state.

    Attributes:
        name: of the document.
        version: of the document; another rule is another version.
        structure: what is outlined.
        modality: the kind of picture it is outlined on.
        edge_definition: where the lesion ends.
        ambiguous_cases: what is done where that is unclear.
        minimum_size: what is too small to be outlined.
        border_rule: what is done with lesions that leave the picture.
        background: what counts as background.
        remarks: anything else a user of the masks should know.
        sources: where the rules are written down.
    """

    name: str
    version: str
    structure: str
    modality: str
    edge_definition: str | None
    ambiguous_cases: str | None
    minimum_size: str | None
    border_rule: str | None
    background: str | None
    remarks: str | None = None
    sources: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """The sha256, in hex, of the document as canonical JSON (sorted keys, no spaces, ASCII)."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("ascii")).hexdigest()

    @property
    def title(self) -> str:
        """Name, version and digest on one line."""
        return f"{self.name}, version {self.version} (sha256 {self.digest[:12]})"

    @property
    def lines(self) -> list[tuple[str, str]]:
        """What a report prints: (label, text), the name with version and digest first."""
        head = ("Annotation scope", self.title)
        rules = [(label, getattr(self, field) or NOT_STATED) for field, label in _RULES.items()]
        more = [("Remarks", self.remarks)] if self.remarks else []
        return [head, *rules, *more, *(("Source", source) for source in self.sources)]

    def to_json(self) -> dict[str, Any]:
        """Return the document as a JSON object."""
        found: dict[str, Any] = {"form": FORM, "name": self.name, "version": self.version}
        found |= {field: getattr(self, field) for field in _RULES}
        if self.remarks is not None:
            found["remarks"] = self.remarks
        if self.sources:
            found["sources"] = list(self.sources)
        return found


def scope_from_json(data: Any, *, where: str) -> Scope:  # noqa: ANN401 (whatever the file holds)
    """Return the scope of a JSON object after checking it; `where` begins the message.

    Raises:
        DataError: a field that is not of the form (with the nearest name), one that is missing, or a wrong value.
    """
    if not isinstance(data, dict):
        raise DataError(f"{where} holds no fields. A scope has {', '.join(_known())}.")
    found = cast("dict[Any, Any]", data)
    _require_known(found, where)
    validator: Any = _validator()  # jsonschema's own types are partly unknown
    error = cast("ValidationError | None", best_match(validator.iter_errors(found)))
    if error is not None:
        raise DataError(f"{where}: {_reason(error)}")
    given: dict[str, Any] = {field.name: found[field.name] for field in fields(Scope) if field.name in found}
    given["sources"] = tuple(found.get("sources", ()))
    return Scope(**given)


def read_scope(path: str | Path) -> Scope:
    """Read a scope document, a YAML file of plain text fields.

    Raises:
        DataError: no such file, no YAML (with line), a field twice, an alias, or as `scope_from_json`.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        shipped = ", ".join(sorted(shipped_files("data_manifests/scopes", ".yaml")))
        raise DataError(f"There is no scope document {file}. Give a YAML file, or a shipped one: {shipped}.") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{file} is not UTF-8 text (byte {error.start}). Save it as UTF-8.") from None
    except OSError as error:
        raise DataError(f"Cannot read the scope document {file}: {error.strerror}.") from error
    try:
        data: Any = yaml.load(text, Loader=UniqueKeys)  # noqa: S506 (a SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DataError(f"{file}, line {line}: {error.problem}. Correct the YAML.") from None
    except RecursionError:
        raise DataError(f"{file} is nested too deeply for a scope, whose fields are texts. Correct it.") from None
    except (yaml.YAMLError, ValueError, LookupError, TypeError, AttributeError, OverflowError) as error:
        # a tag that does not fit its value, `!!timestamp x` say, trips PyYAML in many ways
        raise DataError(f"{file} is not YAML: {' '.join(str(error).split())}. Correct it.") from None
    return scope_from_json(data, where=str(file))


def find_scope(name: str) -> Path:
    """Return the file of a scope: the shipped one of that name, else `name` as a path."""
    return shipped_files("data_manifests/scopes", ".yaml").get(name, Path(name))


def _require_known(data: dict[Any, Any], where: str) -> None:
    known = _known()
    for field in data:
        if field in known:
            continue
        hint = did_you_mean(field, known, otherwise=f"A scope has {', '.join(known)}.")
        raise DataError(f"{where}: a scope has no field {str(field)!r}. {hint}")


def _reason(error: ValidationError) -> str:
    if error.validator == "required":
        instance = cast("dict[str, Any]", error.instance)
        missing = [name for name in cast("list[str]", error.validator_value) if name not in instance]
        return f"lacks {', '.join(missing)}. Fill in every field; null says that the authors do not state it."
    field = str(error.absolute_path[0]) if error.absolute_path else "the document"
    value = json.dumps(error.instance, default=str)
    if field == "form":
        return f"form is {value}; this release reads {FORM}. Write `form: {FORM}`, or update dermaseg_monai."
    if field == "sources":
        return f"sources is {value}; expected a list of texts."
    return f"{field} is {value}; expected a text that is not empty. Put quotes around numbers and dates."


@cache
def _schema() -> dict[str, Any]:
    text = files("dermaseg_monai.manifest").joinpath(f"schema/scope-{FORM}.json").read_text("utf-8")
    return json.loads(text)


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(_schema())


def _known() -> list[str]:
    return list(_schema()["properties"])
