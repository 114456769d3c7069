"""Places in a change feed, as opaque text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Feed:
    """One feed's name, which its cursors carry: positions of two feeds are not to be compared."""

    name: str

    def cursor(self, position: int) -> str:
        """Make the cursor of a position; 0 is before the first change."""
        return f"{self.name}.{position}"

    def position(self, cursor: str) -> int | None:
        """Read a cursor, or None if it is not of this feed."""
        name, _, position = cursor.rpartition(".")
        return int(position) if name == self.name and position.isdecimal() and position.isascii() else None
