"""The settings of this server, read from the environment at its start."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from ci_mcp_http.settings import ServiceSettings
from ci_mcp_kit.guard.settings import GuardSettings, changing_nothing
from ci_mcp_kit.guard.variables import secrets_of
from slipway_mcp.client import SLIPWAY
from slipway_mcp.guarding import ReleaseRules
from slipway_mcp.variables import GUARD_VARIABLES, VARIABLES, read_guard, read_slipway

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_mcp_kit.errors import Service
    from ci_mcp_kit.variables import Variable


@dataclass(frozen=True, kw_only=True)
class SlipwaySettings(ServiceSettings):
    """The settings of one process: its access to Slipway, and what it may change there (by default nothing)."""

    variables: ClassVar[tuple[Variable, ...]] = (*VARIABLES, *GUARD_VARIABLES)
    services: ClassVar[tuple[Service, ...]] = (SLIPWAY,)
    # Taken out of the environment at the start, so that no child process inherits them.
    write_secrets: ClassVar[tuple[str, ...]] = secrets_of(GUARD_VARIABLES)

    guard: GuardSettings = field(default_factory=changing_nothing(ReleaseRules))

    @classmethod
    @override
    def read(cls, environment: Mapping[str, str]) -> dict[str, Any]:
        # Also of a server in mode off, so that a mistake is found before someone turns changes on.
        guard = GuardSettings.of(ReleaseRules, read_guard(environment), environment)
        return {**read_slipway(environment), "guard": guard}

    @override
    def secrets(self) -> list[str]:
        return super().secrets() + self.guard.secrets()
