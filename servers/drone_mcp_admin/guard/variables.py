"""The variables of the guard of administration. Standard library only, as in `ci_mcp_kit.variables`."""

from __future__ import annotations

import os
import re

from ci_mcp_kit.guard import variables as guard
from ci_mcp_kit.variables import Variable, read_list
from drone_mcp_admin.guard.secret_sources import parse_place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

# Repeated from `action.OPERATIONS`, whose module imports more than the standard library.
OPERATION_NAMES = (
    *("update_repo", "enable_repo", "disable_repo", "chown_repo", "repair_repo", "sync_repos", "purge_builds"),
    *("set_secret", "delete_secret", "set_cron", "delete_cron", "run_cron", "set_template", "delete_template"),
    *("create_user", "update_user", "delete_user", "rotate_token", "pause_queue", "resume_queue"),
)
# No quote in front: as in `ci_mcp_kit.guard.spec`.
SCOPE = r"(?:org:[^\s,!${}/:]+|[^\s,!${}/:'\"`\u201c][^\s,!${}/:]*/[^\s,!${}/:]+|server)"


def _scopes(text: str) -> tuple[str, ...]:
    scopes = read_list(text)
    for scope in scopes:
        if not re.fullmatch(SCOPE, scope):
            raise ValueError(f"{scope!r} is none of owner/name, org:NAMESPACE and server")
    if not scopes:
        raise ValueError
    return scopes


def _places(text: str) -> tuple[str, ...]:
    # Checked here, so that a mistake ends the start and not the first call; the settings read them again.
    texts = read_list(text)
    for each in texts:
        parse_place(each)
    return texts


def _folder(text: str) -> Path:
    from pathlib import Path  # noqa: PLC0415 - most processes name no folder

    path = Path(text)
    if not os.path.isabs(text) or not path.is_dir() or path.is_symlink():  # noqa: PTH117 - as in `ci_mcp_kit`
        raise ValueError("there is no such folder")
    return path


VARIABLES = (
    guard.mode("DRONE_MCP_ADMIN"),
    *guard.write_token("DRONE_WRITE_TOKEN"),
    Variable(
        "DRONE_MCP_ADMIN_SCOPES",
        "scopes",
        "what may be changed: repositories as owner/name with *, namespaces as org:NAME, and server for users and "
        "the queue",
        _scopes,
        "nothing",
    ),
    guard.operations("DRONE_MCP_ADMIN_OPERATIONS", OPERATION_NAMES),
    Variable(
        "DRONE_MCP_ADMIN_SECRETS",
        "secrets",
        "where the values of secrets come from, like octo/*/NPM_TOKEN=/run/secrets/npm or org:octo/KEY=VARIABLE",
        _places,
        "a person enters them on a page of this machine, in a client that can open one",
    ),
    Variable(
        "DRONE_MCP_ADMIN_TOKEN_FOLDER",
        "token_folder",
        "the absolute path of a folder for new tokens, each a file LOGIN.token that only its owner can read",
        _folder,
        "tokens are neither made nor renewed",
    ),
    guard.allow(
        "DRONE_MCP_ADMIN_TRUSTED", "trusted", "repositories that are trusted: their steps may control the host"
    ),
    guard.allow("DRONE_MCP_ADMIN_ADMINS", "admins", "new system administrators"),
    guard.confirm(
        "DRONE_MCP_ADMIN_CONFIRM",
        "the lowest risk to confirm: low (repair, sync, run a job), medium (settings, secrets, jobs, templates, "
        "resume) or high (whatever removes, revokes, stops or opens something)",
    ),
    guard.rate("DRONE_MCP_ADMIN_RATE", "a repository, a namespace or the server"),
    # The same as for builds, so that all servers of Drone can sign one audit file.
    guard.signing_key("DRONE_MCP_ACTION_KEY"),
    guard.AUDIT,
    *guard.AGENT,
)


def read_guard(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return field -> value of `VARIABLES`; the token that may write is read in mode `on` only.

    Raises:
        SettingsError: a value is wrong, or mode is `on` and a required value is missing.
    """
    return guard.read_guard(VARIABLES, environment, scopes="scopes", example="octo/* org:octo server")
