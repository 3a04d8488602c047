"""YAML that people write by hand: a form or a spec."""

from typing import Any

import yaml


class UniqueKeys(yaml.SafeLoader):
    """YAML whose keys are texts that stand once, and in which nothing stands for something else.

    PyYAML keeps the last of two equal keys without a word, and nine aliases of nine aliases of ... make gigabytes of a
    few lines as soon as they are shown.
    """

    def compose_node(self, parent: Any, index: Any) -> Any:  # noqa: ANN401 (PyYAML's own)
        """Build a node. Raises: MarkedYAMLError for an alias."""
        events: Any = self  # PyYAML's own types are partly unknown
        if events.check_event(yaml.AliasEvent):
            mark = events.peek_event().start_mark
            raise yaml.MarkedYAMLError(problem="an alias (*name) stands for a text; write it out", problem_mark=mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 (PyYAML's own)
        """Build a mapping. Raises: MarkedYAMLError for a key that stands twice or is no text."""
        seen: set[str] = set()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key is a text", problem_mark=key.start_mark)
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {key.value!r} stands twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)
