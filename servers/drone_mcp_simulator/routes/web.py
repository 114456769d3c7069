"""What Drone serves outside `/api`: health, version, metrics, the incoming hook and the single-page UI."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from drone_mcp_simulator.permissions import Need
from drone_mcp_simulator.records import Build
from drone_mcp_simulator.routing import Ask, Refusal, answer, no_content, route
from drone_mcp_simulator.scm import Commit
from drone_mcp_simulator.trigger import ScmError, trigger
from drone_mcp_simulator.world import VERSION

if TYPE_CHECKING:
    from drone_mcp_simulator.records import Repo

PAGE = "<!DOCTYPE html><html><head></head><body>stub ui</body></html>"
LICENSE = {"kind": "trial", "seats": 0, "repos": 0, "expire_at": "0001-01-01T00:00:00Z"}
PULL_ACTIONS = {"opened": "open", "reopened": "open", "synchronized": "sync"}


async def healthz(_ask: Ask) -> Response:
    """Always well."""
    return Response("OK", headers={"content-type": "text/plain; charset=utf-8"})


async def version(_ask: Ask) -> Response:
    """The server's version."""
    return answer({"version": VERSION})


async def varz(ask: Ask) -> Response:
    """The host's address and the licence."""
    rate = {"limit": 0, "remaining": 0, "reset": 0}
    return answer({"scm": {"url": f"{ask.world.place.scm_url}/", "rate": rate}, "license": LICENSE})


async def metrics(ask: Ask) -> Response:
    """Gauges for a system administrator or a machine."""
    if not ask.request.headers.get("authorization") and not ask.query.get("access_token"):
        raise _plain(401, "Invalid or missing prometheus token")
    if ask.user is None or not (ask.user.admin or ask.user.machine):
        raise _plain(403, "Access denied")
    lines = [f"# TYPE {name} gauge\n{name} {value}\n" for name, value in _gauges(ask).items()]
    return Response("".join(lines), headers={"content-type": "text/plain; version=0.0.4; charset=utf-8"})


def _gauges(ask: Ask) -> dict[str, int]:
    world = ask.world
    pending, running = world.stages("pending"), world.stages("running")
    return {
        "drone_build_count": len(world.builds),
        "drone_pending_builds": len({build.id for build, _ in pending}),
        "drone_pending_jobs": len(pending),
        "drone_repo_count": len(world.repos),
        "drone_running_builds": len({build.id for build, _ in running}),
        "drone_running_jobs": len(running),
        "drone_user_count": len(world.users),
    }


class PlainRefusal(Refusal):
    """A refusal in plain text."""


def _plain(status: int, message: str) -> PlainRefusal:
    return PlainRefusal(status, message)


async def home(ask: Ask) -> Response:
    """The UI; a guest is shown the door first."""
    if ask.user is None:
        return Response(status_code=303, headers={"location": "/welcome"})
    return await page(ask)


async def page(_ask: Ask) -> Response:
    """Any other address is the UI: a wrong base address looks like success."""
    return Response(PAGE, headers={"content-type": "text/html; charset=UTF-8"})


async def link(ask: Ask) -> Response:
    """A jump to the host's page."""
    target = f"{ask.world.place.scm_url}/{ask.params['owner']}/{ask.params['name']}"
    return Response(status_code=303, headers={"location": target})


async def logout(_ask: Ask) -> Response:
    """There are no sessions here to end."""
    return Response(status_code=303, headers={"location": "/"})


async def login(_ask: Ask) -> Response:
    """There is nobody to sign in with here."""
    return Response(status_code=303, headers={"location": "/login/error?message=the+simulator+has+no+login"})


# -- the incoming hook, in Gitea's form


async def hook(ask: Ask) -> Response:
    """A push or pull request at the host."""
    event = ask.request.headers.get("x-gitea-event", "push")
    data = ask.json()
    if event not in ("push", "pull_request", "delete"):
        return Response(status_code=200)
    repo = ask.world.repos.get(str(data.get("repository", {}).get("full_name", "")))
    if repo is None:
        raise Refusal(400, "Cannot find repository")
    _check_signature(ask, repo)
    if not repo.active:
        return Response(status_code=200)
    if event == "delete":
        ask.world.latest.pop((repo.id, "branch", str(data.get("ref", ""))), None)
        return no_content()
    try:
        return await (_pushed if event == "push" else _pulled)(ask, repo, data)
    except (KeyError, TypeError, ValueError) as error:
        raise Refusal(400, f"Invalid webhook payload: {error}") from error


def _check_signature(ask: Ask, repo: Repo) -> None:
    if not ask.world.hook_signatures:
        return
    given = ask.request.headers.get("x-gitea-signature", "")
    right = hmac.new(repo.signer.encode(), ask.body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(given, right) and ask.query.get("secret") != repo.signer:
        raise Refusal(400, "Invalid webhook signature")


async def _pushed(ask: Ask, repo: Repo, data: dict[str, Any]) -> Response:
    ref, sha = str(data["ref"]), str(data["after"])
    name = ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    commits = data.get("commits") or [{}]
    author = commits[0].get("author", {})
    is_tag = ref.startswith("refs/tags/")
    message = str(commits[0].get("message", ""))
    _take_over(ask, repo, name, sha, message)
    base = Build(
        trigger="@hook",
        event="tag" if is_tag else "push",
        action="create" if is_tag else "",
        link=str(data.get("compare_url", "")),
        message=message,
        before=str(data.get("before", "")),
        after=sha,
        ref=ref,
        source=name,
        target=name,
        author_login=str(author.get("username", "")),
        author_name=str(author.get("name", "")),
        author_email=str(author.get("email", "")),
        sender=str(data.get("sender", {}).get("login", "")),
    )
    return await _build(ask, repo, base)


async def _pulled(ask: Ask, repo: Repo, data: dict[str, Any]) -> Response:
    number, pull = int(data["number"]), data["pull_request"]
    action = str(data.get("action", ""))
    if action == "closed":
        ask.world.latest.pop((repo.id, "pull", str(number)), None)
        return no_content()
    if action not in PULL_ACTIONS or repo.ignore_pull_requests:
        return Response(status_code=200)
    head, user = pull["head"], pull.get("user", {})
    title = str(pull.get("title", ""))
    _take_over(ask, repo, str(head["ref"]), str(head["sha"]), title)
    base = Build(
        trigger="@hook",
        event="pull_request",
        action=PULL_ACTIONS[action],
        link=str(pull.get("html_url", "")),
        title=title,
        message=str(pull.get("body", "")),
        before=str(pull.get("base", {}).get("sha", "")),
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
    return await _build(ask, repo, base)


def _take_over(ask: Ask, repo: Repo, branch: str, sha: str, message: str) -> None:
    """An unknown commit has the configuration of the branch it was pushed to, or of the default branch."""
    remote = ask.world.scm[repo.slug]
    before = remote.head(branch) or remote.head(remote.default_branch)
    if sha not in remote.commits and before:
        remote.push(branch, Commit(sha, message, before.pipeline))


async def _build(ask: Ask, repo: Repo, base: Build) -> Response:
    try:
        build = await trigger(ask.world, repo, base)
    except ScmError as error:
        raise Refusal(500, str(error)) from error
    return answer(build.bare() if build else None)


ROUTES = [
    route("GET", "/healthz", Need.GUEST, healthz),
    route("GET", "/version", Need.GUEST, version),
    route("GET", "/varz", Need.GUEST, varz),
    route("GET", "/metrics", Need.GUEST, metrics),
    route("POST", "/hook", Need.GUEST, hook),
    route("GET", "/link/{owner}/{name}/{rest...}", Need.GUEST, link),
    route("ANY", "/login", Need.GUEST, login),
    route("ANY", "/logout", Need.GUEST, logout),
    route("GET", "/", Need.GUEST, home),
    route("GET", "/(?!api/|rpc/|_simulator/){rest...}", Need.GUEST, page),
]
