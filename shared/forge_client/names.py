"""Names of repositories, refs and files as they come from callers: checked strictly, before they meet a path. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from ci_mcp_http.call import LONGEST_SEGMENT, quote_input, quote_segment
from ci_mcp_kit.errors import InvalidInput

REPO_SYNTAX: Final = "Give the repository as owner/name, for example octo/hello"
REF_SYNTAX: Final = "Give a branch, a tag or a commit, for example main, v1.0.0 or 0abbfeb5"
LONGEST_PATH: Final = 4000  # characters of a file's path; Linux has 4,096 bytes (PATH_MAX of limits.h)

# What no name of a ref contains (git/git v2.47.0, Documentation/git-check-ref-format.txt, rules 3 to 5, 8 and 10).
_NO_REF: Final = re.compile(r"\.\.|[\x00-\x20\x7f~^:?*\[\\]|@\{|^@$|^-")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_SHA: Final = re.compile(r"[0-9a-fA-F]{4,64}")  # 40 digits of SHA-1 or 64 of SHA-256; git accepts 4 or more of them
_FULL_SHA: Final = re.compile(r"[0-9a-fA-F]{40}(?:[0-9a-fA-F]{24})?")


@dataclass(frozen=True, slots=True, order=True)
class RepoName:
    """A repository. A forge finds it in any case, and answers with the case that it was created with."""

    owner: str
    name: str

    def __str__(self) -> str:
        return f"{self.owner}/{self.name}"


def parse_repo(text: str) -> RepoName:
    """Parse `owner/name`.

    Raises:
        InvalidInput: it is something else.
    """
    try:
        owner, name = text.strip().split("/")
        quote_segment(owner, "owner")
        quote_segment(name, "repository")
    except (InvalidInput, ValueError) as refused:
        raise InvalidInput(f"{quote_input(text)} names no repository", next_step=REPO_SYNTAX) from refused
    return RepoName(owner, name)


def find_repo(location: str) -> RepoName | None:
    """Return the repository of an address below a forge's API, such as that of a redirect; None if it has none."""
    try:
        found = re.search(r"/api/v1/repos/([\w.-]{1,100})/([\w.-]{1,100})(?:/|$)", urlsplit(location).path)
        return parse_repo("/".join(found.groups())) if found else None
    except (InvalidInput, ValueError):
        return None


def is_sha(text: str) -> bool:
    """Tell whether a text can be a commit's hash, whole or shortened."""
    return bool(_SHA.fullmatch(text))


def is_full_sha(text: str) -> bool:
    """Tell whether a text can be a whole hash."""
    return bool(_FULL_SHA.fullmatch(text))


def check_ref(ref: str) -> str:
    """Return a branch, tag or commit.

    Raises:
        InvalidInput: git takes no such name.
    """
    # A part may neither be empty nor begin with a dot nor end in .lock (rules 1 and 6), and the whole not in a dot (7).
    is_wrong = any(not part or part.startswith(".") or part.endswith(".lock") for part in ref.split("/"))
    if is_wrong or ref.endswith(".") or len(ref) > LONGEST_SEGMENT or _NO_REF.search(ref) or not is_unicode(ref):
        raise InvalidInput(f"{quote_input(ref)} is not a branch, tag or commit", next_step=REF_SYNTAX)
    return ref


def check_head(head: str) -> str:
    """Return a head: a ref, or `user:branch` for one in that user's fork.

    Raises:
        InvalidInput: it is neither.
    """
    user, colon, branch = head.partition(":")
    if not colon:
        return check_ref(head)
    try:
        quote_segment(user, "user")
    except InvalidInput as refused:
        raise InvalidInput(f"{quote_input(head)} is not a branch of a user's fork", next_step=REF_SYNTAX) from refused
    return f"{user}:{check_ref(branch)}"


def split_path(path: str) -> tuple[str, ...]:
    """Return the parts of a path from the root of a repository; none for the root itself.

    Raises:
        InvalidInput: a part could lead elsewhere, or no file can have that name.
    """
    parts = tuple(path.strip("/").split("/")) if path.strip("/") else ()
    try:
        for part in parts:
            quote_segment(part, "path")
    except InvalidInput as refused:
        raise _no_path(path) from refused
    if len(path) > LONGEST_PATH:
        raise _no_path(path)
    return parts


def check_filter(text: str) -> str:
    """Return a value by which a list is filtered, "" for none.

    Raises:
        InvalidInput: the forge would take it for no filter, or no request could carry it.
    """
    # Gitea trims what is searched for, and drops it if it holds a NUL (go-gitea/gitea v1.27.3,
    # routers/api/v1/repo/issue.go, ListIssues).
    is_blank = text != "" and not text.strip()
    if is_blank or len(text) > LONGEST_SEGMENT or _CONTROL.search(text) or not is_unicode(text):
        raise InvalidInput(f"A forge cannot filter by {quote_input(text)}", next_step="Give one line of words, or none")
    return text


def _no_path(path: str) -> InvalidInput:
    example = "Give it from the root of the repository, for example src/main.py"
    return InvalidInput(f"{quote_input(path)} is not the path of a file", next_step=example)


def is_unicode(text: str) -> bool:
    """Tell whether a text can be sent: JSON from a client may hold halves of a surrogate pair."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
