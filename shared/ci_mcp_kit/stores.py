"""What can go wrong with a store that processes share.

StoreError
├── StoreUrlInvalid     the address names no store that this installation has
├── StoreUnavailable    the store does not answer now; what it acknowledged before is still there
└── StoreTooNew         a later release wrote it
"""

from __future__ import annotations

from typing import Final

TAKES: Final = (
    "memory:, sqlite:///path/to/file or redis://host:port/0 (also rediss://, redis+sentinel://, redis+cluster://)"
)
"""The addresses of DRONE_MCP_STATE, for people."""

REDIS_SCHEMES: Final = frozenset({"redis", "rediss", "unix", "redis+sentinel", "redis+cluster", "rediss+cluster"})


class StoreError(Exception):
    """The base; the message says what happened and never holds a password."""


class StoreUrlInvalid(StoreError):
    """The address cannot be used; the message says which ones can."""


class StoreUnavailable(StoreError):
    """The store does not answer. The call changed nothing, or nothing that the store confirmed."""


class StoreTooNew(StoreError):
    """The data has a format that this release does not know."""
