"""How each client is started with a configuration made for it, without touching the user's own files. Pure.

Where a client can be made to read this file and no other, it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from drone_mcp_config.clients.formats import CLIENTS, ClientName
from drone_mcp_config.errors import CannotExpress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

CONFIG = "DRONE_MCP_CONFIG"  # every command finds the path here
PLACEHOLDER = "{config}"

_PLACE = re.compile(r"(?:\S*[=@])?\{config\}")  # a word of its own, or at the end of one, as in --file=@{config}


@dataclass(frozen=True)
class ClientLaunch:
    """How a client is started with a file. `{config}` stands for its path, `{folder}` for the private folder around it.

    Attributes:
        program: the name of the client's command.
        flags: options to insert before the command's own arguments.
        environment: variables to set for it.
        file: the file's name in the private folder.
        settings: makes further settings for the file, from the names of the servers.
    """

    program: str
    flags: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    file: str = "mcp.json"
    settings: Callable[[Iterable[str]], dict[str, Any]] = lambda _: {}


LAUNCHES: dict[ClientName, ClientLaunch] = {
    # `--mcp-config` takes several files: the flag after it keeps it from taking the user's prompt for another one.
    "claude": ClientLaunch("claude", flags=("--mcp-config", "{config}", "--strict-mcp-config")),
    # Codex keeps everything in this folder, logins too: it wants its key from the environment (CODEX_API_KEY).
    "codex": ClientLaunch("codex", environment={"CODEX_HOME": "{folder}"}, file="config.toml"),
    # Its system settings would win over the project's, but 0.61 reads none below a folder that all may write, like
    # /tmp. In a folder that it does not trust it starts no server at all.
    "gemini": ClientLaunch(
        "gemini",
        environment={"GEMINI_CLI_HOME": "{folder}"},
        file=".gemini/settings.json",
        settings=lambda names: {"mcp": {"allowed": list(names)}, "security": {"folderTrust": {"enabled": False}}},
    ),
    "opencode": ClientLaunch("opencode", environment={"OPENCODE_CONFIG": "{config}"}),
    "goose": ClientLaunch("goose", environment={"GOOSE_PATH_ROOT": "{folder}"}, file="config/config.yaml"),
    "copilot": ClientLaunch("copilot", flags=("--additional-mcp-config", "@{config}")),
}


def launch_of(client: ClientName) -> ClientLaunch:
    """Return how a client is started with a configuration made for it.

    Raises:
        CannotExpress: it reads its own files only.
    """
    launch = LAUNCHES.get(client)
    if launch is None:
        raise CannotExpress(
            f"{CLIENTS[client].title} reads its servers from its own files only, so an agent cannot be run with a "
            f"configuration made for it. Those that can: {', '.join(LAUNCHES)}."
        )
    return launch


def command_with(launch: ClientLaunch, command: Sequence[str], config: Path) -> list[str]:
    """Return a command with the path of its configuration: in place of `{config}`, or else by the client's flags."""
    if has_place(command):
        return [f"{word.removesuffix(PLACEHOLDER)}{config}" if _is_place(word) else word for word in command]
    flags = launch.flags if is_client(launch, command) else ()
    return [command[0], *(flag.replace(PLACEHOLDER, str(config)) for flag in flags), *command[1:]]


def environment_with(launch: ClientLaunch, config: Path, folder: Path) -> dict[str, str]:
    """Return the variables by which a command finds its configuration."""
    given = {
        name: value.replace(PLACEHOLDER, str(config)).replace("{folder}", str(folder))
        for name, value in launch.environment.items()
    }
    return {CONFIG: str(config), **given}


def is_client(launch: ClientLaunch, command: Sequence[str]) -> bool:
    """Return whether a command is the client itself, not a wrapper or another program."""
    return PurePosixPath(command[0]).name == launch.program


def has_place(command: Sequence[str]) -> bool:
    """Return whether a command has a place for the path."""
    return any(_is_place(word) for word in command)


def _is_place(word: str) -> bool:
    return _PLACE.fullmatch(word) is not None
