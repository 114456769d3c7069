"""Settings of a server that asks one service over HTTP, read from the environment at its start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from ci_mcp_http.addresses import is_exposed
from ci_mcp_http.variables import read_service
from ci_mcp_kit.secret_files import read_secret
from ci_mcp_kit.settings import ProcessSettings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ci_mcp_kit.errors import Service
    from ci_mcp_kit.variables import Secret

NOWHERE = "http://unset.invalid"
"""The address of a service where none is known: there is no such host (RFC 2606), and no call gets as far."""


@dataclass(frozen=True, kw_only=True)
class ServiceSettings(ProcessSettings):
    """The settings of one process for its service.

    A domain sets `variables` and `services`. The last of the services that are not optional is the one that `server`
    and `token` are of; the others have fields of their own.
    """

    guest: ClassVar[str] = ""
    """A sentence about a process without a token, for the warning; "" for no warning."""

    server: str
    """Address of the service, without a slash at its end."""
    token: Secret | None = None
    token_file: Path | None = None
    """Holds the token instead; read again when it changes."""
    timeout: float = 30.0
    """Seconds that one request may take."""
    retries: int = 2
    """Further attempts of a request that may be repeated."""
    max_body: int = 64 * 2**20
    """Bytes that one answer may have."""
    ca_file: Path | None = None

    @classmethod
    @override
    def read(cls, environment: Mapping[str, str]) -> dict[str, Any]:
        return read_service(cls.variables, environment)

    @classmethod
    @override
    def placeholders(cls) -> dict[str, Any]:
        return {"server": NOWHERE}

    @classmethod
    def own_service(cls) -> Service:
        """Return the service that `server` and `token` are of."""
        return [service for service in cls.services if not service.optional][-1]

    def connection(self) -> dict[str, Any]:
        """Return the arguments of `ClientOptions` that are the same for every token."""
        return {
            # Without `retries`: a client that writes repeats nothing.
            "server": self.server,
            "timeout": self.timeout,
            "max_body": self.max_body,
            "ca_file": self.ca_file,
        }

    @override
    def secrets(self) -> list[str]:
        """Return what must never leave the process: also the token as set, or as its file holds it now."""
        return super().secrets() + self.tokens()

    def tokens(self) -> list[str]:
        """Return the token as set, or as its file holds it now; an empty list where there is none."""
        if self.token is not None:
            return [self.token.reveal()]
        held = read_secret(self.token_file) if self.token_file is not None else None
        return [held] if held else []

    @override
    def warnings(self) -> list[str]:
        # A domain that asks several services describes all of them itself.
        (service,) = self.services
        if self.token is None and self.token_file is None:
            return [f"No {service.token}: {self.guest}"] if self.guest else []
        if is_exposed(self.server):
            return [f"{service.address} is plain http to another machine: the token can be read on the way"]
        return []
