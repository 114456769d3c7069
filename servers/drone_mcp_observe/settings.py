"""The settings of the observation server, read from the environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path  # noqa: TC003 - as everywhere in a dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from typing_extensions import override

from ci_mcp_http.addresses import is_exposed
from drone_mcp_build.settings import Settings
from drone_mcp_client.errors import DRONE
from drone_mcp_observe.variables import VARIABLES, read_observe
from monitoring_client.endpoints import Endpoints
from monitoring_client.service_descriptors import SERVICES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_mcp_kit.errors import Service
    from ci_mcp_kit.variables import Variable
    from drone_mcp_observe.ci_alerts.rules import AlertRule


@dataclass(frozen=True, kw_only=True)
class ObserveSettings(Settings):
    """How one process reads from Drone and from monitoring services, and the alert rules in force."""

    variables: ClassVar[tuple[Variable, ...]] = VARIABLES
    services: ClassVar[tuple[Service, ...]] = (DRONE, *SERVICES)

    rules_file: Path | None = None
    """None: the rules that come with the server."""
    error_query: str = ""
    """Of the metrics, for the error rate of a target."""
    log_query: str = ""
    """Of the logs, for the errors of a target."""
    monitoring: Mapping[str, Any] = field(default_factory=dict)
    """The values of the variables of monitoring services."""

    @classmethod
    @override
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read every variable of `variables`; one that is empty counts as not set.

        Raises:
            SettingsError: a value is wrong, or the rule file has mistakes.
        """
        settings = super().from_environment(environment)
        if settings.rules_file is not None:
            # Read here for its mistakes only: they stop the process at its start, and not a call in its midst.
            settings.alert_rules()
        return settings

    @classmethod
    @override
    def read(cls, environment: Mapping[str, str]) -> dict[str, Any]:
        return read_observe(environment)

    @cached_property
    def endpoints(self) -> Endpoints:
        """The monitoring services that are set."""
        return Endpoints.of_values(self.monitoring)

    @override
    def secrets(self) -> list[str]:
        return super().secrets() + [token for one in self.endpoints.known for token in one.tokens()]

    @override
    def warnings(self) -> list[str]:
        found = [*self.endpoints.warnings()]
        if self.token is None and self.token_file is None:
            found.append(f"No {DRONE.token}: {self.guest}")
        elif is_exposed(self.server):
            found.append(f"{DRONE.address} is plain http to another machine: the token can be read on the way")
        return found

    def alert_rules(self) -> tuple[AlertRule, ...]:
        """Read the alert rules.

        Raises:
            SettingsError: with the first mistakes of the file on one line.
        """
        from ci_mcp_kit.yaml_source import InvalidFile  # noqa: PLC0415 - on first use, to start fast
        from drone_mcp_observe.ci_alerts.rules_file import read_rules  # noqa: PLC0415 - likewise

        try:
            return read_rules(self.rules_file)
        except InvalidFile as error:
            raise error.as_settings_error(
                "DRONE_MCP_ALERT_RULES", self.rules_file, "the path of a rule file"
            ) from error
