"""The app proxy, and the AgentAPI of an agent behind it (coder/agentapi v0.12.1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from starlette.responses import JSONResponse, Response

from coder_simulator.answers import SIGNED_OUT, PageRefusal
from coder_simulator.exports import moment

if TYPE_CHECKING:
    from coder_simulator.records import Agent, User, Workspace
    from coder_simulator.world import World

PATH: Final = re.compile(r"/@(?P<owner>[^/]+)/(?P<name>[^/.]+)\.(?P<agent>[^/]+)/apps/(?P<app>[^/]+)/(?P<route>[^/?]+)")
SCHEMA: Final = {"$schema": "x"}
MISSING: Final = (
    "The application or workspace you are trying to access does not exist or you do not have permission to access it."
)


def redirect_to_login(world: World, path: str) -> Response:
    """Send a request without a token to the login page."""
    words = SIGNED_OUT.replace(" ", "+")
    address = f"{world.access_url}/login?message={words}&redirect={quote(path, safe='')}"
    page = f'<a href="{address.replace("&", "&amp;")}">See Other</a>.\n\n'
    return Response(page, 303, {"location": address, "content-type": "text/html; charset=utf-8"})


def answer(world: World, user: User, token: str, method: str, match: re.Match[str], body: Any) -> Response:
    """Answer a request to the application of an agent.

    Raises:
        PageRefusal: the proxy does not hand it on.
    """
    workspace = _find(world, user, token, match)
    agent = workspace.agent
    if agent is None:
        was = workspace.latest.transition
        raise PageRefusal(
            400,
            "Workspace Offline",
            f'Last workspace transition was to the "{was}" state. Start the workspace to access its applications.',
        )
    if (status := agent.status(world.now())) != "connected":
        raise PageRefusal(404, "Application Unavailable", f'Agent state is "{status}", not "connected"')
    if (method, match["route"]) == ("GET", "messages"):
        told = [
            {"id": one.id, "role": one.role, "content": one.content, "time": moment(one.time)} for one in agent.messages
        ]
        return JSONResponse({**SCHEMA, "messages": told})
    if (method, match["route"]) == ("GET", "status"):
        status = "running" if agent.is_busy else "stable"
        return JSONResponse({**SCHEMA, "agent_type": "custom", "status": status, "transport": "pty"})
    if (method, match["route"]) == ("POST", "message"):
        return _take_message(world, workspace, agent, body or {})
    return _problem(404, "Not Found", "")


def _find(world: World, user: User, token: str, match: re.Match[str]) -> Workspace:
    if match["owner"] == "me":
        words = "Applications must be accessed with the full username, not @me."
        raise PageRefusal(404, "Application Not Found", words)
    found = world.find(match["owner"], match["name"])
    is_visible = found is not None and (found.owner is user or user.is_owner) and user.may(token, "app")
    if found is None or not is_visible or match["agent"] != "main" or match["app"] != "ai":
        raise PageRefusal(404, "Application Not Found", MISSING)
    return found


def _take_message(world: World, workspace: Workspace, agent: Agent, body: dict[str, Any]) -> Response:
    content, kind = str(body.get("content", "")), body.get("type")
    if kind not in {"user", "raw"}:
        return _problem(422, "Unprocessable Entity", "validation failed", {"location": "body.type", "value": kind})
    if kind == "raw":
        # The Escape key interrupts what the agent is doing.
        agent.is_busy = agent.is_busy and content != "\x1b"
    elif not content:
        fault = {"message": "failed to send message: message must not be empty"}
        return _problem(500, "Internal Server Error", "unexpected error occurred", fault)
    else:
        world.say(workspace, agent, content)
    return JSONResponse({**SCHEMA, "ok": True})


def _problem(status: int, title: str, detail: str, fault: dict[str, Any] | None = None) -> Response:
    body = {**SCHEMA, "title": title, "status": status, "detail": detail, "errors": [fault] if fault else []}
    return JSONResponse(body, status, {"content-type": "application/problem+json"})
