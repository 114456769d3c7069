"""Drone as the command line knows it: `--server`, `--repo`, `--token-file` and `--own-token` are about it.

Every other service is known by what the manifests of its servers say, and set up by variables alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_mcp_kit.variables import SettingsError
from drone_mcp_build.scope import RepoScope
from drone_mcp_build.settings import Settings
from drone_mcp_client.errors import DRONE, InvalidInput
from drone_mcp_client.name_parsing import parse_repo
from drone_mcp_config.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME = DRONE.name
ADDRESS = DRONE.address
TOKEN = DRONE.token
TOKEN_FILE = f"{TOKEN}_FILE"
REPO = DRONE.default
SCOPE = DRONE.scope


def read_address(text: str) -> str:
    """Return an address of Drone as its servers read it.

    Raises:
        UserError: it is none.
    """
    try:
        return Settings.from_environment({ADDRESS: text}).server
    except SettingsError as error:
        raise UserError(f"{error}.") from error


def read_repo(text: str) -> str:
    """Return a repository, `owner/name`, as the servers read it.

    Raises:
        UserError: it is none.
    """
    try:
        return parse_repo(text).slug
    except InvalidInput as error:
        raise UserError(f"{error.message}. {error.next_step}.") from error


def is_in_scope(repo: str, globs: Sequence[str]) -> bool:
    """Return whether the `repos` of a role let its agent see a repository."""
    return RepoScope(tuple(globs)).sees(repo)
