"""The header by which Jenkins knows a user: Basic, with an API token or a password (RFC 7617). Pure.

A bearer token is no error to Jenkins: it takes the request as one of a guest.
"""

from __future__ import annotations

import base64


def basic_header(username: str, token: str) -> tuple[str, str]:
    """Return the header for an API token; a token written USER:TOKEN brings its own user."""
    user, colon, rest = token.partition(":")
    return encoded_header(encode(user, rest) if colon else encode(username, token))


def encoded_header(credentials: str) -> tuple[str, str]:
    """Return the header for credentials that are encoded already."""
    return "Authorization", f"Basic {credentials}"


def encode(username: str, secret: str) -> str:
    """Encode the name of a user with a token or password."""
    return base64.b64encode(f"{username}:{secret}".encode()).decode()
