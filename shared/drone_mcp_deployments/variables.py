"""The variables of a process that deploys. Standard library only, as in `ci_mcp_kit.variables`."""

from __future__ import annotations

import re
from typing import NamedTuple

from ci_mcp_kit.guard import variables as guard
from ci_mcp_kit.variables import Variable
from drone_mcp_build.guard.variables import VARIABLES as BUILD_VARIABLES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

PREVIEWS = r"^[1-9][0-9]{0,2}/[1-9][0-9]{0,3}[hd]$"
STOP_PARAMETER = r"^[A-Za-z_][A-Za-z0-9_]{0,99}=[A-Za-z0-9_.-]{1,100}$"
# Drone reads these parameters of a promotion itself (`drone_mcp_client.call_builders`).
_TAKEN = {"target", "access_token"}
_SECONDS = {"h": 3600, "d": 86_400}


class PreviewLimits(NamedTuple):
    """How many previews of a repository may be open at once, and for how many seconds each."""

    most: int
    seconds: int


FIVE_FOR_A_DAY = PreviewLimits(5, 86_400)


def _limits(text: str) -> PreviewLimits:
    if not re.fullmatch(PREVIEWS, text, re.ASCII):
        raise ValueError
    count, _, life = text.partition("/")
    return PreviewLimits(int(count), int(life[:-1]) * _SECONDS[life[-1]])


def _stop_parameter(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    if not re.fullmatch(STOP_PARAMETER, text, re.ASCII) or name in _TAKEN:
        raise ValueError
    return name, value


VARIABLES = (
    *BUILD_VARIABLES,
    Variable(
        "DRONE_MCP_ACTION_PREVIEWS",
        "previews",
        "previews of a repository at once, and how long each lives, like 5/24h (h or d)",
        _limits,
        "5/24h",
    ),
    Variable(
        "DRONE_MCP_ACTION_PREVIEW_STOP",
        "preview_stop",
        "the parameter by which a promotion stops a preview, NAME=value",
        _stop_parameter,
        "PREVIEW_ACTION=stop",
    ),
)


def read_guard(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return field -> value of `VARIABLES`, as `drone_mcp_build.guard.variables.read_guard` does of its own.

    Raises:
        SettingsError: a value is wrong, or mode is `on` and a required value is missing.
    """
    return guard.read_guard(VARIABLES, environment, scopes="repos", example="octo/hello")
