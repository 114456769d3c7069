"""The callers of a process that serves roles: a file of bearer tokens, each with its role. Pure but for `CallerBook`.

The file holds hashes. The tokens are long and random, so a plain SHA-256 cannot be reversed, and a token is found by
one look-up. The file is read again when it changes: removing a line revokes a token.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import time
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, ValidationError

from ci_mcp_kit.yaml_source import InvalidFile, Kind, read_source
from drone_mcp_config.errors import InvalidRole, UserError
from drone_mcp_config.roles.delegated_servers import RoleChoice
from drone_mcp_config.roles.model import NAME, StrictModel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pydantic_core import ErrorDetails

logger = logging.getLogger(__name__)

CALLER_NAME = r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$"
HASH = r"^sha256:[0-9a-f]{64}$"
SHORTEST = 32  # characters of a token that was made elsewhere: 128 bits in hexadecimal digits
MINUTE = 60.0
_KIND = Kind(file="a file of callers", content="callers", start="callers:")


def new_token() -> str:
    """Draw a token of 256 bits."""
    return f"dmcp_{secrets.token_urlsafe(32)}"


def hash_of(token: str) -> str:
    """Return the hash of a token, as the file holds it."""
    return f"sha256:{hashlib.sha256(token.encode()).hexdigest()}"


class Caller(StrictModel):
    """One entry of the file: a token, and whose it is.

    Attributes:
        name: of the caller in logs and limits; two entries with one name are one caller with two tokens.
        added: servers in addition to those of the role, as the role `ceiling` holds them.
        drone: whose tokens the services of the role are asked with: the role's own, or those that the caller sends.
    """

    name: Annotated[str, Field(pattern=CALLER_NAME)]
    role: Annotated[str, Field(pattern=NAME)]
    added: list[Annotated[str, Field(pattern=NAME)]] = Field(default_factory=list, alias="with", max_length=20)
    ceiling: Annotated[str, Field(pattern=NAME)] = ""
    token: Annotated[str, Field(pattern=HASH)]
    drone: Literal["role", "caller"] = "role"
    per_minute: Annotated[int, Field(ge=1, le=100_000)] = 300

    @property
    def choice(self) -> RoleChoice:
        """The role with what is added to it."""
        return RoleChoice(self.role, tuple(self.added), self.ceiling)


class CallerFile(StrictModel):
    """The file."""

    callers: Annotated[list[Caller], Field(min_length=1)]


class CallerBook:
    """The callers that are let in now.

    A change that cannot be used (no YAML, an unknown role) is logged and otherwise ignored, so that a slip does not
    lock everybody out.

    Args:
        file: the file of callers.
        check_role: raises UserError for a role, with what is added to it, that cannot be used.

    Raises:
        UserError: the file cannot be used.
    """

    def __init__(self, file: Path, check_role: Callable[[RoleChoice], object]) -> None:
        self._file = file
        self._check_role = check_role
        self._stamp = self._look()
        self._callers = self._read()

    @property
    def uses(self) -> set[tuple[RoleChoice, bool]]:
        """The roles that callers have, each with whether a caller of it sends tokens of their own."""
        return {(caller.choice, caller.drone == "caller") for caller in self._callers.values()}

    @property
    def roles(self) -> set[RoleChoice]:
        """The roles that some caller uses with the role's own tokens."""
        return {role for role, has_own_tokens in self.uses if not has_own_tokens}

    def find(self, token: str) -> Caller | None:
        """Return the caller with this token; None if there is none."""
        self._renew()
        return self._callers.get(hash_of(token))

    def _renew(self) -> None:
        stamp = self._look()
        if stamp == self._stamp:
            return
        # Before reading: a file with a mistake is read and logged once, not for every request.
        self._stamp = stamp
        try:
            self._callers = self._read()
        except UserError as error:
            logger.error("The callers stay as they were: %s", error)  # noqa: TRY400 - its text says it all
        else:
            logger.info("Read %d callers again", len(self._callers))

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = self._file.stat()
        except OSError:
            return None
        # The inode, too: Kubernetes replaces a mounted file by another one, perhaps of the same size and time.
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> Mapping[str, Caller]:
        callers = read_callers(self._file)
        for role in {caller.choice for caller in callers.values()}:
            self._check_role(role)
        return callers


def read_callers(file: Path) -> dict[str, Caller]:
    """Read the file, as hash -> caller.

    Raises:
        InvalidRole: every mistake in it, with its line; the message quotes nothing of the file.
    """
    try:
        source = read_source(file, _KIND)
        found = CallerFile.model_validate(source.data)
    except InvalidFile as error:
        raise InvalidRole(error.problems) from error
    except ValidationError as error:
        # From None: pydantic's error quotes the input, where somebody may have put a token.
        raise InvalidRole([source.problem(item["loc"], _describe(item)) for item in error.errors()]) from None
    twice = [i for i, one in enumerate(found.callers) if one.token in {other.token for other in found.callers[:i]}]
    if twice:
        raise InvalidRole([source.problem(("callers", i, "token"), "this token is here twice") for i in twice])
    half = [i for i, one in enumerate(found.callers) if bool(one.added) != bool(one.ceiling)]
    if half:
        message = "'with' and 'ceiling' go together: servers that are added, and the role that holds them"
        raise InvalidRole([source.problem(("callers", i), message) for i in half])
    return {caller.token: caller for caller in found.callers}


def _describe(item: ErrorDetails) -> str:
    if item["loc"][-1:] == ("token",):
        return "'token' takes the hash that `drone-mcp-config token` prints, never the token itself"
    return f"{item['loc'][-1] if item['loc'] else 'the file'!r}: {item['msg']}"


class Limits:
    """Limits the requests of each caller: a token bucket of `per_minute`, which refills evenly over a minute.

    Args:
        clock: gives seconds.
        replicas: how many processes share the callers; each lets an equal part through, so that together they never
            exceed the limit. A shared count would cost every call a round trip to a store.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, replicas: int = 1) -> None:
        self._clock = clock
        self._replicas = replicas
        # Nothing is removed: all names are from the file of callers.
        self._left: dict[str, tuple[float, float]] = {}  # caller -> requests left, and at which time

    def wait(self, caller: Caller) -> float:
        """Count a request; return 0, or the seconds until there may be one."""
        now, part = self._clock(), caller.per_minute / self._replicas
        rate, most = part / MINUTE, max(1.0, part)  # one at once is the least that lets anything through
        left, then = self._left.get(caller.name, (most, now))
        left = min(most, left + (now - then) * rate)
        allowed = left >= 1
        self._left[caller.name] = (left - allowed, now)
        return 0.0 if allowed else (1 - left) / rate
