"""The variables of a server that asks a forge and Drone. Standard library only, as `ci_mcp_kit.variables`."""

from __future__ import annotations

from ci_mcp_http import variables as service
from ci_mcp_kit.network_environment import check_network
from ci_mcp_kit.variables import SettingsError, Variable, read_file, read_token, read_variables
from drone_mcp_build.variables import VARIABLES as BUILD_VARIABLES
from drone_mcp_build.variables import read_drone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

FORGE_SERVER = "FORGE_SERVER"
FORGE_TOKEN = "FORGE_TOKEN"  # noqa: S105 - the name of a variable

FORGE_VARIABLES = (
    Variable(
        FORGE_SERVER,
        "forge_server",
        "the address of the forge, like https://gitea.example.com",
        service.server(FORGE_SERVER, "Gitea", FORGE_TOKEN, with_path=True).parse,
    ),
    Variable(
        FORGE_TOKEN,
        "forge_token",
        "an access token from the applications page of the forge's user settings",
        read_token,
        secret=True,
    ),
    Variable(f"{FORGE_TOKEN}_FILE", "forge_token_file", "the path of a file that holds the token", read_file),
)
VARIABLES = (*FORGE_VARIABLES, *BUILD_VARIABLES)


def read_forge(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return field -> value of `VARIABLES`, checked together.

    Raises:
        SettingsError: a value is wrong, an address is missing, or a token is given twice.
    """
    values = read_variables(FORGE_VARIABLES, environment)
    if "forge_server" not in values:
        takes = FORGE_VARIABLES[0].takes
        raise SettingsError(
            f"{FORGE_SERVER} is not set: it takes {takes} ('drone-mcp-config doctor' names the forge of this Drone)",
            FORGE_SERVER,
        )
    if "forge_token" in values and "forge_token_file" in values:
        raise SettingsError(f"{FORGE_TOKEN} and {FORGE_TOKEN}_FILE are both set: keep one of them", FORGE_TOKEN)
    check_network(values["forge_server"], environment)
    return {**read_drone(environment), **values}
