"""Whatever a metric returns becomes named numbers that MLflow takes."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def scalars(values: Mapping[str, Any]) -> dict[str, float]:
    """Return name to finite number.

    Nested mappings keep their parents (`{"a": {"b": 1}}` gives `a/b`), vectors are numbered (`a_0`, `a_1`); None, texts
    and numbers that are not finite are left out: MLflow would draw infinity as 1.8e308.
    """
    return {clean_name(name): number for name, number in _flatten("", values) if math.isfinite(number)}


def clean_name(name: str) -> str:
    """Return the name as MLflow takes it: other characters become `_`, empty and dotted path parts go."""
    parts = re.sub(r"[^\w\-. /]", "_", name, flags=re.ASCII).split("/")
    return "/".join(part for part in parts if part.strip(". "))[:250] or "_"


def _flatten(name: str, value: Any) -> Iterator[tuple[str, float]]:  # noqa: ANN401 (metrics return anything)
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _flatten(f"{name}/{key}" if name else str(key), part)
        return
    if hasattr(value, "tolist"):  # NumPy and torch, of any size
        value = value.tolist()
    if isinstance(value, bool | int | float):
        yield name, float(value)
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        if len(value) == 1:
            yield from _flatten(name, value[0])
        else:
            for index, part in enumerate(value):
                yield from _flatten(f"{name}_{index}", part)
