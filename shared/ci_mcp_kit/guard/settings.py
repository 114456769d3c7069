"""The settings of a guard, read once at the start of a process."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from ci_mcp_kit.secret_files import read_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from pathlib import Path

    from ci_mcp_kit.guard.rules import Rules
    from ci_mcp_kit.variables import Secret

_FIELDS = ("write_token", "write_token_file", "key", "audit")


@dataclass(frozen=True, kw_only=True)
class GuardSettings:
    """The settings of a guard in one process.

    Attributes:
        rules: what is allowed.
        key: signs confirmations and audit lines and seals questions; None: each process signs with its own, and
            audit lines are not signed.
        audit: where audit lines go: a path, "stderr" or the address of a collector.
        agent: who acts, as the process knows it.
    """

    rules: Rules
    write_token: Secret | None = None
    write_token_file: Path | None = None
    key: bytes | None = field(default=None, repr=False)
    audit: str = "stderr"
    agent: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, rules: type[Rules], values: Mapping[str, Any], environment: Mapping[str, str]) -> Self:
        """Return the settings that the values of a guard's variables make (`read_guard`)."""
        # Claude Code names its session in a variable of its own.
        host = environment.get("HOSTNAME", "").strip() or socket.gethostname()
        session = values.get("session") or environment.get("CLAUDE_CODE_SESSION_ID", "").strip()
        named = {"role": values.get("role", ""), "session": session, "pod": values.get("pod", host)}
        agent = {"pid": str(os.getpid()), **{name: value for name, value in named.items() if value}}
        own = {name: values[name] for name in _FIELDS if name in values}
        return cls(rules=rules.of(values), agent=agent, **own)

    def limit_to_tools(self, operation_of: Mapping[str, str], tools: Collection[str] | None) -> Self:
        """Return them without the operations whose tools a role does not offer.

        A tool that is not listed cannot be called; the guard refuses its operation as well, whatever sends the request.

        Args:
            operation_of: tool -> the name of its operation.
            tools: those that are offered; None: all.
        """
        if tools is None:
            return self
        return self.limit_to_operations({operation for name, operation in operation_of.items() if name in tools})

    def limit_to_operations(self, offered: Iterable[str]) -> Self:
        """Return them without the operations that no offered tool has."""
        return replace(self, rules=replace(self.rules, operations=self.rules.operations & frozenset(offered)))

    def secrets(self) -> list[str]:
        """Return what must never leave the process."""
        # Also what the token file holds now: it is redacted from the moment it is rotated.
        held = [self.write_token.reveal()] if self.write_token else []
        if self.write_token_file is not None and (text := read_secret(self.write_token_file)):
            held.append(text)
        return held + ([self.key.decode()] if self.key else [])


def changing_nothing(rules: type[Rules]) -> Callable[[], GuardSettings]:
    """Return a factory of settings that allow no change, as rules without values do: the default of a process."""
    return lambda: GuardSettings(rules=rules())
