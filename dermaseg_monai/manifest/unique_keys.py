"""YAML that people write by hand, in which a key stands once."""

from typing import Any

import yaml


class UniqueKeys(yaml.SafeLoader):
    """PyYAML keeps the last of two equal keys without a word; a form or a spec must not."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 (PyYAML's own)
        """Build a mapping. Raises: MarkedYAMLError for a key that stands twice."""
        seen: set[str] = set()
        for key, _ in node.value:
            name = str(key.value)  # a list as a key is refused later, by PyYAML
            if name in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {name!r} stands twice", problem_mark=key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep=deep)
