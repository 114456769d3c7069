"""Reads the words that name a repository and a build. Pure."""

from __future__ import annotations

from typing import Any, Final

from drone_mcp_config.errors import UserError

MOST_DIGITS: Final = 18  # of a build's number, an int64


def read_target(repo: str | None, number: str | None) -> dict[str, Any]:
    """Return the arguments `repo` and `number` of a tool; a number alone is a build of this folder's repository.

    Raises:
        UserError: the second word is no number.
    """
    if number is None and repo is not None and _is_number(repo):
        repo, number = None, repo
    if number is not None and not _is_number(number):
        raise UserError(
            f"{number!r} is not a build number. Give the repository first: drone-mcp COMMAND owner/name 42."
        )
    found = {"repo": repo, "number": None if number is None else int(number)}
    return {name: value for name, value in found.items() if value is not None}


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS
