"""The errors of stores that processes share.

StoreError
├── StoreUrlInvalid     the URL is wrong, or of a store that this installation lacks
├── StoreUnavailable    the store does not answer now; acknowledged writes are not lost
├── StoreOfAnother      the store holds the data of another server
└── StoreTooNew         a later release has written it
"""

from __future__ import annotations


class StoreError(Exception):
    """The base class; the message says what happened and never holds a password."""


class StoreUrlInvalid(StoreError, ValueError):
    """The URL cannot be used; the message says why and quotes nothing of it, as it may hold a password."""


class StoreUnavailable(StoreError):
    """The store does not answer. The call has not returned a result, so it may or may not have been carried out."""


class StoreOfAnother(StoreError):
    """The store is bound to another server of the same service."""


class StoreTooNew(StoreError):
    """The data has a format of a later release."""
