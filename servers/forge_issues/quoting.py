"""Formats what people wrote on the forge for answers: short names, dates, and texts between marks. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeVar

from ci_mcp_kit.answer import View
from ci_mcp_kit.outgoing_text import cleaned, one_line
from ci_mcp_logs.answer_text import size_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from forge_client.models.issues import Label
    from forge_client.models.server import User

V = TypeVar("V", bound=View)

NAME_WIDTH: Final = 40  # characters, as are the others
BRANCH_WIDTH: Final = 80
SHORT_COMMIT: Final = 10  # hexadecimal digits
LARGEST_ANSWER: Final = 2_000  # tokens


def day(moment: datetime | None) -> str:
    """Return the day of a moment, "" where there is none."""
    return f"{moment:%Y-%m-%d}" if moment else ""


def minute(moment: datetime | None) -> str:
    """Return a moment to the minute, with its zone, "" where there is none."""
    return moment.isoformat(timespec="minutes").replace("+00:00", "Z") if moment else ""


def name_labels(labels: Sequence[Label], most: int, width: int = NAME_WIDTH) -> tuple[str, ...]:
    """Return the names of labels, and how many more there are."""
    names = [one_line(label.name, width) for label in labels[:most]]
    more = len(labels) - len(names)
    return (*names, f"{more} more") if more > 0 and names else tuple(names)


def name_users(users: Iterable[User]) -> tuple[str, ...]:
    """Return the logins of users."""
    return tuple(one_line(user.login, NAME_WIDTH) for user in users)


def quote_text(text: str, nonce: str, longest: int) -> str:
    """Return a text that someone wrote, between marks that it cannot know, cut after `longest` characters."""
    whole = cleaned(text.replace("\r\n", "\n")).strip()
    if not whole:
        return ""
    cut = f"\n… (cut, {len(whole)} characters in all)" if len(whole) > longest else ""
    return f"<<<text {nonce}\n{whole[:longest]}{cut}\n{nonce} text>>>"


def find_builds(texts: Iterable[str], server: str, most: int = 5) -> tuple[str, ...]:
    """Return the builds whose pages below the CI server's address are named in texts, as owner/name#number."""
    page = re.compile(
        re.escape(server.rstrip("/")) + r"/([\w.-]{1,100}/[\w.-]{1,100})/([1-9]\d{0,9})(?![\w.-])", re.ASCII
    )
    found = (f"{match[1]}#{match[2]}" for text in texts for match in page.finditer(text))
    return tuple(dict.fromkeys(found))[:most]


def fit(view_of: Callable[[int], V], levels: Sequence[int], budget: int) -> V:
    """Return the view of the first level that keeps to a budget in tokens, else that of the last."""
    views = (view_of(level) for level in levels)
    return next((view for view in views if size_of(view) <= budget), None) or view_of(levels[-1])
