"""Did Drone send this? Pure: no clock, no I/O.

Drone signs two headers, `date` and `digest`, with the shared secret (Drone 2.25, `plugin/webhook/webhook.go`). The
digest is of the body, so it must be compared with the body as well, or a signature would vouch for anything. Nothing
else is signed: not the path, not `X-Drone-Event`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_BESIDE_THE_SIGNATURE = {'keyId="hmac-key"', 'algorithm="hmac-sha256"', 'headers="date digest"'}
_BEGIN, _END = 'signature="', '"'


class Refused(Exception):
    """The delivery is not to be believed, or not to be read.

    Attributes:
        reason: a stable word for counters and logs; never anything that the sender wrote.
        status: the HTTP status that says so.
    """

    def __init__(self, reason: str, status: int = 401) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


def verify(headers: Mapping[str, str], body: bytes, keys: Iterable[bytes], *, now: float, max_age: float) -> None:
    """Return if Drone signed exactly this body not long ago; raise `Refused` otherwise.

    Args:
        headers: of the request, looked up by lower-case name.
        body: the bytes as received.
        keys: the secrets that are good now; more than one while a secret is replaced.
        now: Unix seconds.
        max_age: how far `Date` may be from now, either way, in seconds; 0: any.
    """
    date, digest, signature = (headers.get(name, "") for name in ("date", "digest", "signature"))
    if not date or not digest or not signature:
        raise Refused("unsigned")
    _check_signature(_read_signature(signature), f"date: {date}\ndigest: {digest}", keys)
    _check_digest(digest, body)
    if max_age:
        _check_age(date, now, max_age)


def _read_signature(header: str) -> str:
    """Return the signature itself, if the header says what Drone's says; the order of its parts is free."""
    parts = header.split(",")
    rest = set(parts) - _BESIDE_THE_SIGNATURE
    if len(parts) != len(_BESIDE_THE_SIGNATURE) + 1 or len(rest) != 1:
        raise Refused("unsupported_signature")
    signature = rest.pop()
    if not signature.startswith(_BEGIN) or not signature.endswith(_END):
        raise Refused("malformed_signature")
    return signature[len(_BEGIN) : -len(_END)]


def _check_signature(signature: str, signed: str, keys: Iterable[bytes]) -> None:
    # The text is compared, not the bytes it stands for: base64 can spell the same bytes in several ways.
    claimed = signature.encode()
    matches = [hmac.compare_digest(_sign(key, signed), claimed) for key in keys]
    if not any(matches):
        raise Refused("wrong_signature")


def _sign(key: bytes, text: str) -> bytes:
    # Header bytes beyond ASCII come as Latin-1.
    return base64.b64encode(hmac.digest(key, text.encode("latin-1", "replace"), "sha256"))


def _check_digest(digest: str, body: bytes) -> None:
    expected = b"SHA-256=" + base64.b64encode(hashlib.sha256(body).digest())
    if not hmac.compare_digest(expected, digest.encode()):
        raise Refused("wrong_digest")


def _check_age(date: str, now: float, max_age: float) -> None:
    sent = _seconds(date)
    if abs(now - sent) > max_age:
        raise Refused("too_old" if sent < now else "from_the_future")


@lru_cache(maxsize=16)
def _seconds(date: str) -> float:
    """Read an HTTP date; many deliveries share a second."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        raise Refused("malformed_date") from None
