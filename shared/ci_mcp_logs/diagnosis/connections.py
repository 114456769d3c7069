"""Recognises lines that say that something cannot be reached. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_NO_CONNECTION = re.compile(
    r"connection (?:refused|reset|closed|timed out|to \S+ (?:failed|refused))|ECONN(?:REFUSED|RESET)"
    r"|ENOTFOUND|EAI_AGAIN"
    r"|(?:could not|couldn't|can't|cannot|can not|unable to|failed to) (?:connect|resolve|reach|establish a connection)"
    r"|no such host|name or service not known|name resolution|unknown ?host|getaddrinfo|no route to host"
    r"|server closed the connection|lost connection|is the server running|communications link failure"
    r"|connect(?:ion)? (?:error|attempt failed)|(?:did not|not) (?:come up|become (?:ready|available|healthy))"
    r"|bad address '|ServerSelectionTimeout|dial tcp",
    re.IGNORECASE,
)
_LOCAL = re.compile(r"\blocalhost\b|\b127\.0\.0\.1\b|\[?::1\b|\b0\.0\.0\.0\b|unix:/", re.IGNORECASE)


def lacks_connection(lines: Iterable[str]) -> bool:
    """Return whether a line says that something cannot be reached."""
    return any(map(_NO_CONNECTION.search, lines))


def lacks_local_connection(lines: Iterable[str]) -> bool:
    """Return whether a line says that something on the same machine cannot be reached."""
    return any(_NO_CONNECTION.search(line) and _LOCAL.search(line) for line in lines)
