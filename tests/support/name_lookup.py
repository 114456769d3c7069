"""No test asks anything outside of this machine: no name of another host is looked up, as without a network."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

look_up = socket.getaddrinfo


def stay_on_this_machine() -> None:
    """Have the lookup of every other host's name fail at once in this process."""
    socket.getaddrinfo = _look_up_here


def _look_up_here(host: bytes | str | None, *arguments: Any, **options: Any) -> Any:
    name = host.decode() if isinstance(host, bytes) else host or ""
    if name in ("", "localhost", socket.gethostname()) or _is_address(name):
        return look_up(host, *arguments, **options)
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True
