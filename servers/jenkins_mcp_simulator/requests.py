"""Reads requests: credentials, crumbs, permissions, query and form."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from jenkins_mcp_simulator import pages
from jenkins_mcp_simulator.records import User

if TYPE_CHECKING:
    from starlette.requests import Request

    from jenkins_mcp_simulator.records import Job
    from jenkins_mcp_simulator.world import World

ANONYMOUS = User("anonymous")


@dataclass
class Ask:
    """One request.

    Attributes:
        segments: of the path after the prefix, decoded.
        by_token: whether an API token came, with which a change needs no crumb.
        repeated: names that came more than once in query and form.
    """

    world: World
    request: Request
    segments: list[str]
    user: User = field(default_factory=lambda: ANONYMOUS)
    by_token: bool = False
    values: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    repeated: set[str] = field(default_factory=set)

    @property
    def method(self) -> str:
        """The method."""
        return self.request.method

    @property
    def path(self) -> str:
        """The path as it was sent."""
        return str(self.request.scope["raw_path"].decode("ascii", "replace"))

    def need(self, permission: str) -> None:
        """Refuse the request unless the user has a permission."""
        if self.user.may(permission):
            return
        if self.user is ANONYMOUS:
            raise pages.login_first(self.path)
        raise pages.missing_permission(self.user.name, permission)

    def need_post(self) -> None:
        """Refuse every method but POST, and a POST without a crumb."""
        if self.method != "POST":
            raise pages.post_required()
        session = self.request.cookies.get("JSESSIONID", "")
        crumb = self.request.headers.get("jenkins-crumb", "")
        if not self.by_token and (not session or self.world.crumbs.get(session) != crumb):
            raise pages.no_crumb(self.path)

    def may_read(self, job: Job) -> bool:
        """Return whether the user may see a job."""
        return self.user.may("Job/Read") and (not job.hidden or self.user.may("Overall/Administer"))


def split_path(raw: str, prefix: str) -> list[str] | None:
    """Return the decoded segments after the prefix, None if the path is outside of it.

    Raises:
        PageResponse: Jetty refuses the path.
    """
    path = raw.partition("?")[0]
    if ";" in path:
        raise pages.container_page(400, "Semicolons are not allowed in the request URI", path)
    # Jetty's compliance mode refuses these in a path (org.eclipse.jetty.http.UriCompliance).
    if any(mark in path.lower() for mark in ("%2f", "%5c")) and "/artifact/" in path:
        raise pages.container_page(400, "Bad Request", path)
    if prefix and path != prefix and not path.startswith(f"{prefix}/"):
        return None
    return [unquote(segment) for segment in path.removeprefix(prefix).split("/")[1:]]


def identify(world: World, request: Request, path: str) -> tuple[User, bool]:
    """Return who asks, and whether by an API token.

    Raises:
        PageResponse: the credentials are wrong.
    """
    kind, _, encoded = request.headers.get("authorization", "").partition(" ")
    if kind != "Basic":  # a bearer token is ignored
        return User(
            "anonymous", permissions=frozenset({"Overall/Read", "Job/Read"})
        ) if world.anonymous_reads else ANONYMOUS, False
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise pages.unauthorized(path) from None
    user = world.users.get(name)
    if (
        user is None
        or not secret
        or secret not in {user.token, user.password}
        or world.now() < world.unauthorized_until
    ):
        raise pages.unauthorized(path)
    return user, secret == user.token


async def read_values(ask: Ask) -> None:
    """Read the parameters of query and form; a name that comes twice is noted."""
    pairs = parse_qsl(ask.request.url.query, keep_blank_values=True)
    kind = ask.request.headers.get("content-type", "")
    if kind.startswith("application/x-www-form-urlencoded"):
        pairs += parse_qsl((await ask.request.body()).decode("utf-8", "replace"), keep_blank_values=True)
    elif kind.startswith("multipart/form-data"):
        async with ask.request.form() as form:
            for name, value in form.multi_items():
                if isinstance(value, str):
                    pairs.append((name, value))
                else:
                    ask.files[name] = await value.read()
    for name, value in pairs:
        if name in ask.values:
            ask.repeated.add(name)
        ask.values[name] = value
