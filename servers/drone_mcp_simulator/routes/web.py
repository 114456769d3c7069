"""The routes outside `/api`: health, version, metrics, the incoming hook and the single-page UI."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from drone_mcp_simulator.permissions import AccessLevel
from drone_mcp_simulator.records import Build
from drone_mcp_simulator.routing import ErrorResponse, RequestContext, answer, no_content, route, see_other
from drone_mcp_simulator.scm import Commit
from drone_mcp_simulator.trigger import TriggerError, trigger
from drone_mcp_simulator.world import VERSION

if TYPE_CHECKING:
    from drone_mcp_simulator.records import Repo

PAGE = "<!DOCTYPE html><html><head></head><body>stub ui</body></html>"
LICENSE = {"kind": "trial", "seats": 0, "repos": 0, "expire_at": "0001-01-01T00:00:00Z"}
PULL_ACTIONS = {"opened": "opened", "reopened": "opened", "synchronized": "synchronized"}


async def show_health(_ctx: RequestContext) -> Response:
    """Answer that the server is healthy."""
    return Response("OK", headers={"content-type": "text/plain; charset=utf-8"})


async def show_version(_ctx: RequestContext) -> Response:
    """Show the server's version."""
    return answer({"version": VERSION})


async def show_varz(ctx: RequestContext) -> Response:
    """Show the source code host's address and the licence."""
    rate = {"limit": 0, "remaining": 0, "reset": 0}
    return answer({"scm": {"url": f"{ctx.world.addresses.scm_url}/", "rate": rate}, "license": LICENSE})


async def show_metrics(ctx: RequestContext) -> Response:
    """Show metrics to a system administrator or a machine user."""
    if not ctx.request.headers.get("authorization") and not ctx.query.get("access_token"):
        raise PlainErrorResponse(401, "Invalid or missing prometheus token")
    if ctx.user is None or not (ctx.user.admin or ctx.user.machine):
        raise PlainErrorResponse(403, "Access denied")
    world = ctx.world
    pending, running = world.list_stages("pending"), world.list_stages("running")
    gauges = {
        "drone_build_count": len(world.builds),
        "drone_pending_builds": len({build.id for build, _ in pending}),
        "drone_pending_jobs": len(pending),
        "drone_repo_count": len(world.repos),
        "drone_running_builds": len({build.id for build, _ in running}),
        "drone_running_jobs": len(running),
        "drone_user_count": len(world.users),
    }
    lines = [f"# TYPE {name} gauge\n{name} {value}\n" for name, value in gauges.items()]
    return Response("".join(lines), headers={"content-type": "text/plain; version=0.0.4; charset=utf-8"})


class PlainErrorResponse(ErrorResponse):
    """An error response in plain text."""


async def show_home(ctx: RequestContext) -> Response:
    """Show the UI; redirect a guest to the welcome page."""
    if ctx.user is None:
        return see_other("/welcome")
    return await show_page(ctx)


async def show_page(_ctx: RequestContext) -> Response:
    """Show the UI at any other path, so that a wrong base URL gets status 200."""
    return Response(PAGE, headers={"content-type": "text/html; charset=UTF-8"})


async def log_out(_ctx: RequestContext) -> Response:
    """Redirect home; the simulator has no sessions."""
    return see_other("/")


async def log_in(_ctx: RequestContext) -> Response:
    """Redirect to an error; the simulator has no login."""
    return see_other("/login/error?message=the+simulator+has+no+login")


# -- the incoming hook, in Gitea's format


async def receive_hook(ctx: RequestContext) -> Response:
    """Receive a push, pull request or deletion from the source code host."""
    event = ctx.request.headers.get("x-gitea-event", "push")
    data = ctx.json()
    if event not in ("push", "pull_request", "delete"):
        return Response(status_code=200)
    repo = ctx.world.repos.get(str(data.get("repository", {}).get("full_name", "")))
    if repo is None:
        raise ErrorResponse(400, "Cannot find repository")
    if ctx.world.hook_signatures:
        given = ctx.request.headers.get("x-gitea-signature", "")
        right = hmac.new(repo.signer.encode(), ctx.body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(given, right) and ctx.query.get("secret") != repo.signer:
            raise ErrorResponse(400, "Invalid webhook signature")
    if not repo.active:
        return Response(status_code=200)
    if event == "delete":
        ctx.world.latest.pop((repo.id, "branch", str(data.get("ref", ""))), None)
        return no_content()
    try:
        return await (_receive_push if event == "push" else _receive_pull_request)(ctx, repo, data)
    except (KeyError, TypeError, ValueError) as error:
        raise ErrorResponse(400, f"Invalid webhook payload: {error}") from error


async def _receive_push(ctx: RequestContext, repo: Repo, data: dict[str, Any]) -> Response:
    ref, sha = str(data["ref"]), str(data["after"])
    name = ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    commits = data.get("commits") or [{}]
    author = commits[0].get("author", {})
    is_tag = ref.startswith("refs/tags/")
    message = str(commits[0].get("message", ""))
    _add_commit(ctx, repo, name, sha, message)
    base = Build(
        trigger="@hook",
        event="tag" if is_tag else "push",
        action="create" if is_tag else "",
        link=str(data.get("compare_url", "")),
        message=message,
        before=str(data.get("before", "")),
        after=sha,
        ref=ref,
        source="" if is_tag else name,
        target="" if is_tag else name,
        author_login=str(author.get("username", "")),
        author_name=str(author.get("name", "")),
        author_email=str(author.get("email", "")),
        sender=str(data.get("sender", {}).get("login", "")),
    )
    return await _trigger(ctx, repo, base)


async def _receive_pull_request(ctx: RequestContext, repo: Repo, data: dict[str, Any]) -> Response:
    number, pull = int(data["number"]), data["pull_request"]
    action = str(data.get("action", ""))
    if action == "closed":
        ctx.world.latest.pop((repo.id, "pull", str(number)), None)
        return no_content()
    if action not in PULL_ACTIONS or repo.ignore_pull_requests:
        return Response(status_code=200)
    head, user = pull["head"], pull.get("user", {})
    title = str(pull.get("title", ""))
    _add_commit(ctx, repo, str(head["ref"]), str(head["sha"]), title)
    base = Build(
        trigger="@hook",
        event="pull_request",
        action=PULL_ACTIONS[action],
        link=str(pull.get("html_url", "")),
        title=title,
        message=str(pull.get("body", "")) or title,
        after=str(head["sha"]),
        ref=f"refs/pull/{number}/head",
        source_repo=str(head.get("repo", {}).get("full_name", "")),
        source=str(head["ref"]),
        target=str(pull.get("base", {}).get("ref", repo.default_branch)),
        author_login=str(user.get("login", "")),
        author_name=str(user.get("full_name", "")),
        author_email=str(user.get("email", "")),
        author_avatar=str(user.get("avatar_url", "")),
        sender=str(data.get("sender", {}).get("login", "")),
    )
    return await _trigger(ctx, repo, base)


def _add_commit(ctx: RequestContext, repo: Repo, branch: str, sha: str, message: str) -> None:
    """Add an unknown commit, with the configuration of its branch or of the default branch."""
    remote = ctx.world.scm[repo.slug]
    before = remote.head(branch) or remote.head(remote.default_branch)
    if sha not in remote.commits and before:
        remote.push(branch, Commit(sha, message, before.pipeline))


async def _trigger(ctx: RequestContext, repo: Repo, base: Build) -> Response:
    try:
        build = await trigger(ctx.world, repo, base)
    except TriggerError as error:
        raise ErrorResponse(500, str(error)) from error
    return answer(build.bare() if build else None)


ROUTES = [
    route("GET", "/healthz", AccessLevel.GUEST, show_health),
    route("GET", "/version", AccessLevel.GUEST, show_version),
    route("GET", "/varz", AccessLevel.GUEST, show_varz),
    route("GET", "/metrics", AccessLevel.GUEST, show_metrics),
    route("POST", "/hook", AccessLevel.GUEST, receive_hook),
    route("ANY", "/login", AccessLevel.GUEST, log_in),
    route("ANY", "/logout", AccessLevel.GUEST, log_out),
    route("GET", "/", AccessLevel.GUEST, show_home),
    route("GET", "/(?!api/|rpc/|_simulator/){rest...}", AccessLevel.GUEST, show_page),
]
