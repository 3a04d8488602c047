"""What a manifest of reduced pictures was made from."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Origin:
    """Name and digest of the manifest of the originals, the size they were reduced to, and who is not there.

    No picture has a shorter side above `short_side_px`. `left_out` are the ids of cases that could not be prepared.
    """

    name: str
    digest: str
    short_side_px: int
    left_out: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object; `left_out` only when somebody is."""
        data: dict[str, Any] = {"name": self.name, "digest": self.digest, "short_side_px": self.short_side_px}
        return {**data, "left_out": list(self.left_out)} if self.left_out else data


def origin_from_json(data: dict[str, Any]) -> Origin:
    """Return the origin of a JSON object that the schema has accepted."""
    return Origin(data["name"], data["digest"], data["short_side_px"], tuple(data.get("left_out") or ()))
