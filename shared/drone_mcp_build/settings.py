"""The settings of a server that reads from Drone, read from the environment once at its start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from ci_mcp_http.settings import ServiceSettings
from ci_mcp_kit.guard.variables import secrets_of
from drone_mcp_build.guard.variables import VARIABLES as GUARD_VARIABLES
from drone_mcp_build.variables import VARIABLES, read_drone
from drone_mcp_client.errors import DRONE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_mcp_kit.errors import Service
    from ci_mcp_kit.variables import Variable


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """How one server process is set up. `Settings.from_environment(os.environ)` is the usual way to get one."""

    variables: ClassVar[tuple[Variable, ...]] = VARIABLES
    services: ClassVar[tuple[Service, ...]] = (DRONE,)
    write_secrets: ClassVar[tuple[str, ...]] = secrets_of(GUARD_VARIABLES)
    guest: ClassVar[str] = "Drone sees a guest, who may read public repositories only"

    repo: str | None = None
    """The repository ("owner/name") for calls that name no repository."""
    repos: tuple[str, ...] = ()
    """Globs of the repositories that may be seen; empty: all that the token sees."""

    @classmethod
    @override
    def read(cls, environment: Mapping[str, str]) -> dict[str, Any]:
        return read_drone(environment)
