"""Badges, the state of the newest build for CCTray, and links to the source code host.

harness/drone v2.25.0, `handler/api/badge`, `handler/api/ccmenu` and `handler/web/link`; the addresses are those of
drone/go-scm v1, `scm/driver/gitea/linker.go`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import formatdate
from xml.sax.saxutils import quoteattr

from starlette.responses import Response

from drone_mcp_simulator.permissions import AccessLevel
from drone_mcp_simulator.routing import RequestContext, route, see_other

BADGE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20"><linearGradient id="a" x2="0" y2="100%">'
    '<stop offset="0" stop-color="#bbb" stop-opacity=".1"/><stop offset="1" stop-opacity=".1"/></linearGradient>'
    '<rect rx="3" width="{width}" height="20" fill="#555"/>'
    '<rect rx="3" x="37" width="{right}" height="20" fill="{color}"/><path fill="{color}" d="M37 0h4v20h-4z"/>'
    '<rect rx="3" width="{width}" height="20" fill="url(#a)"/><g fill="#fff" text-anchor="middle" '
    'font-family="DejaVu Sans,Verdana,Geneva,sans-serif" font-size="11">'
    '<text x="19.5" y="15" fill="#010101" fill-opacity=".3">build</text><text x="19.5" y="14">build</text>'
    '<text x="{middle}" y="15" fill="#010101" fill-opacity=".3">{text}</text>'
    '<text x="{middle}" y="14">{text}</text></g></svg>'
)
LEFT_WIDTH = 37
# The text of a badge -> the width of its right part, the middle of the text, and the color.
SHAPES = {
    "success": (54, 63, "#4c1"),
    "failure": (46, 59, "#e05d44"),
    "started": (50, 61, "#dfb317"),
    "error": (39, 55.5, "#9f9f9f"),
    "none": (38, 55, "#9f9f9f"),
}
OPEN = frozenset({"pending", "running", "blocked"})
BADGE_TEXT = {"success": "success", "error": "error", **dict.fromkeys(OPEN, "started")}
BADGE_HEADERS = {
    "content-type": "image/svg+xml",
    "access-control-allow-origin": "*",
    "cache-control": "no-cache, no-store, max-age=0, must-revalidate, value",
    "expires": "Thu, 01 Jan 1970 00:00:00 GMT",
}
CCTRAY_STATUS = {
    "success": "Success",
    "failure": "Failure",
    **dict.fromkeys(("error", "killed", "declined"), "Exception"),
}


async def show_badge(ctx: RequestContext) -> Response:
    """Show the badge; answer 200 even for a private or unknown repository."""
    repo = ctx.world.repos.get(f"{ctx.params['owner']}/{ctx.params['name']}")
    text = "none"
    if repo:
        branch = ctx.value("branch")
        ref = f"refs/heads/{branch}" if branch else ctx.value("ref") or f"refs/heads/{repo.default_branch}"
        build = next((build for build in ctx.world.list_builds(repo) if build.ref == ref), None)
        text = BADGE_TEXT.get(build.status, "failure") if build else "none"
    right, middle, color = SHAPES[text]
    image = BADGE.format(width=LEFT_WIDTH + right, right=right, middle=middle, color=color, text=text)
    return Response(image, headers={**BADGE_HEADERS, "last-modified": formatdate(ctx.world.now(), usegmt=True)})


async def show_cctray(ctx: RequestContext) -> Response:
    """Show the newest build for CCTray; Drone sends the XML as plain text."""
    builds = ctx.world.list_builds(ctx.repo)
    if not builds:
        return Response(status_code=404)
    build = builds[0]
    is_open = build.status in OPEN
    attributes = {
        "name": ctx.repo.slug,
        "activity": "Building" if is_open else "Sleeping",
        "lastBuildStatus": CCTRAY_STATUS.get(build.status, "Unknown"),
        "lastBuildLabel": "Unknown" if is_open else str(build.number),
        "lastBuildTime": "" if is_open else f"{datetime.fromtimestamp(build.started, UTC):%Y-%m-%dT%H:%M:%SZ}",
        "webUrl": f"{ctx.world.addresses.link}/{ctx.repo.slug}/{build.number}",
    }
    pairs = " ".join(f"{key}={quoteattr(value)}" for key, value in attributes.items())
    text = f"<Projects><Project {pairs}></Project></Projects>"
    return Response(text, headers={"content-type": "text/plain; charset=utf-8"})


async def link_commit(ctx: RequestContext) -> Response:
    """Redirect to a commit at the source code host, or to the ref in the query."""
    return _link(ctx, ctx.query.get("ref", ""), ctx.params["sha"])


async def link_tree(ctx: RequestContext) -> Response:
    """Redirect to a ref at the source code host, or to the commit in the query."""
    return _link(ctx, ctx.params["ref"], ctx.query.get("sha", ""))


def _link(ctx: RequestContext, ref: str, sha: str) -> Response:
    kind, _, name = ref.removeprefix("refs/").partition("/")
    page = f"commit/{sha}" if sha else f"src/branch/{ref.removeprefix('refs/heads/')}"
    if ref.startswith("refs/tags/"):
        page = f"src/tag/{name}"
    elif kind in ("pull", "pull-requests", "merge-requests") and name:
        page = f"pulls/{name.split('/')[0]}"
    return see_other(f"{ctx.world.addresses.scm_url}/{ctx.params['owner']}/{ctx.params['name']}/{page}")


LINK = "/link/{owner}/{name}"
ROUTES = [
    route("GET", "/api/badges/{owner}/{name}/status.svg", AccessLevel.GUEST, show_badge),
    route("GET", "/api/badges/{owner}/{name}/cc.xml", AccessLevel.READ, show_cctray),
    route("GET", LINK + "/commit/{sha}", AccessLevel.GUEST, link_commit),
    route("GET", LINK + "/tree/{ref...}", AccessLevel.GUEST, link_tree),
    route("GET", LINK + "/src/{ref...}", AccessLevel.GUEST, link_tree),
]
