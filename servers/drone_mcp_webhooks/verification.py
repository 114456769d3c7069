"""Verifies that Drone sent a delivery. Pure: no clock, no I/O.

Drone signs the headers `date` and `digest` with the shared secret (harness/drone v2.25.0, `plugin/webhook/webhook.go`;
the scheme is draft-cavage-http-signatures, the digest RFC 3230). Since the signature covers only the digest, the digest
has to be compared with the body too. The path and `X-Drone-Event` are not signed.
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

_FIXED_PARAMETERS = {'keyId="hmac-key"', 'algorithm="hmac-sha256"', 'headers="date digest"'}
_BEGIN, _END = 'signature="', '"'


class DeliveryRefused(Exception):
    """The delivery is not authentic or not readable.

    Attributes:
        reason: a stable word for counters and logs; never text from the request.
        status: the HTTP status of the response.
    """

    def __init__(self, reason: str, status: int = 401) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


def check_head(headers: Mapping[str, str], keys: Iterable[bytes], *, now: float, max_age: float) -> None:
    """Return if Drone signed these headers not long ago; raise `DeliveryRefused` otherwise.

    Args:
        headers: the request's headers by lower-case name.
        keys: the secrets that are valid now; several while a secret is being rotated.
        now: Unix seconds.
        max_age: the largest difference between `Date` and `now`, either way, in seconds; 0: unlimited.
    """
    date, digest, signature = (headers.get(name, "") for name in ("date", "digest", "signature"))
    if not date or not digest or not signature:
        raise DeliveryRefused("unsigned")
    # Compare the base64 text, not the decoded bytes, which several texts can encode (RFC 4648, section 3.5).
    claimed = _read_signature(signature).encode()
    # The receiver decodes header bytes as Latin-1, so this restores them.
    signed = f"date: {date}\ndigest: {digest}".encode("latin-1", "replace")
    right = [base64.b64encode(hmac.digest(key, signed, "sha256")) for key in keys]
    # All keys, so that the time does not reveal which one has matched.
    matches = [hmac.compare_digest(one, claimed) for one in right]
    if not any(matches):
        raise DeliveryRefused("wrong_signature")
    # Against replays: the signature of a recorded delivery stays valid.
    if max_age:
        sent = _parse_date(date)
        if abs(now - sent) > max_age:
            raise DeliveryRefused("too_old" if sent < now else "from_the_future")


def check_body(headers: Mapping[str, str], body: bytes) -> None:
    """Return if `body`, as received, is the one for which the headers accepted by `check_head` were signed."""
    expected = b"SHA-256=" + base64.b64encode(hashlib.sha256(body).digest())
    if not hmac.compare_digest(expected, headers["digest"].encode()):
        raise DeliveryRefused("wrong_digest")


def _read_signature(header: str) -> str:
    """Return the signature from the header, whose other parameters have to equal Drone's, in any order."""
    parts = header.split(",")
    rest = set(parts) - _FIXED_PARAMETERS
    if len(parts) != len(_FIXED_PARAMETERS) + 1 or len(rest) != 1:
        raise DeliveryRefused("unsupported_signature")
    signature = rest.pop()
    if not signature.startswith(_BEGIN) or not signature.endswith(_END):
        raise DeliveryRefused("malformed_signature")
    return signature[len(_BEGIN) : -len(_END)]


@lru_cache(maxsize=16)
def _parse_date(date: str) -> float:
    """Parse an HTTP date (RFC 9110, section 5.6.7); cached, as many deliveries share a second."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        raise DeliveryRefused("malformed_date") from None
