"""What the environment says about changes, read once at start, next to `ci_mcp_kit.settings`."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ci_mcp_kit.secret_files import read_secret
from drone_mcp_build.guard.operations import Risk
from drone_mcp_build.guard.rate import Rate
from drone_mcp_build.guard.rules import Rules
from drone_mcp_build.guard.variables import read_guard

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ci_mcp_kit.variables import Secret

_RULES = ("mode", "repos", "operations", "branches", "targets")
_OWN = ("write_token", "write_token_file", "key", "audit")


@dataclass(frozen=True, kw_only=True)
class GuardSettings:
    """How changes are guarded in one process.

    Attributes:
        key: signs confirmations and audit lines and seals questions; None: each process signs with its own, and
            audit lines are not signed.
        agent: who acts, from the process.
    """

    rules: Rules = field(default_factory=Rules)
    write_token: Secret | None = None
    write_token_file: Path | None = None
    key: bytes | None = field(default=None, repr=False)
    audit: str = "stderr"
    agent: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> GuardSettings:
        """Read every variable of `VARIABLES`; one that is empty counts as not set.

        Raises:
            SettingsError: a value is wrong, or mode is `on` and something is missing for it.
        """
        values = read_guard(environment)
        rules = {name: values[name] for name in _RULES if name in values}
        if "confirm" in values:
            rules["confirm"] = Risk[values["confirm"].upper()]
        if "rate" in values:
            rules["rate"] = Rate(*values["rate"])
        allows = values.get("unapproved") == "allow"
        own = {name: values[name] for name in _OWN if name in values}
        return cls(rules=Rules(**rules, unapproved=allows), agent=_agent(values, environment), **own)

    def secrets(self) -> list[str]:
        """Return what must never leave the process."""
        held = [self.write_token.reveal()] if self.write_token else []
        if self.write_token_file is not None and (text := read_secret(self.write_token_file)):
            held.append(text)
        return held + ([self.key.decode()] if self.key else [])


def _agent(values: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, str]:
    """Who acts. Claude Code names its session in a variable of its own."""
    host = environment.get("HOSTNAME", "").strip() or socket.gethostname()
    session = values.get("session") or environment.get("CLAUDE_CODE_SESSION_ID", "").strip()
    named = {"role": values.get("role", ""), "session": session, "pod": values.get("pod", host)}
    return {"pid": str(os.getpid()), **{name: value for name, value in named.items() if value}}
