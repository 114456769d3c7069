"""The variables of this server. Standard library only, as in `ci_mcp_kit.variables`: they are read before all else."""

from __future__ import annotations

import re

from ci_mcp_http import variables as service
from ci_mcp_kit.guard import variables as guard
from ci_mcp_kit.network_environment import check_network
from ci_mcp_kit.variables import (
    EAGER,
    LOG_FORMAT,
    LOG_LEVEL,
    STATE,
    TOOLS,
    SettingsError,
    Variable,
    read_file,
    read_globs,
    read_list,
    read_number,
    read_token,
    read_word,
)
from drone_mcp_build.variables import ROLE_TOOLS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

DRONE_TOKEN = "DRONE_TOKEN"  # noqa: S105 - the name of a variable


def _read_names(text: str) -> tuple[str, ...]:
    names = read_list(text)
    if not names or not all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", name) for name in names):
        raise ValueError
    return names


def _read_owners(text: str) -> tuple[str, ...]:
    owners = ("*",) if text.strip() == "*" else _read_names(text)
    if len(owners) > 1 and "me" in owners:
        raise ValueError("name yourself, too, in place of me")
    return owners


def _read_parameter(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", text):
        raise ValueError
    return text


def _parameter(name: str, field: str, keeps: str, default: str) -> Variable:
    takes = f"the name of the template parameter that keeps {keeps}"
    return Variable(f"FLEET_{name}_PARAMETER", field, takes, _read_parameter, default)


# In the order in which --help shows them.
VARIABLES = (
    service.server("CODER_URL", "Coder", "CODER_SESSION_TOKEN", with_path=True),
    *service.token("CODER_SESSION_TOKEN", "a session token made with 'coder tokens create'"),
    Variable("FLEET_OWNERS", "owners", "names of the users whose workspaces are agents, me or *", _read_owners, "me"),
    Variable("FLEET_TEMPLATES", "templates", "names of the templates of agents", _read_names, "all that fit"),
    Variable(
        "FLEET_ROLE_SOURCE",
        "role_source",
        "parameter, or template where each role has a template of its own",
        read_word("parameter", "template"),
        "parameter",
    ),
    _parameter("ROLE", "role", "the role", "role"),
    _parameter("PROJECT", "project", "the project", "project"),
    _parameter("TASK", "task", "the task", "ai_prompt"),
    _parameter("PULL_REQUEST", "pull_request", "the pull request", "pull_request"),
    _parameter("STATE", "last_state", "the last state of the task before", "last_state"),
    _parameter("MESSAGE", "last_message", "the last message of the task before", "last_message"),
    Variable("FLEET_APP", "app", "the slug of the application that speaks AgentAPI", _read_parameter, "ai"),
    Variable(
        "FLEET_QUIET_MINUTES",
        "quiet_minutes",
        "minutes from 1 to 1440 without a report after which a working agent counts as silent",
        read_number(1, 1440),
        "10",
    ),
    Variable("DRONE_MCP_REPOS", "repos", "globs of the visible projects, like octo/* acme/web", read_globs, "all"),
    Variable(
        "DRONE_SERVER",
        "drone_server",
        "the address of Drone, like https://drone.example.com, for the builds of agents' pull requests",
        service.server("DRONE_SERVER", "Drone", DRONE_TOKEN).parse,
    ),
    Variable(
        DRONE_TOKEN, "drone_token", "a token from the account page of Drone's user interface", read_token, secret=True
    ),
    Variable(f"{DRONE_TOKEN}_FILE", "drone_token_file", "the path of a file that holds the token", read_file),
    ROLE_TOOLS,
    TOOLS,
    STATE,
    *service.connection("DRONE_MCP_"),
    LOG_LEVEL,
    LOG_FORMAT,
    EAGER,
)

# Here and not in `guard`, whose modules import more than the first answers may load.
OPERATION_NAMES = ("create", "start", "message", "stop", "link", "delete")
GUARD_VARIABLES = (
    guard.mode("FLEET_ACTIONS"),
    *guard.write_token("CODER_WRITE_TOKEN"),
    Variable(
        "FLEET_ACTION_PROJECTS", "projects", "globs of the projects whose agents may be changed", read_globs, "none"
    ),
    guard.operations("FLEET_ACTION_OPERATIONS", OPERATION_NAMES),
    guard.confirm(
        "FLEET_ACTION_CONFIRM",
        "the lowest risk to confirm: low (create, message), medium (start, stop, link) or high (delete, and what "
        "interrupts an agent at work)",
    ),
    guard.rate("FLEET_ACTION_RATE", "a project"),
    guard.signing_key("FLEET_ACTION_KEY"),
    guard.AUDIT,
    *guard.AGENT,
)


def read_fleet(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return field -> value of `VARIABLES`, checked together.

    Raises:
        SettingsError: a value is wrong, the address is missing, or a token is given twice.
    """
    values = service.read_service(VARIABLES, environment)
    if "drone_token" in values and "drone_token_file" in values:
        raise SettingsError(f"{DRONE_TOKEN} and {DRONE_TOKEN}_FILE are both set: keep one of them", DRONE_TOKEN)
    if "drone_server" in values:
        check_network(values["drone_server"], environment)
    return values


def read_guard(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return field -> value of `GUARD_VARIABLES`; outside of mode `on` the token that may write is not looked at.

    Raises:
        SettingsError: a value is wrong, or mode is `on` and something that it requires is missing.
    """
    return guard.read_guard(GUARD_VARIABLES, environment, scopes="projects", example="octo/*")
