"""`drone-mcp-config token`: tokens for callers of `serve --roles-from`, and their hashes."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import typer

from drone_mcp_config.clients.atomic_file import SECRET_FILE
from drone_mcp_config.errors import UserError
from drone_mcp_config.serving.callers import CALLER_NAME, SHORTEST, hash_of, new_token


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


def run_many(count: int, pattern: str, role: str, folder: Path) -> None:
    """Print entries of a callers file for `count` callers, and write the token of each to a file of its name.

    Args:
        count: how many callers.
        pattern: their names; `%d` is the number of the caller, from 1 on.
        role: of all of them.
        folder: where the tokens go; created if it is missing. A file that is there stays, and ends the command.

    Raises:
        UserError: the names are wrong, or a file cannot be written; nothing is printed then.
    """
    if pattern.count("%") != 1 or "%d" not in pattern:
        raise UserError(f"--names is {pattern!r}: it takes a name with %d in it, like agent-%d.")
    names = [pattern.replace("%d", str(number)) for number in range(1, count + 1)]
    if not re.fullmatch(CALLER_NAME, names[-1]):
        raise UserError(f"--names makes {names[-1]!r}: a name has up to 64 letters, digits and the signs . _ @ -")
    tokens = {name: new_token() for name in names}
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Before any file is written: a caller may use the token that is there.
        for path in filter(Path.exists, (folder / name for name in names)):
            raise UserError(f"{path} exists already: name another folder, or other names.")
        for name, token in tokens.items():
            with open(folder / name, "x", encoding="utf-8", opener=_private) as file:
                file.write(f"{token}\n")
    except OSError as error:
        raise UserError(f"{error.filename} cannot be written: {error.strerror}.") from error
    typer.echo("callers:")
    for name, token in tokens.items():
        typer.echo(f'  - {{name: {name}, role: {role}, token: "{hash_of(token)}"}}')
    typer.echo(f"Wrote {count} tokens to {folder}, a file for each caller, which only you can read.", err=True)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, SECRET_FILE)
