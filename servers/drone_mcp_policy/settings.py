"""The settings of the policy server, read from the environment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - as everywhere in a dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from typing_extensions import override

from ci_mcp_kit.variables import read_variables
from drone_mcp_build.settings import Settings
from drone_mcp_build.variables import VARIABLES as BUILD_VARIABLES
from drone_mcp_policy.variables import VARIABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_mcp_kit.variables import Variable
    from drone_mcp_policy.rules import Rules


@dataclass(frozen=True, kw_only=True)
class PolicySettings(Settings):
    """How one process reads from Drone, and the rules that are in force."""

    variables: ClassVar[tuple[Variable, ...]] = (*BUILD_VARIABLES, *VARIABLES)

    rules_file: Path | None = None
    """None: the rules that come with the server."""
    role_tools: frozenset[str] | None = None
    """Names of all tools that the agent has; None: not known."""

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
            settings.rules()
        return settings

    @classmethod
    @override
    def read(cls, environment: Mapping[str, str]) -> dict[str, Any]:
        return {**super().read(environment), **read_variables(VARIABLES, environment)}

    def rules(self) -> Rules:
        """Read the rules.

        Raises:
            SettingsError: with the first mistakes of the file on one line.
        """
        from ci_mcp_kit.yaml_source import InvalidFile  # noqa: PLC0415 - on first use, to start fast
        from drone_mcp_policy.rules_file import read_rules  # noqa: PLC0415 - likewise

        try:
            return read_rules(self.rules_file)
        except InvalidFile as error:
            raise error.as_settings_error(
                "DRONE_MCP_POLICY_RULES", self.rules_file, "the path of a rule file"
            ) from error
