"""Limits the services that this process may see or change, by globs of node/service. Pure."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from ci_mcp_kit.errors import PermissionDenied
from drone_mcp_nodes.service_descriptor import NODES

if TYPE_CHECKING:
    from collections.abc import Iterable


class ServiceScope:
    """The services that match one of `globs`; without globs, all that the token sees.

    `*`, `?` and `[…]` work on either side of the slash and never across it.
    """

    def __init__(self, globs: Iterable[str] = ()) -> None:
        self.globs = tuple(globs)
        self._pairs = tuple((node, name) for node, _, name in (glob.partition("/") for glob in self.globs))

    def sees(self, service: str) -> bool:
        """Check whether a service ("node/name") is in scope."""
        node, slash, name = service.partition("/")
        if not slash or "/" in name:
            return False
        # `fnmatchcase`, as `fnmatch` ignores case on Windows. Each side by itself, as `*` matches a slash.
        return not self.globs or any(fnmatchcase(node, one) and fnmatchcase(name, other) for one, other in self._pairs)

    def sees_any_of(self, node: str) -> bool:
        """Check whether any service of a node can be in scope."""
        return not self.globs or any(fnmatchcase(node, nodes) for nodes, _ in self._pairs)

    def check(self, service: str) -> None:
        """Refuse a service that is out of scope.

        Raises:
            PermissionDenied: it is.
        """
        if not self.sees(service):
            raise PermissionDenied(
                f"{service} is outside the services of this role ({', '.join(self.globs)})",
                next_step="Name a service of this role, or ask the author of the role to widen NODES_SERVICES",
                details={"service": service, "rule": "scope"},
                service=NODES,
            )
