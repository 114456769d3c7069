"""What the environment says to a server that asks Drone, read once at its start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from ci_mcp_http.addresses import is_exposed
from ci_mcp_kit.secret_files import read_secret
from ci_mcp_kit.settings import ProcessSettings
from drone_mcp_build.variables import VARIABLES, WRITE_SECRETS, read_drone
from drone_mcp_client.errors import DRONE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ci_mcp_kit.errors import Service
    from ci_mcp_kit.variables import Secret, Variable

NOWHERE = "http://unset.invalid"
"""The address of Drone where none is known: there is no such host (RFC 2606), and no call gets as far."""


@dataclass(frozen=True, kw_only=True)
class Settings(ProcessSettings):
    """How one server process is set up. `Settings.from_environment(os.environ)` is the usual way to get one."""

    variables: ClassVar[tuple[Variable, ...]] = VARIABLES
    services: ClassVar[tuple[Service, ...]] = (DRONE,)
    write_secrets: ClassVar[tuple[str, ...]] = WRITE_SECRETS

    server: str
    """Address of Drone, without a slash at its end."""
    token: Secret | None = None
    token_file: Path | None = None
    """Holds the token instead; read again when it changes."""
    repo: str | None = None
    """The repository ("owner/name") where a call names none."""
    repos: tuple[str, ...] = ()
    """Globs of the repositories that may be seen; empty: all that the token sees."""
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
        return read_drone(environment)

    @classmethod
    @override
    def placeholders(cls) -> dict[str, Any]:
        return {"server": NOWHERE}

    @override
    def secrets(self) -> list[str]:
        """Return what must never leave the process: the token as set, or as its file holds it now."""
        if self.token is not None:
            return [self.token.reveal()]
        held = read_secret(self.token_file) if self.token_file is not None else None
        return [held] if held else []

    @override
    def warnings(self) -> list[str]:
        if self.token is None and self.token_file is None:
            return ["No DRONE_TOKEN: Drone sees a guest, who may read public repositories only"]
        if is_exposed(self.server):
            return ["DRONE_SERVER is plain http to another machine: the token can be read on the way"]
        return []
