"""`docs/coverage.md`: every route of Drone's API with the tools that use it, or the reason why none does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from drone_mcp_client import admin_calls, calls
from drone_mcp_simulator.routes import ROUTES
from drone_mcp_simulator.routing import Route, find
from pages.markdown import table

if TYPE_CHECKING:
    from ci_mcp_http.call import Call

HEAD = """\
# Coverage of Drone's API

This page is generated. The routes are those of Drone 2.25, as the simulator reproduces them; the requests that
belong to tools are those of the client. The protocol between Drone and its runners (`/rpc/v2`) is not for agents.
"""
_REPO: Final = "octo/hello"
_NO_BODY: Final[dict[str, Any]] = {}

# The request -> the tools that send it. One that several servers send for their own purposes names the main ones.
USED: Final[tuple[tuple[Call[Any], tuple[str, ...]], ...]] = (
    (calls.builds(_REPO), ("drone_list_builds", "drone_find_builds", "drone_get_deploy_history")),
    (calls.create_build(_REPO), ("drone_start_build",)),
    (
        calls.build(_REPO, 1),
        ("drone_get_build", "drone_wait_for_build", "drone_get_deployment"),
    ),
    (calls.restart_build(_REPO, 1), ("drone_restart_build",)),
    (calls.cancel_build(_REPO, 1), ("drone_stop_build",)),
    (calls.latest_build(_REPO), ("drone_get_build",)),
    (calls.pulls(_REPO), ("drone_find_builds",)),
    (calls.deployments(_REPO), ("drone_list_deployments", "drone_list_previews", "drone_get_preview")),
    (calls.promote(_REPO, 1, "staging"), ("drone_create_deployment", "drone_update_deployment", "drone_stop_preview")),
    (calls.rollback(_REPO, 1, "staging"), ("drone_rollback_deployment",)),
    (calls.approve_stage(_REPO, 1, 1), ("drone_approve_build",)),
    (calls.decline_stage(_REPO, 1, 1), ("drone_decline_build",)),
    (calls.log(_REPO, 1, 1, 1), ("drone_get_build_logs", "drone_search_build_logs", "drone_diagnose_build")),
    (calls.log_stream(_REPO, 1, 1, 1), ("drone_get_build_logs",)),
    (calls.feed(_REPO), ("drone_wait_for_build",)),
    (calls.repo(_REPO), ("drone_start_build", "drone_restart_build", "drone_create_deployment")),
    (calls.user_repos(), ("drone_list_repos",)),
    (calls.user_builds(), ("drone_get_queue",)),
    (calls.queue(), ("drone_get_queue", "drone_manage_queue")),
    (calls.incomplete(), ("drone_get_queue",)),
    (calls.all_repos(), ("drone_list_repo_settings",)),
    *(
        (call, ("drone_manage_repo",))
        for call in (
            calls.update_repo(_REPO, _NO_BODY),
            calls.enable_repo(_REPO),
            calls.disable_repo(_REPO),
            calls.sync_repos(),
            admin_calls.chown_repo(_REPO),
            admin_calls.repair_repo(_REPO),
            admin_calls.purge_builds(_REPO, 2),
        )
    ),
    (calls.secrets(_REPO), ("drone_list_secrets",)),
    (calls.org_secrets("octo"), ("drone_list_secrets",)),
    *(
        (call, ("drone_manage_secret",))
        for call in (
            admin_calls.create_secret(_REPO, _NO_BODY),
            admin_calls.update_secret(_REPO, "x", _NO_BODY),
            admin_calls.delete_secret(_REPO, "x"),
            admin_calls.create_org_secret("octo", _NO_BODY),
            admin_calls.update_org_secret("octo", "x", _NO_BODY),
            admin_calls.delete_org_secret("octo", "x"),
        )
    ),
    (calls.crons(_REPO), ("drone_list_crons",)),
    *(
        (call, ("drone_manage_cron",))
        for call in (
            calls.create_cron(_REPO, "x", expr="@daily", branch="main"),
            calls.update_cron(_REPO, "x"),
            calls.delete_cron(_REPO, "x"),
            calls.run_cron(_REPO, "x"),
        )
    ),
    (calls.templates(), ("drone_list_templates",)),
    (calls.templates("octo"), ("drone_list_templates",)),
    *(
        (call, ("drone_manage_template",))
        for call in (
            admin_calls.create_template("octo", "x", ""),
            admin_calls.update_template("octo", "x", ""),
            admin_calls.delete_template("octo", "x"),
        )
    ),
    (calls.users(), ("drone_list_users",)),
    *(
        (call, ("drone_manage_user",))
        for call in (
            admin_calls.create_user("x", machine=False, admin=False),
            admin_calls.update_user("x", _NO_BODY),
            admin_calls.delete_user("x"),
            admin_calls.revoke_token("x"),
            admin_calls.rotate_own_token(),
        )
    ),
    (calls.incomplete_stages(), ("drone_get_queue_state",)),
    (calls.pause_queue(), ("drone_manage_queue",)),
    (calls.resume_queue(), ("drone_manage_queue",)),
)

_SAME: Final = "the list of builds has the same, in order and with pages"
_PAGE: Final = "a page for browsers"

# A pattern of routes -> the reason why no tool uses them; the first that matches counts.
UNUSED: Final = {
    r"GET /api/user/": "every server reads it to check its token",
    r"GET /version|GET /healthz": "`drone-mcp-config doctor` asks for the version",
    r"GET /api/stream/": "the feed of one repository is enough for a wait",
    r"GET .*/builds/branches": _SAME,
    r"DELETE .*/builds/(branches|pulls|deployments)/.*": "removes a row of an index, and no build",
    r"POST .*/decline": "stages are declined one by one: this route stops at the first that is not blocked",
    r"DELETE .*/logs/.*": "destroys a record, and frees next to no room",
    r"GET /api/user/builds/recent": "another name of the list without `recent`",
    r".* /api/user/.*": "concerns the account of the person who owns the token",
    r".* /api/repos/.*/cards/.*": "cards are written by plugins for Drone's own page",
    r"POST .*/sign|POST .*/encrypt/.*": "for a person: a secret must not be an argument",
    r"GET /api/.*/\{(key|user)\}": "the list has the same",
    r"GET /api/secrets/": "the secrets of each namespace are listed by themselves",
    r"POST /api/secrets/.*/\{key\}|PUT /api/templates/.*": "the same as PATCH",
    r".* /api/repos/.*/collaborators/.*": "the source host decides who they are, and Drone copies it every hour",
    r"GET /api/users/.*/repos": "the settings of repositories name their owners",
    r"GET /api/system/stats": "counts no stages of linux/amd64, and the queue itself has more",
    r"GET /api/badges/.*": "a picture or a feed for other programs",
    r"POST /hook": "for the source host",
    r"GET /(varz|metrics)": "for monitoring",
    r".* /(link/.*|login|logout|)": _PAGE,
}


def coverage_page() -> str:
    """Write the page."""
    rows = [[f"`{name_route(route)}`", describe(route)] for route in api_routes()]
    return f"{HEAD}\n{table(['route', 'tools, or why none'], rows)}\n"


def api_routes() -> list[Route]:
    """Return the routes of Drone, without those of the simulator itself and the page for all other paths."""
    own = ("/_simulator", "/(?!")
    return [route for route in ROUTES if not route.pattern.pattern.startswith(own)]


def describe(route: Route) -> str:
    """Name the tools that use a route, or the reason why none does.

    Raises:
        LookupError: there is neither.
    """
    tools = [name for call, names in USED if route_of(call) is route for name in names]
    if tools:
        return ", ".join(f"`{name}`" for name in tools)
    reasons = [reason for pattern, reason in UNUSED.items() if re.fullmatch(pattern, name_route(route))]
    if not reasons:
        raise LookupError(f"{name_route(route)} has neither a tool nor a reason")
    return reasons[0]


def route_of(call: Call[Any]) -> Route:
    """Return the route that a request takes.

    Raises:
        LookupError: Drone has none for it.
    """
    match find(ROUTES, call.method, call.path):
        case (route, _):
            return route
        case _:
            raise LookupError(f"{call.method} {call.path} has no route")


def name_route(route: Route) -> str:
    """Write a route as people do: `GET /api/repos/{owner}/{name}/`."""
    path = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"{\1}", route.pattern.pattern).removesuffix("?")
    return f"{route.method} {path}"
