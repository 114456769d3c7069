"""The settings of a server that changes builds, read from the environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from ci_mcp_kit.guard.settings import GuardSettings, changing_nothing
from drone_mcp_build.guard.rules import BuildRules
from drone_mcp_build.guard.variables import VARIABLES as GUARD_VARIABLES
from drone_mcp_build.guard.variables import read_guard
from drone_mcp_build.settings import Settings
from drone_mcp_build.variables import VARIABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_mcp_kit.variables import Variable


@dataclass(frozen=True, kw_only=True)
class ActionSettings(Settings):
    """How one process reads from Drone, and which changes it may make there; by default it may make no change."""

    variables: ClassVar[tuple[Variable, ...]] = (*VARIABLES, *GUARD_VARIABLES)

    guard: GuardSettings = field(default_factory=changing_nothing(BuildRules))

    @classmethod
    @override
    def read(cls, environment: Mapping[str, str]) -> dict[str, Any]:
        guard = GuardSettings.of(BuildRules, read_guard(environment), environment)
        return {**super().read(environment), "guard": guard}

    @override
    def secrets(self) -> list[str]:
        return super().secrets() + self.guard.secrets()
