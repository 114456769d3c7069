"""The environment variables of every guard. Standard library only, as in `ci_mcp_kit.variables`.

A domain builds its table from these, with names of its own for what is set for each domain; the audit log and the
agent's name are the same for all.
"""

from __future__ import annotations

import os
import re
from urllib.parse import urlsplit

from ci_mcp_kit.variables import SettingsError, Variable, read_file, read_list, read_token, read_word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

SHORTEST_KEY = 32  # characters: 128 bits even where they are hexadecimal digits
_SECONDS = {"m": 60, "h": 3600, "d": 86400}
_TOKEN_FIELDS = ("write_token", "write_token_file")


def mode(name: str) -> Variable:
    """Return the variable that turns changes on."""
    return Variable(name, "mode", "off, dry-run or on", read_word("off", "dry-run", "on"), "off")


def write_token(name: str) -> tuple[Variable, Variable]:
    """Return the variables of the token that may write: NAME, and NAME_FILE with the path of a file that holds it."""
    takes = "the token that changes are made with; only read in mode on"
    return (
        Variable(name, "write_token", takes, read_token, secret=True),
        Variable(f"{name}_FILE", "write_token_file", "the path of a file that holds that token", read_file),
    )


def operations(name: str, names: Iterable[str]) -> Variable:
    """Return the variable that lists the operations that may be used."""
    known = tuple(names)

    def parse(text: str) -> frozenset[str]:
        chosen = read_list(text)
        if not chosen or not set(known).issuperset(chosen):
            raise ValueError
        return frozenset(chosen)

    return Variable(name, "operations", f"names of {', '.join(known)}", parse, "those of the tools offered")


def confirm(name: str, takes: str) -> Variable:
    """Return the variable of the lowest risk that takes a confirmation."""
    return Variable(name, "confirm", takes, read_word("low", "medium", "high"), "medium")


def params(name: str) -> Variable:
    """Return the variable of the parameters that an agent may add to a write."""
    return Variable(
        name, "params", "globs of the parameters that an agent may set; !glob takes away", read_list, "none"
    )


def allow(name: str, field: str, takes: str) -> Variable:
    """Return the variable of something that is refused unless it is allowed."""

    def parse(text: str) -> bool:
        return read_word("refuse", "allow")(text) == "allow"

    return Variable(name, field, f"refuse or allow: {takes}", parse, "refuse")


def rate(name: str, scope: str) -> Variable:
    """Return the variable of the limit on actions; `scope` names one in words: "a repository"."""

    def parse(text: str) -> tuple[int, int]:
        """Read how often, and within how many seconds."""
        match = re.fullmatch(r"(\d{1,4})/([mhd])", text, re.ASCII)
        if not match or not int(match[1]):
            raise ValueError
        return int(match[1]), _SECONDS[match[2]]

    return Variable(name, "rate", f"actions in {scope}, like 10/h (m, h or d)", parse, "10/h")


def signing_key(name: str) -> Variable:
    """Return the variable of the key that signs confirmations and audit lines."""

    def parse(text: str) -> bytes:
        if len(text) < SHORTEST_KEY:
            raise ValueError(f"it has {len(text)}")
        return text.encode()

    takes = f"a random text of {SHORTEST_KEY} characters or more, the same for all replicas"
    return Variable(name, "key", takes, parse, "one of the process's own", secret=True)


def _audit(text: str) -> str:
    if text == "stderr" or os.path.isabs(text):  # noqa: PTH117 - text, to tell a path from a word
        return text
    url = urlsplit(text)
    # No user and password (`@`): the address is shown in errors and in role files.
    if url.scheme not in {"http", "https"} or not url.hostname or "@" in url.netloc:
        raise ValueError
    return text


def _name(text: str) -> str:
    # It is in every audit line, whose length is limited.
    return text[:200]


AUDIT = Variable(
    "DRONE_MCP_AUDIT_LOG", "audit", "an absolute path, stderr, or the http(s) address of a collector", _audit, "stderr"
)
AGENT = (
    Variable("AGENT_ROLE", "role", "the agent's role, for the audit log", _name),
    Variable("SESSION_ID", "session", "the agent's session, for the audit log", _name),
    Variable("POD_NAME", "pod", "the agent's pod, for the audit log", _name, "the host's name"),
)


def secrets_of(variables: Iterable[Variable]) -> tuple[str, ...]:
    """Return the names of a guard's variables that hold a secret or the path of its file."""
    return tuple(variable.name for variable in variables if variable.secret or variable.field in _TOKEN_FIELDS)


def read_guard(
    variables: Iterable[Variable],
    environment: Mapping[str, str],
    *,
    scopes: str,
    example: str,
    needs_token: bool = True,
) -> dict[str, Any]:
    """Return field -> value of a guard's variables; outside of mode `on` the token that may write is not looked at.

    Args:
        variables: the table of the domain.
        environment: where they are read.
        scopes: the field that lists the scopes where something may be changed; mode `on` requires it.
        example: of its value, for the error.
        needs_token: whether the token that may write has to be among the variables; False where it is elsewhere.

    Raises:
        SettingsError: a value is wrong, or mode is `on` and something that it requires is missing.
    """
    table = {variable.field: variable for variable in variables}
    given = {field: text for field, v in table.items() if (text := environment.get(v.name, "").strip())}
    # A token that is not read cannot leak, and a dry run needs none.
    is_on = given.get("mode", "").lower() == "on"
    values = {field: table[field].read(text) for field, text in given.items() if is_on or field not in _TOKEN_FIELDS}
    if not is_on:
        return values
    switch, token = table["mode"].name, table["write_token"].name
    if len(given.keys() & set(_TOKEN_FIELDS)) > 1:
        raise SettingsError(f"{token} and {token}_FILE are both set: keep one of them", token)
    if needs_token and not given.keys() & set(_TOKEN_FIELDS):
        raise SettingsError(f"{switch} is 'on' and {token} is not set: changes need a token", token)
    # No default: "everywhere" would be too much, and nobody sets mode on in order to change nothing.
    if scopes not in given:
        name = table[scopes].name
        raise SettingsError(
            f"{switch} is 'on' and {name} is not set: it takes {table[scopes].takes}, like {example}", name
        )
    return values
