"""The settings of a process that deploys, read from the environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, cast

from typing_extensions import override

from ci_mcp_kit.guard.settings import GuardSettings, changing_nothing
from drone_mcp_build.guard.settings import ActionSettings
from drone_mcp_build.variables import VARIABLES as READ_VARIABLES
from drone_mcp_deployments.rules import DeployRules
from drone_mcp_deployments.variables import VARIABLES, read_guard

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_mcp_kit.variables import Variable


@dataclass(frozen=True, kw_only=True)
class DeploySettings(ActionSettings):
    """How one process reads from Drone, and which deployments it may make; by default it makes none."""

    variables: ClassVar[tuple[Variable, ...]] = (*READ_VARIABLES, *VARIABLES)

    guard: GuardSettings = field(default_factory=changing_nothing(DeployRules))

    @classmethod
    @override
    def read(cls, environment: Mapping[str, str]) -> dict[str, Any]:
        guard = GuardSettings.of(DeployRules, read_guard(environment), environment)
        return {**super().read(environment), "guard": guard}

    @property
    def rules(self) -> DeployRules:
        """The rules of its guard."""
        return cast("DeployRules", self.guard.rules)  # `read` and the default make no other
