"""Collects the secrets that an agent's run was given. They must be neither quoted nor pushed."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from ci_mcp_kit.environment_secrets import secrets_inside
from drone_mcp_config.secret_recognition import names_a_secret

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

SHORTEST = 8  # characters: a shorter one turns up in other text by chance
LARGEST_FILE = 2**16  # bytes
_PASSWORD = re.compile(r"://[^/\s:@]*:(\S+)@")  # in an address; it may hold a slash that should have been escaped


def given_secrets(environment: Mapping[str, str], known: Collection[str]) -> dict[str, str]:
    """Return each secret -> the variable that holds it, the path of its file, or an address that contains it.

    Args:
        environment: of the run.
        known: variables that hold a secret though their names do not show it.
    """
    found: dict[str, str] = {}
    for name, value in environment.items():
        if name in known or (names_a_secret(name) and not _is_word(value)):
            found[value] = name
        base = name.removesuffix("_FILE")
        if base != name and (base in known or names_a_secret(base)):
            found[_content(value)] = name
        found |= dict.fromkeys(_PASSWORD.findall(value), name)
        found |= {secret: name for secret in secrets_inside(name, value) if not _is_word(secret)}
    return {secret: name for secret, name in found.items() if len(secret) >= SHORTEST}


def _is_word(value: str) -> bool:
    """Return whether a value is a word or a number, as in POSTGRES_PASSWORD=postgres, which is in other files, too."""
    return value.isalpha() or value.isdigit()


def _content(path: str) -> str:
    """Return the text of a file of a secret; "" where there is none to read."""
    try:
        # So that a FIFO is not waited for.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            return file.read(LARGEST_FILE).decode(errors="replace").strip()
    except OSError:
        return ""
