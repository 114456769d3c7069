"""What the address of a service tells of the way to it. Pure."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_exposed(server: str) -> bool:
    """Tell whether a token sent there travels in clear over a network: plain http to another machine."""
    return urlsplit(server).scheme == "http" and not is_loopback(server)


def is_loopback(server: str) -> bool:
    """Tell whether the address is one of this very machine."""
    host = urlsplit(server).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
