"""Finds the secrets in the environment of a process, in variables of ours and of any library. Pure.

Proxies, collectors and stores are addresses that may hold a password, and libraries quote addresses in their errors.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, unquote_plus

from ci_mcp_kit.variables import Secret, unfilled_reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SHORTEST: Final = 6  # characters; a shorter text is more likely a word that turns up elsewhere
LONGEST_NAME: Final = 16  # characters; a longer user without a password is rather a token

# What such a variable is called, without the endings of variables that say where a secret is (TOKEN_FILE, KEY_NAME).
_NAMED = re.compile(
    r"(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|PWD|CREDENTIALS?|COOKIE|(?:API|ACCESS|PRIVATE|SECRET|ACTION|SIGNING|"
    r"ENCRYPTION)_?KEY)S?(?:_[0-9]+)?\Z",
    re.IGNORECASE,
)
_IS_PLACE = re.compile(r"/|[A-Za-z]:\\|\.{1,2}/")
_HEADERS = re.compile(r"HEADERS?\Z", re.IGNORECASE)
# To the last @: a password that should have been escaped may hold any of the characters that end a host.
_CREDENTIALS = re.compile(r"://([^\s,]*)@")
# What stands where a port belongs: the rest of an address whose host was forgotten, or cut off by a slash.
_NO_PORT = re.compile(r"://[^\s/@?#:\[]*:(?![0-9]{1,5}(?:[/?#,]|$))([^\s/@?#,]+)")
_PARAMETER = re.compile(r"[?&;]([A-Za-z_.-]{1,40})=([^&;#\s]+)")
# Where a library that reads such an address takes it apart.
_PIECES = re.compile(r"[:/?#@\[\]]")


def secrets_in(environment: Mapping[str, str]) -> tuple[Secret, ...]:
    """Return the secrets that the variables of an environment hold."""
    found: list[str] = []
    for name, text in environment.items():
        # A reference that nobody filled in is named to the user, who has to set that variable.
        is_reference = unfilled_reference(text) == text
        if _NAMED.search(name) and not _IS_PLACE.match(text) and not is_reference:
            found.append(text.strip())
            found += (part.strip() for part in text.split(","))  # several at once, while one replaces the other
        found += secrets_inside(name, text)
    return tuple(Secret(text) for text in dict.fromkeys(found) if len(text) >= SHORTEST)


def secrets_inside(name: str, text: str) -> Iterator[str]:
    """Yield the secrets in the addresses and headers that a variable holds."""
    if _HEADERS.search(name):
        # The values of `name=value,…`, as OpenTelemetry's variables hold them (percent-encoded).
        for pair in text.split(","):
            value = pair.partition("=")[2].strip()
            for spelling in (value, unquote(value)):
                yield spelling
                yield spelling.rpartition(" ")[2]  # without the scheme, like Bearer
    for match in _CREDENTIALS.finditer(text):
        user, colon, password = match[1].partition(":")
        if colon:
            yield from (password, unquote(password))
            if _PIECES.search(password):
                yield from _PIECES.split(password)
        elif len(user) > LONGEST_NAME:
            yield from (user, unquote(user))
    yield from _NO_PORT.findall(text)
    for parameter, value in _PARAMETER.findall(text):
        if _NAMED.search(parameter):
            yield from (value, unquote_plus(value))
