"""What can go wrong with the store.

StoreError
├── StoreUrlInvalid     the address names no store that this installation has
├── StoreUnavailable    the store does not answer now; what was acknowledged before is still there
└── StoreTooNew         a later release wrote it
"""

from __future__ import annotations


class StoreError(Exception):
    """The base; the message says what happened and never holds a password."""


class StoreUrlInvalid(StoreError):
    """The address cannot be used; the message says which ones can."""


class StoreUnavailable(StoreError):
    """The store does not answer. Nothing of the call was kept, or nothing that it did not confirm."""


class StoreTooNew(StoreError):
    """The data has a format that this release does not know."""
