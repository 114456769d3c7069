"""Reads the argument `repo`: a name, or a pasted address, which may name a build and a step as well."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ci_mcp_kit.errors import InvalidInput
from drone_mcp_client.names import parse_build_url

if TYPE_CHECKING:
    from drone_mcp_build.access import DroneAccess

_DEFAULT_PORTS = {80, 443}  # of http and https: an address may name its port or not


@dataclass(frozen=True, slots=True)
class BuildAddress:
    """A repository, and the requested build and step; None if not given."""

    repo: str
    number: int | None = None
    stage: str | None = None
    step: str | None = None


def resolve_address(
    access: DroneAccess, repo: str | None, number: int | None = None, stage: str | None = None, step: str | None = None
) -> BuildAddress:
    """Combine the arguments; a number must not contradict an address in `repo`.

    Raises:
        InvalidInput: it is no repository, the address is of another server, or there is a contradiction.
        PermissionDenied: the repository is out of scope.
    """
    check_server(repo or "", access.settings.server)
    ref = None
    if "#" in (repo or "") or _is_address(repo or ""):
        with suppress(InvalidInput):  # resolve_repo reads it as the address of a repository, or raises
            ref = parse_build_url(repo or "")
    if ref is None:
        return BuildAddress(access.resolve_repo(repo), number, stage, step)
    if number not in {None, ref.number}:
        raise InvalidInput(f"number is {number}, but repo names build {ref.number}", next_step="Give one of the two")
    stage = stage or (str(ref.stage) if ref.stage else None)
    return BuildAddress(
        access.resolve_repo(str(ref.repo)), ref.number, stage, step or (str(ref.step) if ref.step else None)
    )


def check_server(text: str, server: str) -> None:
    """Refuse the address of another server than the one that is set up; a name is no address and passes.

    Raises:
        InvalidInput: naming the server that can be asked.
    """
    if _is_address(text) and _host(text) != _host(server):
        raise InvalidInput(
            "That address is of another server than this process asks",
            next_step=f"Give an address that begins with {server}, or owner/name",
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
        # Equal to no server, so the caller refuses it.
        return ("", None)
    return (parts.hostname or "", None if port in _DEFAULT_PORTS else port)
