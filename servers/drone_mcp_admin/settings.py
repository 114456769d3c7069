"""The settings of the administration server, read from the environment."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from ci_mcp_kit.guard.settings import GuardSettings, changing_nothing
from ci_mcp_kit.variables import Secret
from drone_mcp_admin.guard.rules import AdminRules
from drone_mcp_admin.guard.secret_sources import Place, find_place, parse_place
from drone_mcp_admin.guard.variables import VARIABLES as GUARD_VARIABLES
from drone_mcp_admin.guard.variables import read_guard
from drone_mcp_admin.values.reading import read_value
from drone_mcp_admin.variables import VARIABLES, read_admin
from drone_mcp_build.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_mcp_kit.variables import Variable


@dataclass(frozen=True, kw_only=True)
class AdminSettings(Settings):
    """How one process reads from Drone, and what it may change there; by default nothing.

    Attributes:
        places: where the values of secrets come from.
        values: the variables that `places` name, with their values.
        token_folder: the folder for new tokens.
        callers: the callers file of `drone-mcp-config serve`.
    """

    variables: ClassVar[tuple[Variable, ...]] = (*VARIABLES, *GUARD_VARIABLES)

    guard: GuardSettings = field(default_factory=changing_nothing(AdminRules))
    places: tuple[Place, ...] = ()
    values: Mapping[str, Secret] = field(default_factory=dict)
    token_folder: Path | None = None
    callers: Path | None = None

    @classmethod
    @override
    def read(cls, environment: Mapping[str, str]) -> dict[str, Any]:
        guard = read_guard(environment)
        places = tuple(map(parse_place, guard.get("secrets", ())))
        named = {place.source for place in places if not place.is_file}
        return {
            **read_admin(environment),
            "guard": GuardSettings.of(AdminRules, guard, environment),
            "places": places,
            "values": {name: Secret(environment[name]) for name in named if environment.get(name)},
            "token_folder": guard.get("token_folder"),
        }

    @override
    def secrets(self) -> list[str]:
        # Also what the files hold now: a value is redacted from the moment it is there.
        found = [self.value_at(place) for place in self.places]
        return super().secrets() + self.guard.secrets() + [value.reveal() for value in found if value]

    def value_at(self, place: Place) -> Secret | None:
        """Return the value at a place as it is now; None where there is none."""
        return read_value(Path(place.source)) if place.is_file else self.values.get(place.source)

    def version_of(self, place: Place) -> str:
        """Return a text that changes whenever the file at a place is written, and says nothing of the value."""
        with suppress(OSError):
            return str(Path(place.source).stat().st_mtime_ns) if place.is_file else ""
        return ""

    def find_place(self, scope: str, name: str) -> Place | None:
        """Return the place of a secret's value, if the operator has named one."""
        return find_place(self.places, scope, name)
