"""The settings of the logs server, read from the environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from drone_mcp_build.settings import Settings
from drone_mcp_logs.variables import VARIABLES, read_logs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_mcp_kit.variables import Variable


@dataclass(frozen=True, kw_only=True)
class LogSettings(Settings):
    """How one process reads from Drone, and which tools its agent has."""

    variables: ClassVar[tuple[Variable, ...]] = VARIABLES

    role_tools: frozenset[str] | None = None
    """Names of all tools that the agent has; None: not known."""

    @classmethod
    @override
    def read(cls, environment: Mapping[str, str]) -> dict[str, Any]:
        return read_logs(environment)
