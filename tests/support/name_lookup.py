"""No test asks anything outside of this machine: no name of another host is looked up, as without a network."""

from __future__ import annotations

import socket
from typing import Any

look_up = socket.getaddrinfo


def stay_on_this_machine() -> None:
    """Have the lookup of every other host's name fail at once in this process."""
    socket.getaddrinfo = _look_up_here


def _look_up_here(
    host: bytes | str | None,
    port: bytes | str | int | None,
    family: int = 0,
    type: int = 0,  # noqa: A002 - as `socket` calls it
    proto: int = 0,
    flags: int = 0,
) -> Any:
    name = host.decode() if isinstance(host, bytes) else host or ""
    if name not in ("", "localhost", socket.gethostname()):
        flags |= socket.AI_NUMERICHOST  # with which a name is refused, and an address is not (getaddrinfo(3))
    return look_up(host, port, family, type, proto, flags)
