"""The variables of a server that changes builds, next to `ci_mcp_kit.variables`. Standard library only, as there."""

from __future__ import annotations

import os
import re
from urllib.parse import urlsplit

from ci_mcp_kit.variables import (
    SettingsError,
    Variable,
    read_file,
    read_globs,
    read_list,
    read_token,
    read_word,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

WRITE_TOKEN = "DRONE_WRITE_TOKEN"  # noqa: S105 - the name of a variable
SHORTEST_KEY = 32
OPERATION_NAMES = frozenset({"restart", "stop", "approve", "decline"})
_SPAN = {"m": 60, "h": 3600, "d": 86400}


def _operations(text: str) -> frozenset[str]:
    names = read_list(text)
    if not names or not OPERATION_NAMES.issuperset(names):
        raise ValueError
    return frozenset(names)


def _branches(text: str) -> tuple[str, ...]:
    return read_list(text)


def _rate(text: str) -> tuple[int, int]:
    """Return how often, and within how many seconds."""
    match = re.fullmatch(r"(\d{1,4})/([mhd])", text, re.ASCII)
    if not match or not int(match[1]):
        raise ValueError
    return int(match[1]), _SPAN[match[2]]


def _key(text: str) -> bytes:
    if len(text) < SHORTEST_KEY:
        raise ValueError(f"it has {len(text)}")
    return text.encode()


def _sink(text: str) -> str:
    if text == "stderr" or os.path.isabs(text):  # noqa: PTH117 - text, to tell a path from a word
        return text
    url = urlsplit(text)
    if url.scheme not in {"http", "https"} or not url.hostname or "@" in url.netloc:
        raise ValueError
    return text


def _name(text: str) -> str:
    return text[:200]


VARIABLES = (
    Variable("DRONE_MCP_ACTIONS", "mode", "off, dry-run or on", read_word("off", "dry-run", "on"), "off"),
    Variable(
        WRITE_TOKEN,
        "write_token",
        "the token that changes are made with; only read in mode on",
        read_token,
        secret=True,
    ),
    Variable("DRONE_WRITE_TOKEN_FILE", "write_token_file", "the path of a file that holds that token", read_file),
    Variable("DRONE_MCP_ACTION_REPOS", "repos", "globs of the repositories that may be changed", read_globs, "none"),
    Variable(
        "DRONE_MCP_ACTION_OPERATIONS",
        "operations",
        "names of restart, stop, approve, decline",
        _operations,
        "those of the tools offered",
    ),
    Variable(
        "DRONE_MCP_ACTION_BRANCHES",
        "branches",
        "globs of branches whose builds may be touched; !glob takes away",
        _branches,
        "*",
    ),
    Variable(
        "DRONE_MCP_ACTION_TARGETS",
        "targets",
        "globs of environments whose deployments may be touched",
        _branches,
        "none",
    ),
    Variable(
        "DRONE_MCP_ACTION_UNAPPROVED",
        "unapproved",
        "refuse or allow: restarts that pass by an approval",
        read_word("refuse", "allow"),
        "refuse",
    ),
    Variable(
        "DRONE_MCP_ACTION_CONFIRM",
        "confirm",
        "the lowest risk to confirm: low (restart), medium (approve, decline) or high (stop)",
        read_word("low", "medium", "high"),
        "medium",
    ),
    Variable("DRONE_MCP_ACTION_RATE", "rate", "actions in a repository, like 10/h (m, h or d)", _rate, "10/h"),
    Variable(
        "DRONE_MCP_ACTION_KEY",
        "key",
        f"a random text of {SHORTEST_KEY} characters or more, the same for all replicas",
        _key,
        "one of the process's own",
        secret=True,
    ),
    Variable(
        "DRONE_MCP_AUDIT_LOG",
        "audit",
        "an absolute path, stderr, or the http(s) address of a collector",
        _sink,
        "stderr",
    ),
    Variable("AGENT_ROLE", "role", "the agent's role, for the audit log", _name),
    Variable("SESSION_ID", "session", "the agent's session, for the audit log", _name),
    Variable("POD_NAME", "pod", "the agent's pod, for the audit log", _name, "the host's name"),
)

_OF_MODE_ON = ("write_token", "write_token_file")


def read_guard(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of `VARIABLES`; outside of mode `on` the token that may write is not even looked at.

    Raises:
        SettingsError: a value is wrong, or mode is `on` and something is missing for it.
    """
    said = {v.name: text for v in VARIABLES if (text := environment.get(v.name, "").strip())}
    is_on = said.get("DRONE_MCP_ACTIONS", "").lower() == "on"
    values = {
        v.field: v.read(said[v.name]) for v in VARIABLES if v.name in said and (is_on or v.field not in _OF_MODE_ON)
    }
    if is_on:
        _check_complete(values)
    return values


def _check_complete(values: Mapping[str, Any]) -> None:
    tokens = [name for name in _OF_MODE_ON if name in values]
    if len(tokens) > 1:
        raise SettingsError("DRONE_WRITE_TOKEN and DRONE_WRITE_TOKEN_FILE are both set: keep one of them", WRITE_TOKEN)
    if not tokens:
        raise SettingsError(
            "DRONE_MCP_ACTIONS is 'on' and DRONE_WRITE_TOKEN is not set: changes need a token", WRITE_TOKEN
        )
    if "repos" not in values:
        raise SettingsError(
            "DRONE_MCP_ACTIONS is 'on' and DRONE_MCP_ACTION_REPOS is not set: it takes globs of the repositories "
            "that may be changed, like octo/hello",
            "DRONE_MCP_ACTION_REPOS",
        )
