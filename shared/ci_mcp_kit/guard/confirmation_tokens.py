"""Confirmation tokens: short-lived proof that a question about one action was asked. Pure.

A token is bound to the fingerprint of an action: the operation, its subject, and the state in which that was read. It
need not be secret, because it confirms nothing else.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.guard.errors import NotConfirmed

if TYPE_CHECKING:
    from ci_mcp_kit.guard.protocols import Action

LIFE: Final = 300  # seconds that a person has to read the question and to answer
LONGEST: Final = 400  # characters; ours have some 120, and whatever is longer is not decoded


def derived(key: bytes, purpose: str) -> bytes:
    """Return a key for one purpose: a signature for one is not valid for another."""
    return hmac.digest(key, f"drone-mcp/{purpose}".encode(), hashlib.sha256)


@dataclass(frozen=True, slots=True)
class Question:
    """A question that was asked: its number, the action that it is about, and its end in Unix time."""

    number: str
    fingerprint: str
    ends: int


def mint(key: bytes, action: Action, number: str, now: float) -> str:
    """Return the token of a question about `action`; `number` is random and used once."""
    body = json.dumps([number, action.fingerprint, int(now) + LIFE], separators=(",", ":")).encode()
    return f"{_text(body)}.{_text(hmac.digest(key, body, hashlib.sha256))}"


def check(key: bytes, token: str, action: Action, now: float) -> Question:
    """Read a token that `mint` wrote for this action.

    Raises:
        NotConfirmed: it is none of ours, of another action or an earlier state, or too old.
    """
    question = _read(key, token)
    if question is None:
        raise NotConfirmed("That is not a confirmation of this server", next_step=AGAIN)
    if not hmac.compare_digest(question.fingerprint, action.fingerprint):
        raise NotConfirmed("The confirmation is for something else, or its subject has moved on since", next_step=AGAIN)
    if now >= question.ends:
        raise NotConfirmed(f"The confirmation is older than {LIFE} seconds", next_step=AGAIN)
    return question


AGAIN: Final = "Call again without confirmation; the answer holds the question to put, and a new confirmation"


def _read(key: bytes, token: str) -> Question | None:
    body, dot, signature = token.partition(".")
    if not dot or len(token) > LONGEST or not token.isascii():
        return None
    try:
        data = _bytes(body)
        if not hmac.compare_digest(_bytes(signature), hmac.digest(key, data, hashlib.sha256)):
            return None
    except (ValueError, binascii.Error):
        return None
    # Parsed only now that the signature holds: the text is ours, so it needs no further checks.
    return Question(*json.loads(data))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    # Without `validate` characters outside the alphabet are skipped, and many texts would be the same token (RFC 4648,
    # section 3.3).
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
