"""Run the policy server: `python -m drone_mcp_policy`. It imports only the modules that the first answers need."""

from __future__ import annotations

from ci_mcp_kit.front.start import start
from ci_mcp_kit.variables import read_variables
from drone_mcp_build.variables import read_drone
from drone_mcp_policy.variables import VARIABLES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def read_policy(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of the variables of this server, whose rule file is checked where one is named.

    Raises:
        SettingsError: a value is wrong, or the rule file has mistakes.
    """
    values = read_variables(VARIABLES, environment)
    if "rules_file" in values:
        from drone_mcp_policy.settings import PolicySettings  # noqa: PLC0415 - few name a file; it takes some 40 ms

        PolicySettings.from_environment(environment)
    return values


def main() -> None:
    """Serve over stdin and stdout, or do what the arguments say."""
    start("drone_mcp_policy", read_drone, read_policy)


if __name__ == "__main__":
    main()
