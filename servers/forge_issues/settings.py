"""The settings of the issues server, read from the environment."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from ci_mcp_kit.guard.settings import GuardSettings, changing_nothing
from forge_access.guard_variables import VARIABLES as GUARD_VARIABLES
from forge_access.guard_variables import read_guard
from forge_access.settings import ForgeSettings
from forge_access.variables import VARIABLES
from forge_client.errors import FORGE_WRITES
from forge_issues.guard.rules import ForgeRules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_mcp_kit.variables import Variable
    from forge_client.options import ForgeOptions


@dataclass(frozen=True, kw_only=True)
class IssueSettings(ForgeSettings):
    """How one process reaches the forge and Drone, and what it may write on the forge; by default nothing."""

    variables: ClassVar[tuple[Variable, ...]] = (*VARIABLES, *GUARD_VARIABLES)

    guard: GuardSettings = field(default_factory=changing_nothing(ForgeRules))

    @classmethod
    @override
    def read(cls, environment: Mapping[str, str]) -> dict[str, Any]:
        guard = GuardSettings.of(ForgeRules, read_guard(environment), environment)
        return {**super().read(environment), "guard": guard}

    @override
    def secrets(self) -> list[str]:
        return super().secrets() + self.guard.secrets()

    def writer_options(self) -> ForgeOptions:
        """Return how to write on the forge: with the token that may write, each request once."""
        held = self.guard.write_token.reveal() if self.guard.write_token else None
        return replace(
            self.forge_options(),
            service=FORGE_WRITES,
            token=held,
            token_file=self.guard.write_token_file,
            # A request that got no answer may have had its effect, and a second comment is one too many.
            retries=0,
        )
