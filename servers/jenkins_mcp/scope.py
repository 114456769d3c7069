"""The jobs that a process may see (`JENKINS_JOBS`). Pure.

A glob is the full name of a job with wildcards: `*` and `?` within the name of one folder or job, `**` for any number
of folders and jobs, none included, so that `team/**` is the folder team and everything in it. A glob that begins with
`!` takes away what it matches, whatever the others say.

Jenkins finds a job by several names, so globs are compared with what these have in common: it ignores case
(jenkinsci/jenkins, core/src/main/java/hudson/util/CaseInsensitiveComparator.java), and finds a branch by its quoted
name as well as by the plain one (seen on Jenkins 2.579).
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ci_mcp_kit.errors import PermissionDenied
from jenkins_mcp.client.service_descriptor import JENKINS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_mcp_http.call import Call
    from jenkins_mcp.client.names import JobName

ANY_DEPTH = "**"
OF_FOLDERS = frozenset({"jobs.list"})
"""Operations that read what a folder contains, which is also allowed where only some of it is in scope."""


class JobScope:
    """The jobs that match one of `globs` and none that begins with `!`; without any of the former, all others."""

    def __init__(self, globs: Iterable[str] = ()) -> None:
        self.globs = tuple(globs)
        self._allowed = [_split(glob) for glob in self.globs if not glob.startswith("!")]
        self._denied = [_split(glob[1:]) for glob in self.globs if glob.startswith("!")]

    def __repr__(self) -> str:
        return f"JobScope({list(self.globs)!r})"

    def sees(self, job: JobName | str) -> bool:
        """Return whether a job is in scope."""
        parts = _split(str(job))
        allowed = not self._allowed or any(_matches(glob, parts) for glob in self._allowed)
        return allowed and not any(_matches(glob, parts) for glob in self._denied)

    def may_contain(self, folder: JobName | str) -> bool:
        """Return whether something in a folder, at whatever depth, can be in scope; the root is ""."""
        parts = _split(str(folder))
        # What is denied as a whole contains nothing: its glob ends with `**` and matches the folder itself.
        if any(glob[-1] == ANY_DEPTH and _matches(glob, parts) for glob in self._denied):
            return False
        # The beginnings of a glob leave something for the rest of the name; the whole glob only if it ends with `**`.
        beginnings = (glob[:length] for glob in self._allowed for length in range(len(glob) + (glob[-1] == ANY_DEPTH)))
        return not self._allowed or any(_matches(beginning, parts) for beginning in beginnings)

    def shows(self, name: str, *, is_container: bool) -> bool:
        """Return whether a job is in scope, or a folder in which something can be."""
        return self.sees(name) or (is_container and self.may_contain(name))

    def check(self, call: Call[Any]) -> None:
        """Refuse a call for a job out of scope, before it leaves.

        A call that concerns no single job passes: its answer is filtered.

        Raises:
            PermissionDenied: the job is out of scope.
        """
        job = call.scope
        if job is None or (self.may_contain(job) if call.operation in OF_FOLDERS else self.sees(job)):
            return
        raise PermissionDenied(
            f"{job or 'The top'} is outside the jobs of this role ({', '.join(self.globs)})",
            next_step="Name a job of this role, or ask the operator to widen JENKINS_JOBS",
            details={"job": job, "rule": "scope"},
            service=JENKINS,
        )


def _split(text: str) -> list[str]:
    return [part if part == ANY_DEPTH else _fold(part) for part in text.split("/")] if text else []


def _fold(part: str) -> str:
    """Return the form that all names of one job or folder have in common."""
    while (plain := unquote(part)) != part:
        part = plain
    # As Java's String.CASE_INSENSITIVE_ORDER compares characters, each by itself: in upper case, then in lower case.
    uppers = (upper if len(upper := character.upper()) == 1 else character for character in part)
    return "".join(character.lower()[:1] for character in uppers)


def _matches(glob: list[str], parts: list[str]) -> bool:
    """Return whether the parts of a glob match those of a name; `**` matches any number of them."""
    # The lengths of the beginnings of the name that the parts of the glob so far can match.
    ends = {0}
    for part in glob:
        if part == ANY_DEPTH:
            ends = set(range(min(ends), len(parts) + 1)) if ends else ends
        else:
            ends = {end + 1 for end in ends if end < len(parts) and fnmatchcase(parts[end], part)}
    return len(parts) in ends
