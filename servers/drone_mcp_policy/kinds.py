"""The classes of failure, in the words that a diagnosis of a log uses as well."""

from __future__ import annotations

from typing import Final, Literal, get_args

FailureKind = Literal[
    "test",
    "compile",
    "lint",
    "dependency",
    "infrastructure",
    "out_of_memory",
    "timeout",
    "cancelled",
    "configuration",
    "approval",
    "unknown",
]

CLASSES: Final[tuple[str, ...]] = get_args(FailureKind)
TRANSIENT: Final = frozenset({"dependency", "infrastructure", "out_of_memory", "timeout"})
"""Classes that may pass by themselves: only these are ever retried."""
