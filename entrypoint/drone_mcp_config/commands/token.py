"""`drone-mcp-config token`: a token for a caller of `serve --roles-from`, and its hash."""

from __future__ import annotations

import sys

import typer

from drone_mcp_config.errors import UserError
from drone_mcp_config.serving.callers import SHORTEST, hash_of, new_token


def run(*, stdin: bool) -> None:
    """Print a new token, which cannot be recovered later, and its hash; or only the hash of the one on standard input.

    Raises:
        UserError: the token on standard input is too weak.
    """
    if not stdin:
        token = new_token()
        typer.echo(token)
        typer.echo(hash_of(token))
        return
    token = sys.stdin.readline().strip()
    # It is sent as a bearer token, which has no space in it (RFC 6750, section 2.1).
    if len(token) < SHORTEST or not token.isascii() or not token.isprintable() or " " in token:
        raise UserError(f"A token has {SHORTEST} characters or more, drawn at random, and no space.")
    typer.echo(hash_of(token))
