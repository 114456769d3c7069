"""Limits the repositories that this process may see (`DRONE_MCP_REPOS`)."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, TypeVar

from ci_mcp_kit.errors import PermissionDenied

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ci_mcp_http.call import Call

T = TypeVar("T")


class RepoScope:
    """The repositories that match one of `globs`; without globs, all that the token sees.

    A glob is `owner/name`; `*`, `?` and `[…]` work on either side of the slash and never across it. Case counts, as
    it does in Drone.
    """

    def __init__(self, globs: Iterable[str] = ()) -> None:
        self.globs = tuple(globs)
        self._pairs = tuple((owner, name) for owner, _, name in (glob.partition("/") for glob in self.globs))

    def __repr__(self) -> str:
        return f"RepoScope({list(self.globs)!r})"

    def sees(self, slug: str) -> bool:
        """Check whether `slug` ("owner/name") is in scope."""
        if not self.globs:
            return True
        owner, slash, name = slug.partition("/")
        if not slash or "/" in name:
            return False
        # `fnmatchcase`, as `fnmatch` ignores case on Windows. Each side by itself, as `*` matches a slash.
        return any(fnmatchcase(owner, owners) and fnmatchcase(name, names) for owners, names in self._pairs)

    def check(self, slug: str) -> None:
        """Raise `PermissionDenied` where `slug` is out of scope."""
        if not self.sees(slug):
            raise PermissionDenied(
                f"{slug} is outside the repositories of this role ({', '.join(self.globs)})",
                next_step="Name a repository of this role, or ask the author of the role to widen DRONE_MCP_REPOS",
                details={"repo": slug, "rule": "scope"},
            )

    def only(self, items: Iterable[T], slug: Callable[[T], str]) -> list[T]:
        """Return those of `items` whose `slug` is in scope: for answers that concern many repositories."""
        return [item for item in items if self.sees(slug(item))]

    def gate(self, call: Call[Any]) -> None:
        """Refuse a call for a repository out of scope, before it leaves.

        A call that concerns no single repository passes: its answer goes through `only`.
        """
        if call.scope is not None:
            self.check(call.scope)
