"""Run the Jenkins server: `python -m jenkins_mcp`. It imports only the modules that the first answers need."""

from __future__ import annotations

import os
import sys

from ci_mcp_kit.front.start import start
from ci_mcp_kit.variables import read_variables
from jenkins_mcp.guard.variables import check_writer, read_guard
from jenkins_mcp.variables import CONFIG, PROCESS, read_one

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def read_jenkins(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of the variables of this server; the configuration file is checked where one is named.

    Raises:
        SettingsError: a value is wrong, or one is missing.
    """
    if environment.get(CONFIG, "").strip():
        from jenkins_mcp.settings import JenkinsSettings  # noqa: PLC0415 - few name a file; it takes some 40 ms

        settings = JenkinsSettings.from_environment(environment)
        return {"eager": settings.eager, "surface_fits": not settings.are_several}
    one, guard = read_one(environment), read_guard(environment)
    check_writer(guard, one.get("username"))
    return read_variables(PROCESS, environment)


def take_config(arguments: list[str], environment: dict[str, str]) -> None:
    """Move the option `--config FILE` from the arguments into the environment, which every part of the server reads."""
    for index, argument in enumerate(arguments):
        option, equals, file = argument.partition("=")
        if option == "--config" and (equals or arguments[index + 1 :]):
            environment[CONFIG] = file if equals else arguments[index + 1]
            del arguments[index : index + (1 if equals else 2)]
            return


def main() -> None:
    """Serve over stdin and stdout, or do what the arguments say."""
    take_config(sys.argv, os.environ)  # type: ignore[arg-type]  # a mapping that sets variables
    start("jenkins_mcp", read_jenkins)


if __name__ == "__main__":
    main()
