"""What the environment says, read once at start: names, limits and one-line errors.

A value that is wrong stops the start. The error names the variable, what it holds (never a secret) and what it takes.
"""

from __future__ import annotations

import contextlib
import math
import re
import sys
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

WRITE_SECRETS = ("DRONE_WRITE_TOKEN", "DRONE_WRITE_TOKEN_FILE", "DRONE_MCP_ACTION_KEY")
"""Variables that only a server that writes reads, and that no process keeps in its environment once it runs."""

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["json", "human"]


class SettingsError(Exception):
    """The environment cannot be right. The text is one line for whoever set it."""


class Settings(BaseModel):
    """How one server process is set up. `Settings.from_environment(os.environ)` is the usual way to get one."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    server: str
    """Address of Drone, without a slash at its end."""
    token: SecretStr | None = None
    token_file: Path | None = None
    """Holds the token instead; read again when it changes."""
    repo: str | None = None
    """The repository ("owner/name") where a call names none."""
    repos: tuple[str, ...] = ()
    """Globs of the repositories that may be seen; empty: all that the token sees."""
    tools: tuple[str, ...] | None = None
    """Names of the tools to offer; None: all."""
    state: str = "memory:"
    timeout: float = 30.0
    """Seconds that one request may take."""
    retries: int = 2
    """Further attempts of a request that may be repeated."""
    max_body: int = 64 * 2**20
    """Bytes that one answer may have."""
    ca_file: Path | None = None
    log_level: LogLevel = "info"
    log_format: LogFormat = "json"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read every variable of `VARIABLES`; one that is empty counts as not set.

        Raises:
            SettingsError: a value is wrong, or DRONE_SERVER is missing.
        """
        values = {v.field: v.read(text) for v in VARIABLES if (text := environment.get(v.name, "").strip())}
        if "server" not in values:
            raise SettingsError(
                "DRONE_SERVER is not set: it takes the address of Drone, like https://drone.example.com"
            )
        if "token" in values and "token_file" in values:
            raise SettingsError("DRONE_TOKEN and DRONE_TOKEN_FILE are both set: keep one of them")
        values.setdefault("log_format", "human" if sys.stderr is not None and sys.stderr.isatty() else "json")
        return cls(**values)

    def secrets(self) -> list[str]:
        """Return what must never leave the process: the token as set, or as its file holds it now."""
        if self.token is not None:
            return [self.token.get_secret_value()]
        if self.token_file is not None:
            with contextlib.suppress(OSError, ValueError), self.token_file.open(encoding="ascii") as file:
                return [file.read(_MAX_TOKEN_FILE).strip()]
        return []


@dataclass(frozen=True)
class Variable:
    """One variable: which field it fills, what it takes, and how its text is read.

    `parse` raises ValueError; its text, if any, is what to say beyond "it takes …".
    """

    name: str
    field: str
    takes: str
    parse: Callable[[str], Any]
    default: str = ""
    secret: bool = False

    def read(self, text: str) -> Any:
        """Return the value that `text` means, or raise `SettingsError`."""
        reference = unfilled_reference(text)
        if reference:
            raise SettingsError(
                f"{self.name} holds a reference that was not filled in ({reference}): set that variable where the "
                f"client is started, or leave {self.name} out"
            )
        try:
            return self.parse(text)
        except ValueError as error:
            reason = f" ({error})" if str(error) else ""
            held = "has a value that cannot be right" if self.secret else f"is {_shown(text)!r}"
            raise SettingsError(f"{self.name} {held}: it takes {self.takes}{reason}") from None


# What clients leave of a variable that is not set, or that they never fill in: `${X}`, `${env:X}`, `{env:X}`, `$X`.
_REFERENCE = re.compile(r"\$\{[^{}]*\}|^\{(?:env|file):[^{}]*\}\Z|^\$[A-Z_][A-Z0-9_]*\Z")
_SHOWN = 80
_MAX_TOKEN_FILE = 4096
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def unfilled_reference(text: str) -> str | None:
    """Return the reference to a variable that a client left in `text` instead of filling it in; None if there is none.

    Linear, and nothing else that `text` holds is in what comes back: it may be a secret, and of a stranger.
    """
    found = _REFERENCE.search(text)
    return _shown(found[0]) if found else None


def _shown(text: str) -> str:
    """Return `text` for an error: on one line, not too long, without a password that a URL holds."""
    line = _CONTROL.sub("?", re.sub(r"(^|//)\S*@", r"\1", text))
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"


def _server(text: str) -> str:
    if "://" not in text:
        host = text.strip("/").rpartition("@")[2]
        raise ValueError(f"did you mean {'http' if _is_local(host) else 'https'}://{_shown(host)}")
    url = urlsplit(text)
    _ = url.port  # raises ValueError where it is no number
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise ValueError
    if url.username or url.password:
        raise ValueError("without a user or password; DRONE_TOKEN says who asks")
    if url.path.strip("/") or url.query or url.fragment:
        raise ValueError(f"without a path; did you mean {url.scheme}://{url.netloc}")
    return f"{url.scheme}://{url.netloc}"


def _is_local(host: str) -> bool:
    name = host.partition(":")[0]
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def read_token(text: str) -> SecretStr:
    """Read a token."""
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("it has a space or a character that no token has")
    return SecretStr(text)


def read_file(text: str) -> Path:
    """Read the path of a file that is there."""
    path = Path(text)
    if not path.is_file():
        raise ValueError("there is no such file")
    return path


def _number(low: float, high: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        value = float(text)
        if not math.isfinite(value) or not low <= value <= high:
            raise ValueError
        return value

    def quiet(text: str) -> float:
        try:
            return parse(text)
        except ValueError:
            raise ValueError from None  # Python's own words add nothing to "it takes"

    return quiet


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"\d{1,15}", text, re.ASCII) or not low <= int(text) <= high:
            raise ValueError
        return int(text)

    return parse


_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}


def _size(text: str) -> int:
    match = re.fullmatch(r"(\d{1,12})([KMG]?)(?:i?B)?", text, re.IGNORECASE | re.ASCII)
    size = int(match[1]) * _UNITS[match[2].upper()] if match else 0
    if not 2**16 <= size <= 2**32:
        raise ValueError
    return size


def read_word(*words: str) -> Callable[[str], str]:
    """Return what reads one of `words`, in any case."""

    def parse(text: str) -> str:
        if text.lower() not in words:
            raise ValueError
        return text.lower()

    return parse


def read_list(text: str) -> tuple[str, ...]:
    """Read words between spaces or commas, each once."""
    return tuple(dict.fromkeys(part for part in re.split(r"[\s,]+", text) if part))


def _tools(text: str) -> tuple[str, ...]:
    names = read_list(text)
    if not names or not all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names):
        raise ValueError
    return names


def read_globs(text: str) -> tuple[str, ...]:
    """Read globs of repositories."""
    globs = read_list(text)
    for glob in globs:
        owner, _, name = glob.partition("/")
        if not owner or not name or "/" in name:
            raise ValueError(f"did you mean {_shown(owner or '*')}/{'*' if not name else _shown(name.split('/')[0])}")
    if not globs:
        raise ValueError
    return globs


def _repo(text: str) -> str:
    if not re.fullmatch(r"[^\s/]+/[^\s/]+", text):
        raise ValueError
    return text


def _state(text: str) -> str:
    if not re.match(r"(?:memory:$|sqlite:///.|rediss?(?:\+sentinel|\+cluster)?://.|unix://.)", text):
        raise ValueError
    return text


VARIABLES = (
    Variable("DRONE_SERVER", "server", "the address of Drone, like https://drone.example.com", _server),
    Variable(
        "DRONE_TOKEN", "token", "a token from the account page of Drone's user interface", read_token, secret=True
    ),
    Variable("DRONE_TOKEN_FILE", "token_file", "the path of a file that holds the token", read_file),
    Variable("DRONE_REPO", "repo", "the repository meant where a call names none, as owner/name", _repo),
    Variable("DRONE_MCP_REPOS", "repos", "globs of the visible repositories, like octo/* acme/web", read_globs, "all"),
    Variable("DRONE_MCP_TOOLS", "tools", "names of the tools to offer", _tools, "all"),
    Variable("DRONE_MCP_STATE", "state", "memory:, sqlite:///path or redis://host", _state, "memory:"),
    Variable("DRONE_MCP_TIMEOUT", "timeout", "seconds from 1 to 600", _number(1, 600), "30"),
    Variable("DRONE_MCP_RETRIES", "retries", "a number from 0 to 10", _whole(0, 10), "2"),
    Variable("DRONE_MCP_MAX_BODY", "max_body", "a size from 64K to 4G, like 64M", _size, "64M"),
    Variable("DRONE_MCP_CA_FILE", "ca_file", "the path of a PEM file of certificate authorities", read_file),
    Variable(
        "DRONE_MCP_LOG_LEVEL",
        "log_level",
        "debug, info, warning or error",
        read_word("debug", "info", "warning", "error"),
        "info",
    ),
    Variable(
        "DRONE_MCP_LOG_FORMAT",
        "log_format",
        "json or human",
        read_word("json", "human"),
        "human on a terminal, else json",
    ),
)
