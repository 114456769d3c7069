"""Binds a store to one server of a service: two servers use the same names and numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.store_errors import StoreOfAnother

if TYPE_CHECKING:
    from ci_mcp_kit.notes.base import Notes

FOREVER: Final = 10 * 365 * 86_400.0  # seconds


async def check_owner(notes: Notes, service: str, address: str, *, at: float) -> None:
    """Bind the store to the server at an address, or check that it is bound to it.

    Raises:
        StoreOfAnother: it is bound to another one.
        StoreUnavailable: the store does not answer.
    """
    key, owner = f"owner:{service}", _canonical(address)
    # Read first, as a store that takes no writes can still be read.
    held = await notes.note(key, at=at) or await notes.claim(key, owner, FOREVER, at=at)
    if held is not None and held != owner:
        raise StoreOfAnother(
            f"the store holds the data of the {service} at {held}, and this process asks {owner}: give each its own "
            "store (another file, or another database of Redis), or write the same address everywhere"
        )


async def copy_owner(source: Notes, target: Notes, service: str, *, at: float) -> None:
    """Bind a store like another one, if that is bound.

    Raises:
        StoreOfAnother: they are bound to different servers.
    """
    held = await source.note(f"owner:{service}", at=at)
    if held is not None:
        await check_owner(target, service, held, at=at)


def _canonical(address: str) -> str:
    # The case of a host has no meaning, nor has the default port (RFC 3986, section 6.2).
    return re.sub(r"^(http://[^/]*):80$|^(https://[^/]*):443$", r"\1\2", address.rstrip("/").lower())
