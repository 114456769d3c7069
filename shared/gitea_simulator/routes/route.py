"""A route of the API: its path, the scope that a token needs for it, and its handler."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response

    from gitea_simulator.request_context import Context

REPO = "/repos/{owner}/{repo}"


@dataclass(frozen=True)
class Route:
    """One route; `area` is that of the scope, "" where a token needs none."""

    method: str
    pattern: re.Pattern[str]
    area: str
    handler: Callable[[Context], Response]


def route(method: str, path: str, area: str, handler: Callable[[Context], Response]) -> Route:
    """Build a route. `{name}` matches one segment, `{name...}` the rest, with its slashes."""
    text = re.escape(path).replace(r"\{", "{").replace(r"\}", "}").replace(r"\.\.\.", "...")
    text = re.sub(r"\{(\w+)\.\.\.\}", r"(?P<\1>.+)", text)
    text = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+?)", text)
    return Route(method, re.compile(text), area, handler)
