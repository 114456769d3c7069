"""What a caller means by `repo`: a name, or an address pasted from a browser that may name build and step as well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from drone_mcp_client.errors import InvalidInput
from drone_mcp_client.names import BuildRef, parse_build_url, parse_server

if TYPE_CHECKING:
    from drone_mcp_kit.access import DroneAccess


@dataclass(frozen=True, slots=True)
class Meant:
    """A repository, and the build and step that are asked for; None where that is left open."""

    repo: str
    number: int | None = None
    stage: str | None = None
    step: str | None = None


def meant(access: DroneAccess, repo: str | None, number: int | None, stage: str | None, step: str | None) -> Meant:
    """Put together what the arguments say; those beside `repo` must not contradict an address in it.

    Raises:
        InvalidInput: it is no repository, the address is of another server, or there is a contradiction.
        PermissionDenied: the repository is out of scope.
    """
    ref = _ref(repo, access.settings.server)
    if ref is None:
        return Meant(access.resolve_repo(repo), number, stage, step)
    if number not in {None, ref.number}:
        raise InvalidInput(f"number is {number}, but repo names build {ref.number}", next_step="Give one of the two")
    stage = stage or (str(ref.stage) if ref.stage else None)
    return Meant(access.resolve_repo(str(ref.repo)), ref.number, stage, step or (str(ref.step) if ref.step else None))


def _ref(text: str | None, server: str) -> BuildRef | None:
    """Return the build that `text` names, None where it names a repository at most."""
    text = (text or "").strip()
    is_address = text.lower().startswith(("http://", "https://"))
    if is_address and _origin(text) != _origin(server):
        raise InvalidInput(
            "That address is of another server than this process asks",
            next_step=f"Give an address that begins with {server}, or owner/name",
        )
    if not is_address and "#" not in text:
        return None
    try:
        return parse_build_url(text)
    except InvalidInput:
        return None  # a repository's address; whether it is one, resolve_repo tells


def _origin(address: str) -> str:
    try:
        parts = urlsplit(address)
        return parse_server(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}").lower()
    except (ValueError, InvalidInput):
        return ""
