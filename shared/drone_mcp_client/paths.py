"""The paths of Drone's routes. Pure."""

from __future__ import annotations

from functools import partial
from typing import Final

from ci_mcp_http import paths

# What Go leaves unquoted in a segment, apart from letters, digits and -_.~ (shouldEscape in Go's net/url/url.go).
# Drone's router hands its handlers the raw segment wherever a request's quoting differs from Go's own (chi v3.3.3,
# mux.go, routeHTTP), and `octo%40x` is then looked up literally: so `@` must not be quoted.
GO_SAFE: Final = "$&+,:;=@"

join_path: Final = partial(paths.join_path, safe=GO_SAFE)
"""Returns the path of the given segments, quoted as Go would."""


def path_template(path: str) -> str:
    """Return a path with placeholders for what it names: one of a few dozen is left, and no repository's name.

    The routes are those of drone/drone v2.25.0, handler/api/api.go.
    """
    match path.split("/"):
        case ["", "api", "repos" | "stream" as root, _, _, *rest]:
            # Below a repository, only numbers and the names of scheduled jobs are anyone's choice.
            before = ["", *rest]
            names = ["{number}" if part.isdecimal() else part for part in rest]
            names = ["{name}" if parent == "cron" else name for parent, name in zip(before, names, strict=False)]
            return "/".join(["", "api", root, "{owner}", "{repo}", *names])
        case ["", "api", "secrets" | "templates" as root, _]:
            return f"/api/{root}/{{namespace}}"
        case _:
            return path
