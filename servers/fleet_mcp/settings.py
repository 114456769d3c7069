"""The settings of the fleet server, read from the environment at its start."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Final

from typing_extensions import override

from ci_mcp_http.addresses import is_exposed
from ci_mcp_http.settings import ServiceSettings
from ci_mcp_kit.guard.settings import GuardSettings, changing_nothing
from ci_mcp_kit.guard.variables import secrets_of
from ci_mcp_kit.secret_files import read_secret
from coder_client.errors import CODER
from drone_mcp_client.errors import DRONE
from fleet_mcp.guard.rules import FleetRules
from fleet_mcp.rules.contract import Contract
from fleet_mcp.variables import GUARD_VARIABLES, VARIABLES, read_fleet, read_guard

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ci_mcp_kit.errors import Service
    from ci_mcp_kit.variables import Secret, Variable

# Calls here name an agent, whose project is the repository; no other one is meant where they name none.
DRONE_OF_PROJECTS: Final = replace(DRONE, default="", optional=True)
_CONTRACT: Final = ("role", "project", "task", "pull_request", "last_state", "last_message", "app")


@dataclass(frozen=True, kw_only=True)
class FleetSettings(ServiceSettings):
    """The settings of one process: its access to Coder, the contract with templates, and what it may change.

    Attributes:
        owners: names of the users whose workspaces are agents; "me" is the token's user, "*" is everybody.
        templates: names of the templates of agents; empty for all that keep the contract.
        quiet_after: seconds without a report after which a working agent counts as silent.
        repos: globs of the projects whose agents are shown; empty for all.
        drone_server: the address of Drone; None where builds are not looked up.
        role_tools: all tools that the agent has, of whatever server, as far as that is known.
    """

    variables: ClassVar[tuple[Variable, ...]] = (*VARIABLES, *GUARD_VARIABLES)
    # Coder first, as it is asked by every call; who its token's user is, is checked by Coder itself.
    services: ClassVar[tuple[Service, ...]] = (CODER, DRONE_OF_PROJECTS)
    # Taken out of the environment at the start, so that no child process inherits them.
    write_secrets: ClassVar[tuple[str, ...]] = secrets_of(GUARD_VARIABLES)

    owners: tuple[str, ...] = ("me",)
    templates: tuple[str, ...] = ()
    contract: Contract = field(default_factory=Contract)
    quiet_after: float = 600.0
    repos: tuple[str, ...] = ()
    drone_server: str | None = None
    drone_token: Secret | None = None
    drone_token_file: Path | None = None
    role_tools: frozenset[str] = frozenset()
    guard: GuardSettings = field(default_factory=changing_nothing(FleetRules))

    @classmethod
    @override
    def read(cls, environment: Mapping[str, str]) -> dict[str, Any]:
        # Also of a server in mode off, so that a mistake is found before someone turns changes on.
        guard = GuardSettings.of(FleetRules, read_guard(environment), environment)
        values = read_fleet(environment)
        names = {name: values.pop(name) for name in _CONTRACT if name in values}
        by_template = values.pop("role_source", "") == "template"
        if "quiet_minutes" in values:
            values["quiet_after"] = 60 * values.pop("quiet_minutes")
        return {**values, "contract": Contract(**names, role_is_template=by_template), "guard": guard}

    @override
    def secrets(self) -> list[str]:
        held = [self.drone_token.reveal()] if self.drone_token else []
        if self.drone_token_file is not None and (text := read_secret(self.drone_token_file)):
            held.append(text)
        return super().secrets() + held + self.guard.secrets()

    @override
    def warnings(self) -> list[str]:
        used = ((CODER, self.server), (DRONE, self.drone_server))
        return [
            f"{service.address} is plain http to another machine: the token can be read on the way"
            for service, address in used
            if address and is_exposed(address)
        ]
