"""Which repository and build a caller means: a name, a number, or an address pasted from a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from drone_mcp_client.errors import InvalidInput
from drone_mcp_client.names import parse_build_url

if TYPE_CHECKING:
    from drone_mcp_client.names import BuildRef
    from drone_mcp_kit.access import DroneAccess

_DEFAULT_PORTS = {80, 443}


def repo_meant(access: DroneAccess, text: str | None) -> str:
    """Return "owner/name" for a name, the address of a page of it, or nothing.

    Raises:
        InvalidInput: it is no repository, or the address is of another server.
        PermissionDenied: it is out of scope.
    """
    check_server(text or "", access.settings.server)
    return access.resolve_repo(text)


def build_meant(access: DroneAccess, repo: str | None, number: int | None) -> tuple[str, int | None]:
    """Return repository and number; an address or `owner/name#number` may hold both.

    Raises:
        InvalidInput: as `repo_meant`, or number and address disagree.
        PermissionDenied: as `repo_meant`.
    """
    ref = _ref(repo)
    if ref is None:
        return repo_meant(access, repo), number
    if number not in {None, ref.number}:
        raise InvalidInput(f"number is {number}, but repo names build {ref.number}", next_step="Give one of the two")
    check_server(repo or "", access.settings.server)
    return access.resolve_repo(str(ref.repo)), ref.number


def _ref(text: str | None) -> BuildRef | None:
    if text is None or not ("#" in text or _is_address(text)):
        return None
    try:
        return parse_build_url(text)
    except InvalidInput:
        return None  # the address of a repository; whether it is one, its reader will tell


def check_server(text: str, server: str) -> None:
    """Refuse the address of another server than the one that is set up; a name is no address and passes.

    Raises:
        InvalidInput: naming the server that can be asked.
    """
    if _is_address(text) and _host(text) != _host(server):
        raise InvalidInput(
            "That address is of another server than this process asks",
            next_step=f"Give an address that begins with {server}, or use a client set up for the other server",
            details={"server": server},
        )


def _is_address(text: str) -> bool:
    return text.strip().lower().startswith(("http://", "https://"))


def _host(address: str) -> tuple[str, int | None]:
    """Name host and port; http and https of one host are taken as one server, as a proxy turns one into the other."""
    try:
        parts = urlsplit(address.strip())
        port = parts.port
    except ValueError:
        return ("", None)
    return (parts.hostname or "", None if port in _DEFAULT_PORTS else port)
