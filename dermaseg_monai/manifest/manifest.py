"""A manifest says what the data is."""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from dermaseg_monai.errors import DataError
from dermaseg_monai.files import is_utf8, write_json
from dermaseg_monai.manifest.case import ID, SPLITS, Case, Split, require_split
from dermaseg_monai.manifest.case_json import case_from_json, case_to_json
from dermaseg_monai.manifest.data_path import is_inside, is_plain
from dermaseg_monai.manifest.decathlon_task import is_decathlon
from dermaseg_monai.manifest.origin import Origin, origin_from_json
from dermaseg_monai.manifest.schema_check import SCHEMA_VERSION, checked, read_json
from dermaseg_monai.manifest.scope import Scope, scope_from_json


@dataclass(frozen=True)
class Manifest:
    """The cases of one version of one data set, always in the order of their ids.

    `scope` says what the masks mean; `division` is a sentence that says how the splits were made, where
    `dermaseg data split` made them; `prepared_from` says of reduced pictures what they were made from
    (`dermaseg data prepare`). None of these is written when it is None.

    Raises:
        DataError: no case, an id used twice or one that cannot name a file, a split that is none of SPLITS, or a path
            that leaves the data folder or is no text.
    """

    name: str
    version: str
    licence: str | None
    cases: tuple[Case, ...]
    scope: Scope | None = None
    division: str | None = None
    prepared_from: Origin | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "cases", tuple(sorted(self.cases, key=lambda case: case.id)))
        problem = _first_problem(self.cases)
        if problem is not None:
            raise DataError(f"Manifest {self.name}: {problem}")

    @classmethod
    def load(cls, path: str | Path) -> "Manifest":
        """Read a manifest file and check it against the schema.

        The dataset.json of a Decathlon task is read too, as `dermaseg data index decathlon` does without options; its
        paths start from its own folder, and the sha256 of its files are taken now.

        Raises:
            DataError: the file is missing, malformed, of an unknown version, or says something impossible.
        """
        try:
            return cls._of_file(Path(path))
        except RecursionError:  # a message about something that is nested as deeply as can be read
            raise DataError(
                f"{path} is nested too deeply to be a manifest. Make it with `dermaseg data index`."
            ) from None

    @classmethod
    def _of_file(cls, path: Path) -> "Manifest":
        found = read_json(path)
        if is_decathlon(found):
            from dermaseg_monai.manifest.decathlon_reader import manifest_of_task  # noqa: PLC0415 (it makes a Manifest)

            return manifest_of_task(path, found)
        data = checked(found, path)
        cases = tuple(case_from_json(item) for item in data["cases"])
        try:
            return cls(
                name=data["name"],
                version=data["version"],
                licence=data["licence"],
                cases=cases,
                scope=scope_from_json(data["scope"], where="scope") if "scope" in data else None,
                division=data.get("division"),
                prepared_from=origin_from_json(data["prepared_from"]) if "prepared_from" in data else None,
            )
        except DataError as error:
            raise DataError(f"{path}: {error}") from None

    def save(self, path: str | Path) -> None:
        """Write the manifest as JSON; the same manifest gives the same bytes."""
        write_json(path, self.to_json())

    def to_json(self) -> dict[str, Any]:
        """Return the manifest as a JSON object."""
        head: dict[str, Any] = {
            "schema": SCHEMA_VERSION,
            "name": self.name,
            "version": self.version,
            "licence": self.licence,
        }
        # a manifest without them keeps its bytes and its digest
        if self.scope is not None:
            head["scope"] = self.scope.to_json()
        if self.division is not None:
            head["division"] = self.division
        if self.prepared_from is not None:
            head["prepared_from"] = self.prepared_from.to_json()
        return {**head, "cases": [case_to_json(case) for case in self.cases]}

    @cached_property
    def digest(self) -> str:
        """The sha256, in hex, of the whole manifest as canonical JSON (sorted keys, no spaces, ASCII)."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode("ascii")).hexdigest()

    @cached_property
    def counts(self) -> dict[Split, int]:
        """Number of cases in every split, 0 where there are none."""
        found = Counter(case.split for case in self.cases)
        return {split: found[split] for split in SPLITS}

    def in_split(self, split: Split) -> tuple[Case, ...]:
        """Return the cases of one split, in the order of their ids.

        Raises:
            DataError: there is no such split, or no case in it (`counts` says so without raising).
        """
        require_split(split)
        chosen = tuple(case for case in self.cases if case.split == split)
        if not chosen:
            held = ", ".join(f"{name} {count}" for name, count in self.counts.items() if count)
            raise DataError(
                f"Manifest {self.name} has no case in split {split!r} (it has {held}). "
                "Index the data with a table that names a split per image (--table, --split-column)."
            )
        return chosen


def _first_problem(cases: tuple[Case, ...]) -> str | None:
    if not cases:
        return "it has no case. Index a folder that holds images with `dermaseg data index`."
    repeated = [name for name, count in Counter(case.id for case in cases).items() if count > 1]
    if repeated:
        return f"{len(repeated)} ids are used twice, first {repeated[0]!r}. Give every case its own id."
    return next(filter(None, map(_case_problem, cases)), None)


def _case_problem(case: Case) -> str | None:
    if not (ID.fullmatch(case.id) and is_utf8(case.id)):
        return f"the id {case.id!r} cannot name a file: no slash, control character or dot in front. Rename it."
    if case.split not in SPLITS:
        return f"case {case.id!r} is in split {case.split!r}; choose one of {', '.join(SPLITS)}."
    for record in case.files:
        if not is_inside(record.path):
            return f"case {case.id!r} has the path {record.path!r}, which leaves dataset_dir. Make it relative."
        if not is_plain(record.path):
            return f"case {case.id!r} has the path {record.path!r}, which is no plain text. Rename the file."
    return None
