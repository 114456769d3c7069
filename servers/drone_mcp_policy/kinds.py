"""Which classes of failure may pass by themselves."""

from __future__ import annotations

from typing import Final

TRANSIENT: Final = frozenset({"dependency", "infrastructure", "out_of_memory", "timeout"})
"""Only these are ever retried."""
