"""Cursors: places in a change feed, as opaque text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Feed:
    """A change feed with a name, which its cursors hold: positions in two feeds cannot be compared."""

    name: str

    def cursor(self, position: int) -> str:
        """Return the cursor of a position; 0 is before the first change."""
        return f"{self.name}.{position}"

    def position(self, cursor: str) -> int | None:
        """Return the position of a cursor, or None if it is of another feed."""
        name, _, position = cursor.rpartition(".")
        return int(position) if name == self.name and position.isdecimal() and position.isascii() else None
