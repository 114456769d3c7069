"""What the environment says about changes, read once at start, beside `drone_mcp_kit.settings`."""

from __future__ import annotations

import contextlib
import os
import re
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from drone_mcp_kit.guard.operations import OPERATIONS, Risk
from drone_mcp_kit.guard.rate import Rate
from drone_mcp_kit.guard.rules import Rules
from drone_mcp_kit.settings import (
    SettingsError,
    Variable,
    read_file,
    read_globs,
    read_list,
    read_token,
    read_word,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydantic import SecretStr

WRITE_TOKEN: Final = "DRONE_WRITE_TOKEN"  # noqa: S105 - the name of a variable
SHORTEST_KEY: Final = 32
_SPAN: Final = {"m": 60, "h": 3600, "d": 86400}


def _operations(text: str) -> frozenset[str]:
    names = read_list(text)
    if not names or not set(names) <= OPERATIONS.keys():
        raise ValueError
    return frozenset(names)


def _branches(text: str) -> tuple[str, ...]:
    return read_list(text)


def _rate(text: str) -> Rate:
    match = re.fullmatch(r"(\d{1,4})/([mhd])", text, re.ASCII)
    if not match or not int(match[1]):
        raise ValueError
    return Rate(int(match[1]), _SPAN[match[2]])


def _risk(text: str) -> Risk:
    return Risk[read_word("low", "medium", "high")(text).upper()]


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


VARIABLES: Final = (
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
        _risk,
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

_RULES = ("mode", "repos", "operations", "branches", "targets", "confirm", "rate")
_OF_MODE_ON = ("write_token", "write_token_file")


@dataclass(frozen=True, kw_only=True)
class GuardSettings:
    """How changes are guarded in one process.

    Attributes:
        key: signs confirmations and audit lines and seals questions; None: each process signs with its own, and
            audit lines are not signed.
        agent: who acts, from the process.
    """

    rules: Rules = field(default_factory=Rules)
    write_token: SecretStr | None = None
    write_token_file: Path | None = None
    key: bytes | None = field(default=None, repr=False)
    audit: str = "stderr"
    agent: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> GuardSettings:
        """Read every variable of `VARIABLES`; one that is empty counts as not set.

        Outside of mode `on` the token that may write is not even looked at.

        Raises:
            SettingsError: a value is wrong, or mode is `on` and something is missing for it.
        """
        said = {v.name: text for v in VARIABLES if (text := environment.get(v.name, "").strip())}
        is_on = said.get("DRONE_MCP_ACTIONS", "").lower() == "on"
        values = {
            v.field: v.read(said[v.name])
            for v in VARIABLES
            if v.name in said and (is_on or v.field not in _OF_MODE_ON)
        }  # fmt: skip
        if is_on:
            _check_complete(values)
        rules = {name: values[name] for name in _RULES if name in values}
        allows = values.get("unapproved") == "allow"
        own = {name: values[name] for name in (*_OF_MODE_ON, "key", "audit") if name in values}
        return cls(rules=Rules(**rules, unapproved=allows), agent=_agent(values, environment), **own)

    def secrets(self) -> list[str]:
        """Return what must never leave the process."""
        held = [self.write_token.get_secret_value()] if self.write_token else []
        if self.write_token_file is not None:
            with contextlib.suppress(OSError):
                held.append(self.write_token_file.read_text(encoding="ascii", errors="replace").strip())
        return held + ([self.key.decode()] if self.key else [])


def _check_complete(values: Mapping[str, Any]) -> None:
    tokens = [name for name in _OF_MODE_ON if name in values]
    if len(tokens) > 1:
        raise SettingsError("DRONE_WRITE_TOKEN and DRONE_WRITE_TOKEN_FILE are both set: keep one of them")
    if not tokens:
        raise SettingsError("DRONE_MCP_ACTIONS is 'on' and DRONE_WRITE_TOKEN is not set: changes need a token")
    if "repos" not in values:
        raise SettingsError(
            "DRONE_MCP_ACTIONS is 'on' and DRONE_MCP_ACTION_REPOS is not set: it takes globs of the repositories "
            "that may be changed, like octo/hello"
        )


def _agent(values: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, str]:
    """Who acts. Claude Code names its session in a variable of its own."""
    host = environment.get("HOSTNAME", "").strip() or socket.gethostname()
    session = values.get("session") or environment.get("CLAUDE_CODE_SESSION_ID", "").strip()
    named = {"role": values.get("role", ""), "session": session, "pod": values.get("pod", host)}
    return {"pid": str(os.getpid()), **{name: value for name, value in named.items() if value}}
