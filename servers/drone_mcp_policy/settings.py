"""What this server reads from the environment, next to what every server reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - as everywhere in a dataclass
from typing import TYPE_CHECKING

from ci_mcp_kit.variables import SettingsError, read_variables
from drone_mcp_policy.variables import VARIABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drone_mcp_policy.rules import Rules

_SHOWN = 3  # mistakes


@dataclass(frozen=True)
class PolicySettings:
    """Which rules are in force, and which tools the agent has (None: not known)."""

    file: Path | None = None
    tools: frozenset[str] | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> PolicySettings:
        """Read every variable of `VARIABLES`; one that is empty counts as not set.

        Raises:
            SettingsError: a value is wrong, or the rule file has mistakes.
        """
        settings = cls(**read_variables(VARIABLES, environment))
        if settings.file is not None:
            settings.rules()
        return settings

    def rules(self) -> Rules:
        """Read the rules.

        Raises:
            SettingsError: with the first mistakes of the file on one line.
        """
        from ci_mcp_kit.yaml_source import InvalidFile  # noqa: PLC0415 - on first use, to start fast
        from drone_mcp_policy.rules_file import read_rules  # noqa: PLC0415 - likewise

        try:
            return read_rules(self.file)
        except InvalidFile as error:
            told = [str(problem) for problem in error.problems]
            more = f"; {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
            raise SettingsError(
                f"DRONE_MCP_POLICY_RULES is {str(self.file)!r}: it takes the path of a rule file without mistakes "
                f"({'; '.join(told[:_SHOWN])}{more})",
                "DRONE_MCP_POLICY_RULES",
            ) from error
