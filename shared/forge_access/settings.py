"""The settings of a server that asks a forge and Drone, read from the environment once at its start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from ci_mcp_http.addresses import is_exposed
from ci_mcp_http.settings import NOWHERE
from ci_mcp_kit.guard.variables import secrets_of
from ci_mcp_kit.secret_files import read_secret
from drone_mcp_build.settings import Settings
from drone_mcp_client.errors import DRONE
from forge_access.guard_variables import VARIABLES as GUARD_VARIABLES
from forge_access.variables import VARIABLES, read_forge
from forge_client.errors import FORGE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ci_mcp_kit.errors import Service
    from ci_mcp_kit.variables import Secret, Variable
    from forge_client.options import ForgeOptions


@dataclass(frozen=True, kw_only=True)
class ForgeSettings(Settings):
    """How one process reaches the forge, and Drone for the builds of the same repositories.

    The limits of requests (`DRONE_MCP_TIMEOUT` and so on) and the globs of repositories hold for both.
    """

    variables: ClassVar[tuple[Variable, ...]] = VARIABLES
    services: ClassVar[tuple[Service, ...]] = (FORGE, DRONE)
    # Also where nothing is written: no process keeps what is for writing in its environment.
    write_secrets: ClassVar[tuple[str, ...]] = (*Settings.write_secrets, *secrets_of(GUARD_VARIABLES))

    forge_server: str
    forge_token: Secret | None = None
    forge_token_file: Path | None = None

    @classmethod
    @override
    def read(cls, environment: Mapping[str, str]) -> dict[str, Any]:
        return read_forge(environment)

    @classmethod
    @override
    def placeholders(cls) -> dict[str, Any]:
        return {**super().placeholders(), "forge_server": NOWHERE}

    @override
    def secrets(self) -> list[str]:
        return super().secrets() + self.forge_tokens()

    def forge_tokens(self) -> list[str]:
        """Return the forge's token as set, or as its file holds it now; an empty list where there is none."""
        if self.forge_token is not None:
            return [self.forge_token.reveal()]
        held = read_secret(self.forge_token_file) if self.forge_token_file is not None else None
        return [held] if held else []

    @override
    def warnings(self) -> list[str]:
        found = []
        if self.token is None and self.token_file is None:
            found.append(f"No {DRONE.token}: {self.guest}")
        elif is_exposed(self.server):
            found.append(f"{DRONE.address} is plain http to another machine: the token can be read on the way")
        if self.forge_token is None and self.forge_token_file is None:
            found.append(f"No {FORGE.token}: only what the forge shows to everybody can be read")
        elif is_exposed(self.forge_server):
            found.append(f"{FORGE.address} is plain http to another machine: the token can be read on the way")
        return found

    def forge_options(self) -> ForgeOptions:
        """Return how to read from the forge."""
        from forge_client.options import ForgeOptions  # noqa: PLC0415 - on first use, to start fast

        return ForgeOptions(
            **{**self.connection(), "server": self.forge_server},
            token=self.forge_token.reveal() if self.forge_token else None,
            token_file=self.forge_token_file,
            retries=self.retries,
        )
