"""Checks of titles, texts and repositories before a write, and the fencing of texts. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.errors import InvalidInput, PermissionDenied
from forge_client.errors import FORGE
from forge_client.names import is_unicode

if TYPE_CHECKING:
    from forge_client.models.server import Repository

LONGEST_TITLE: Final = 255  # characters: Gitea cuts a longer one, and answers 201
LONGEST_BODY: Final = 65_536  # characters, as on GitHub; Gitea has no limit, and sends bodies whole in every list

_BACKTICKS: Final = re.compile(r"`{3,}")


def check_title(title: str) -> str:
    """Return the title of an issue or a pull request.

    Raises:
        InvalidInput: it is blank, too long, more than one line, or not valid Unicode.
    """
    if "\n" in title or "\r" in title:
        raise InvalidInput("The title has more than one line", next_step="Give one line, and the rest in the text")
    return _check(title, "title", LONGEST_TITLE)


def check_body(body: str) -> str:
    """Return the text of an issue, a pull request or a comment that must not be blank.

    Raises:
        InvalidInput: it is blank, too long or not valid Unicode.
    """
    return _check(body, "text", LONGEST_BODY)


def fence(text: str) -> str:
    """Return a text as a fenced block of Markdown, in which nothing notifies, refers or closes.

    A line of as many backticks as the fence has would end it, and what follows would be live again (CommonMark 0.31.2,
    section 4.5), so the fence is longer than every run of them in the text.
    """
    longest = max((len(run) for run in _BACKTICKS.findall(text)), default=0)
    marks = "`" * max(4, longest + 1)
    return f"{marks}\n{text}\n{marks}"


def check_changeable(repository: Repository) -> None:
    """Check that a repository is not archived, before any write is planned.

    Gitea and Forgejo refuse new issues, comments and pull requests there (423), but take edits and labels.

    Raises:
        PermissionDenied: it is archived.
    """
    if repository.archived:
        raise PermissionDenied(
            f"The repository {repository.full_name} is archived, and nothing in it is to be changed",
            next_step="Leave it as it is, or ask an owner of the repository to unarchive it",
            details={"repo": repository.full_name, "reason": "archived"},
            service=FORGE,
        )


def _check(text: str, what: str, longest: int) -> str:
    # A forge takes a title or comment of blanks.
    if not text.strip():
        raise InvalidInput(f"The {what} is blank")
    if len(text) > longest:
        raise InvalidInput(f"The {what} has {len(text)} characters, and may have {longest}")
    # PostgreSQL keeps no NUL in a text (its manual, "Character Types"), and the forge fails.
    if "\0" in text or not is_unicode(text):
        raise InvalidInput(f"The {what} holds a NUL or is not valid Unicode")
    return text
