"""The routes of Coder's API that are simulated, and their handlers."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Final

from coder_simulator import changes
from coder_simulator.answers import Refusal, not_found, to_json
from coder_simulator.exports import export_build, export_user, export_workspace
from coder_simulator.requests import check_uuid
from coder_simulator.search import parse_query, search
from coder_simulator.streams import watch_workspace
from coder_simulator.template_exports import export_evaluation, export_parameter, export_preset, export_template

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response

    from coder_simulator.records import Template
    from coder_simulator.requests import Ask

API: Final = "/api/v2"


def list_workspaces(ask: Ask) -> Response:
    """List workspaces, all where no limit is given."""
    terms = parse_query(ask.query.get("q", ""))
    limit, offset = ask.number("limit"), ask.number("offset") or 0
    visible = [one for one in ask.world.workspaces.values() if ask.sees(one)]
    found = search(visible, terms, ask.user, ask.world.now())
    page = found[offset : offset + limit] if limit else found[offset:]
    return to_json({"workspaces": [export_workspace(ask.world, one) for one in page], "count": len(found)})


def get_workspace(ask: Ask) -> Response:
    """Read a workspace by its id."""
    return to_json(export_workspace(ask.world, ask.workspace(include_deleted=_includes_deleted(ask))))


def get_workspace_by_name(ask: Ask) -> Response:
    """Read a workspace by its owner and name."""
    found = ask.world.find(ask.owner().name, ask.params["name"], include_deleted=_includes_deleted(ask))
    if found is None or not ask.sees(found):
        raise not_found()
    return to_json(export_workspace(ask.world, found))


def list_builds(ask: Ask) -> Response:
    """List the builds of a workspace, newest first, also of a deleted one."""
    workspace = ask.workspace(include_deleted=True)
    builds = workspace.builds[::-1]
    if since := ask.query.get("since"):
        try:
            moment = datetime.fromisoformat(since).timestamp()
        except ValueError:
            layout = "2006-01-02T15:04:05Z07:00"
            detail = f'parsing time "{since}" as "{layout}": cannot parse "{since}" as "2006"'
            raise Refusal(400, "bad `since` format, must be RFC3339", detail) from None
        builds = [build for build in builds if build.created > moment]
    if after := ask.query.get("after_id"):
        # What is newer than that build, although the newest come first, as seen.
        number = next((build.number for build in builds if build.id == after), 0)
        builds = [build for build in builds if build.number > number]
    limit, offset = ask.number("limit"), ask.number("offset") or 0
    page = builds[offset : offset + limit] if limit else builds[offset:]
    return to_json([export_build(ask.world, workspace, build) for build in page])


def get_build(ask: Ask) -> Response:
    """Read a build by its id."""
    workspace, build = changes.find_build(ask)
    return to_json(export_build(ask.world, workspace, build))


def list_build_parameters(ask: Ask) -> Response:
    """List the values that a build has."""
    _, build = changes.find_build(ask)
    return to_json([{"name": name, "value": value} for name, value in build.values.items()])


def get_user(ask: Ask) -> Response:
    """Read a user."""
    if not ask.may("user"):
        raise not_found()
    return to_json(export_user(ask.owner(), ask.world.organization))


def list_templates(ask: Ask) -> Response:
    """List the templates; deprecated ones only where they are asked for."""
    wanted = dict(term.partition(":")[::2] for term in ask.query.get("q", "").split())
    for key in wanted:
        if key not in {"exact_name", "name", "organization", "has-ai-task", "deprecated", "author"}:
            said = f'"{key}" is not a valid query param'
            raise Refusal(400, "Invalid template search query.", fields=[(key, said)])
    name, is_deprecated = wanted.get("exact_name", ""), wanted.get("deprecated") == "true"
    visible = ask.world.templates.values() if ask.may("template") else ()
    found = [one for one in visible if one.deprecated == is_deprecated and name in {"", one.name}]
    return to_json([export_template(ask.world, one) for one in found])


def list_parameters(ask: Ask) -> Response:
    """List the parameters of a version."""
    return to_json([export_parameter(one) for one in _version(ask).parameters])


def list_presets(ask: Ask) -> Response:
    """List the presets of a version."""
    return to_json([export_preset(one) for one in _version(ask).presets])


def evaluate(ask: Ask) -> Response:
    """Evaluate the parameters of a version for some inputs."""
    template, body = _version(ask), ask.body or {}
    if body.get("owner_id") not in {user.id for user in ask.world.users.values()} or not ask.may("evaluate"):
        diagnostic = {
            "severity": "error",
            "summary": "Failed to fetch workspace owner",
            "detail": "Please check your permissions or the user may not exist.",
            "extra": {"code": "owner_not_found"},
        }
        return to_json({"id": 0, "diagnostics": [diagnostic], "parameters": None})
    return to_json(export_evaluation(template, body.get("inputs") or {}))


def check_rights(ask: Ask) -> Response:
    """Tell which actions the token may take. By the source, as no answer of it was recorded (coderd/authorize.go)."""
    checks = (ask.body or {}).get("checks") or {}
    for key, check in checks.items():
        if not check["object"].get("resource_type"):
            raise Refusal(400, f'Object\'s "resource_type" field must be defined for key "{key}".')
    granted: dict[str, bool] = {}
    for key, check in checks.items():
        thing, action = check["object"], check["action"]
        is_own = thing.get("owner_id") in {"me", ask.user.id}
        is_here = thing.get("any_org") or thing.get("organization_id") == ask.world.organization
        is_workspace = thing["resource_type"] == "workspace"
        right = {"application_connect": "app"}.get(action, action)
        granted[key] = bool(is_here and (is_own or ask.user.is_owner) and is_workspace and ask.may(right))
    return to_json(granted)


def _version(ask: Ask) -> Template:
    check_uuid(ask.params["version"])
    found = next((one for one in ask.world.templates.values() if one.version == ask.params["version"]), None)
    if found is None or not ask.may("template"):
        raise not_found()
    return found


def _includes_deleted(ask: Ask) -> bool:
    return ask.query.get("include_deleted") == "true"


_TABLE: Final[tuple[tuple[str, str, Callable[[Ask], Response]], ...]] = (
    ("GET", "/workspaces", list_workspaces),
    ("GET", "/workspaces/{workspace}", get_workspace),
    ("GET", "/workspaces/{workspace}/watch", watch_workspace),
    ("GET", "/workspaces/{workspace}/builds", list_builds),
    ("POST", "/workspaces/{workspace}/builds", changes.create_build),
    ("GET", "/users/{owner}", get_user),
    ("GET", "/users/{owner}/workspace/{name}", get_workspace_by_name),
    ("POST", "/users/{owner}/workspaces", changes.create_workspace),
    ("GET", "/workspacebuilds/{build}", get_build),
    ("GET", "/workspacebuilds/{build}/parameters", list_build_parameters),
    ("PATCH", "/workspacebuilds/{build}/cancel", changes.cancel_build),
    ("POST", "/authcheck", check_rights),
    ("GET", "/templates", list_templates),
    ("GET", "/templateversions/{version}/rich-parameters", list_parameters),
    ("GET", "/templateversions/{version}/presets", list_presets),
    ("POST", "/templateversions/{version}/dynamic-parameters/evaluate", evaluate),
)
ROUTES: Final = tuple(
    (method, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", API + path)), handler)
    for method, path, handler in _TABLE
)
