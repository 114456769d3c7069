"""Reads environment variables and words the errors about them. Standard library only.

A server reads its variables before it has loaded anything else (`ci_mcp_kit.front`). So the `variables` modules import
neither pydantic nor `typing` nor `dataclasses`, which would take longer than the rest of that start. Rules about
several values are in the `settings` modules.

The error for a wrong value names the variable, its value (unless it is secret) and the values that it takes.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path
    from typing import Any


class SettingsError(Exception):
    """The environment is wrong. The text is one line for the person who has set it.

    Attributes:
        variable: the name of the variable that is wrong or missing; "" if it is not about one.
    """

    def __init__(self, message: str, variable: str = "") -> None:
        super().__init__(message)
        self.variable = variable


class Secret:
    """A text that only `reveal()` returns; a repr, an error or a log does not show it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(****)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)


class Variable:
    """The declaration of an environment variable.

    Attributes:
        name: its name.
        field: the name of its value in the settings.
        takes: a description of the values that it takes, for people.
        parse: reads its text. Raises ValueError, whose text, if any, is added to "it takes ...".
        default: a description of its default, for people.
        secret: whether its value must never be shown.
    """

    __slots__ = ("default", "field", "name", "parse", "secret", "takes")

    def __init__(
        self,
        name: str,
        field: str,
        takes: str,
        parse: Callable[[str], Any],
        default: str = "",
        *,
        secret: bool = False,
    ) -> None:
        self.name = name
        self.field = field
        self.takes = takes
        self.parse = parse
        self.default = default
        self.secret = secret

    def read(self, text: str) -> Any:
        """Return the value of `text`.

        Raises:
            SettingsError: it is not valid.
        """
        reference = unfilled_reference(text)
        if reference:
            raise SettingsError(
                f"{self.name} holds a reference that was not filled in ({reference}): set that variable where the "
                f"client is started, or leave {self.name} out",
                self.name,
            )
        if is_quoted(text):
            raise SettingsError(
                f"{self.name} has quotes around its value, which env files keep: leave them out", self.name
            )
        try:
            return self.parse(text)
        except ValueError as error:
            reason = f" ({error})" if str(error) else ""
            held = "has a value that cannot be right" if self.secret else f"is {show(text)!r}"
            raise SettingsError(f"{self.name} {held}: it takes {self.takes}{reason}", self.name) from None


def read_variables(variables: Iterable[Variable], environment: Mapping[str, str]) -> dict[str, Any]:
    """Return field -> value of every variable that is set; an empty one counts as not set.

    Raises:
        SettingsError: a value is wrong.
    """
    return {v.field: v.read(text) for v in variables if (text := environment.get(v.name, "").strip())}


def read_process(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of `PROCESS_VARIABLES`.

    Raises:
        SettingsError: a value is wrong.
    """
    return read_variables(PROCESS_VARIABLES, environment)


def read_tools(environment: Mapping[str, str]) -> tuple[str, ...] | None:
    """Return the tools that DRONE_MCP_TOOLS allows; None: all.

    Raises:
        SettingsError: its value is wrong.
    """
    allowed: tuple[str, ...] | None = read_variables([TOOLS], environment).get("tools")
    return allowed


def offered_tools(known: Iterable[str], allowed: Iterable[str] | None) -> list[str]:
    """Return the `known` tools that are allowed; None allows all.

    An allow-list that names none of them is wrong (`refuse_unknown_tools`). Then all are listed, and each call fails
    with the reason.
    """
    kept = [name for name in known if allowed is None or name in allowed]
    return kept or list(known)


def refuse_unknown_tools(server: str, known: Iterable[str], allowed: Iterable[str] | None) -> None:
    """Check that a server has every tool that DRONE_MCP_TOOLS names.

    Raises:
        SettingsError: it lacks one.
    """
    names = list(known)
    for name in allowed or ():
        if name not in names:
            from ci_mcp_kit.suggesting import find_nearest  # noqa: PLC0415 - only an error needs it

            near = find_nearest(name, names)
            hint = f"did you mean {near}? " if near else ""
            raise SettingsError(
                f"DRONE_MCP_TOOLS names {name!r}, which {server} does not have: {hint}it has {', '.join(names)}",
                "DRONE_MCP_TOOLS",
            )


def unfilled_reference(text: str) -> str | None:
    """Return the reference to a variable that a client has left in `text` unfilled, or None.

    Clients leave it where the variable is not set, or if they fill in no references at all. This takes linear time, and
    returns nothing else of `text`, which may be a secret of a stranger.
    """
    found = _REFERENCE.search(text)
    return show(found[0]) if found else None


_REFERENCE = re.compile(r"\$\{[^{}]*\}|^\{(?:env|file):[^{}]*\}\Z|^\$[A-Z_][A-Z0-9_]*\Z")
_SHOWN = 80  # characters
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def show(text: str) -> str:
    """Return `text` for an error: on one line, not too long, without the password of a URL."""
    # The user and password of a URL go even if the rest is no URL; so do a query, and what is no port after a colon.
    bare = re.sub(r"(?s)(://[^?]*\?).*", r"\1…", re.sub(r"(?s)(^|//).*@", r"\1", text))
    line = _CONTROL.sub("?", re.sub(r"(?s)(//[^\s/]*?:)(?!\d{1,5}(?:[/?#]|$)|[^/]*\]).*", r"\1…", bare))
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"


_QUOTES = {'"': '"', "'": "'", "`": "`", "\N{LEFT DOUBLE QUOTATION MARK}": "\N{RIGHT DOUBLE QUOTATION MARK}"}


def is_quoted(text: str) -> bool:
    """Return whether quotes surround `text`: a shell removes them, `docker run --env-file` and systemd units do not."""
    return len(text) > 1 and _QUOTES.get(text[0]) == text[-1]


def token_fault(text: str) -> str:
    """Return the fault of a token, "" if there is none, without showing any of it."""
    if is_quoted(text):
        return "has quotes around it, which env files keep"
    if unfilled_reference(text):
        return "is a reference that was not filled in"
    if text[:7].lower() == "bearer ":
        return 'begins with "Bearer ", which is added to each request'
    if "\n" in text or "\r" in text:
        return "has a line end in it"
    if not text.isascii() or not text.isprintable() or " " in text or text[:1] in _QUOTES or text[-1:] in _QUOTES:
        return "has a space, a quote or a character that no token has"
    return ""


def read_token(text: str) -> Secret:
    """Read a token."""
    fault = token_fault(text)
    if fault:
        raise ValueError(f"it {fault}")
    return Secret(text)


def read_file(text: str) -> Path:
    """Read the path of an existing file."""
    from pathlib import Path  # noqa: PLC0415 - most processes name no file

    path = Path(text)
    if not path.is_file():
        raise ValueError("there is no such file")
    return path


def read_number(low: float, high: float) -> Callable[[str], float]:
    """Return a reader of numbers from `low` to `high`."""

    def parse(text: str) -> float:
        value = float(text)
        if not low <= value <= high:  # false for nan, too
            raise ValueError
        return value

    def quiet(text: str) -> float:
        try:
            return parse(text)
        except ValueError:
            raise ValueError from None  # Python's own text adds nothing to "it takes"

    return quiet


def read_whole(low: int, high: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from `low` to `high`."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"\d{1,15}", text, re.ASCII) or not low <= int(text) <= high:
            raise ValueError
        return int(text)

    return parse


_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}


def read_size(text: str) -> int:
    """Read a size from 64K to 4G, in bytes."""
    match = re.fullmatch(r"(\d{1,12})([KMG]?)(?:i?B)?", text, re.IGNORECASE | re.ASCII)
    size = int(match[1]) * _UNITS[match[2].upper()] if match else 0
    if not 2**16 <= size <= 2**32:
        raise ValueError
    return size


def read_word(*words: str) -> Callable[[str], str]:
    """Return a reader of one of `words`, in any case."""

    def parse(text: str) -> str:
        if text.lower() not in words:
            raise ValueError
        return text.lower()

    return parse


def read_list(text: str) -> tuple[str, ...]:
    """Read words separated by spaces or commas, without duplicates."""
    return tuple(dict.fromkeys(part for part in re.split(r"[\s,]+", text) if part))


def _flag(text: str) -> bool:
    return read_word("0", "1")(text) == "1"


def _tools(text: str) -> tuple[str, ...]:
    names = read_list(text)
    if not names or not all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names):
        raise ValueError
    return names


def read_globs(text: str) -> tuple[str, ...]:
    """Read glob patterns of repositories."""
    globs = read_list(text)
    for glob in globs:
        owner, _, name = glob.partition("/")
        if not owner or not name or "/" in name:
            raise ValueError(f"did you mean {show(owner or '*')}/{'*' if not name else show(name.split('/')[0])}")
    if not globs:
        raise ValueError
    return globs


def _state(text: str) -> str:
    from ci_mcp_kit.store_address import check_store_address  # noqa: PLC0415 - few processes have a store

    return check_store_address(text)


TOOLS = Variable("DRONE_MCP_TOOLS", "tools", "names of the tools to offer", _tools, "all")
# Secret, because the address of Redis may hold a password.
STATE = Variable("DRONE_MCP_STATE", "state", "memory:, sqlite:///path or redis://host", _state, "memory:", secret=True)
LOG_LEVEL = Variable(
    "DRONE_MCP_LOG_LEVEL",
    "log_level",
    "debug, info, warning or error",
    read_word("debug", "info", "warning", "error"),
    "info",
)
LOG_FORMAT = Variable(
    "DRONE_MCP_LOG_FORMAT", "log_format", "json or human", read_word("json", "human"), "human on a terminal, else json"
)
EAGER = Variable("DRONE_MCP_EAGER", "eager", "1 to load right after the lists, 0 to load at the first call", _flag, "0")
PROCESS_VARIABLES = (TOOLS, STATE, LOG_LEVEL, LOG_FORMAT, EAGER)
"""The variables that every server process reads."""
