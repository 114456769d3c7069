"""The routes that change workspaces: creating one, its builds, and the reports of agents."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from coder_simulator.answers import ACTIVE, NOT_FOUND, PARAMETERS, Refusal, not_found, to_json
from coder_simulator.exports import export_build, export_workspace
from coder_simulator.requests import check_uuid
from coder_simulator.template_exports import find_faults

if TYPE_CHECKING:
    from starlette.responses import Response

    from coder_simulator.records import Build, Template, Workspace
    from coder_simulator.requests import Ask

NAME: Final = re.compile(r"[a-zA-Z0-9]+(?:-[a-zA-Z0-9]+)*")
LONGEST_NAME: Final = 32
LONGEST_REPORT: Final = 160  # bytes
STATES: Final = frozenset({"working", "idle", "complete", "failure"})
UNAUTHORIZED: Final = (
    "You don't have permission to view this content. If you believe this is a mistake, please contact your "
    "administrator or try signing in with different credentials."
)
NO_OWNER: Final = "Failed to fetch workspace owner; Please check your permissions or the user may not exist."
NO_ID: Final = "00000000-0000-0000-0000-000000000000"


def create_workspace(ask: Ask) -> Response:
    """Create a workspace from the active version of a template."""
    owner, body = ask.owner(), ask.body or {}
    if not ask.may("create"):
        raise Refusal(404, NOT_FOUND)
    wanted = str(body.get("template_id") or NO_ID)
    if "template_id" not in body:
        said = f'Validation failed for tag "required_without" with value: "{NO_ID}"'
        raise _failed([("template_id", said), ("template_version_id", said)])
    template = next((one for one in ask.world.templates.values() if one.id == wanted), None)
    if template is None:
        raise Refusal(400, f'Template "{wanted}" doesn\'t exist.', fields=[("template_id", "template not found")])
    name = str(body.get("name", ""))
    if len(name) > LONGEST_NAME or not NAME.fullmatch(name):
        raise _failed([("name", f'Validation failed for tag "workspace_name" with value: "{name}"')])
    if ask.world.find(owner.name, name) is not None:
        taken = [("name", "This value is already in use and should be unique.")]
        raise Refusal(409, f'Workspace "{name}" already exists.', fields=taken)
    given = _values(body)
    _check_values(template, {one.name: given.get(one.name) for one in template.parameters})
    workspace = ask.world.create(owner, name, template, given)
    return to_json(export_workspace(ask.world, workspace), 201)


def create_build(ask: Ask) -> Response:
    """Start, stop or delete a workspace."""
    workspace, body = ask.workspace(include_deleted=True), ask.body or {}
    transition = body.get("transition")
    if transition not in {"start", "stop", "delete"}:
        raise _failed([("transition", f'Validation failed for tag "oneof" with value: "{transition}"')])
    if workspace.is_deleted:
        gone = "This workspace has been deleted and cannot be modified."
        raise Refusal(409, f"Cannot {transition} a deleted workspace!", gone)
    if not ask.may(transition):
        raise Refusal(403, f"You do not have permission to {transition} this workspace.", UNAUTHORIZED)
    if not ask.may("evaluate"):
        raise Refusal(400, PARAMETERS, NO_OWNER)
    if workspace.latest.is_active:
        raise Refusal(409, ACTIVE, ACTIVE)
    before, given, parameters = workspace.latest.values, _values(body), workspace.template.parameters
    for parameter in parameters:
        value = given.get(parameter.name)
        if not parameter.mutable and value is not None and value != before.get(parameter.name):
            said = f'Parameter "{parameter.name}" is not mutable, so it can\'t be updated after creating a workspace.'
            raise Refusal(400, PARAMETERS, fields=[(parameter.name, f"Immutable parameter changed; {said}")])
    _check_values(workspace.template, {one.name: given.get(one.name, before.get(one.name)) for one in parameters})
    # Unknown names are ignored.
    values = {one.name: given.get(one.name, before.get(one.name, one.default)) for one in parameters}
    build = ask.world.build(workspace, transition, values, ask.user)
    build.then = (body.get("on_success") or {}).get("transition")
    return to_json(export_build(ask.world, workspace, build), 201)


def cancel_build(ask: Ask) -> Response:
    """Cancel a build that has not ended."""
    _, build = find_build(ask)
    if not build.is_active:
        raise Refusal(400, "Job has already completed!")
    ask.world.cancel(build)
    return to_json({"message": "Job has been marked as canceled..."})


def report_status(ask: Ask, agent_token: str) -> Response:
    """Take a report of an agent, whose token is its id."""
    body = ask.body or {}
    workspace = next(
        (one for one in ask.world.workspaces.values() if one.agent is not None and one.agent.id == agent_token), None
    )
    if workspace is None:
        detail = f"An agent token must be a valid UUIDv4. (len {len(agent_token)})"
        raise Refusal(401, "Workspace agent token invalid.", detail)
    state, message = str(body.get("state", "")), str(body.get("message", ""))
    if body.get("app_slug") not in {"ai", "run"}:
        slug = body.get("app_slug")
        raise Refusal(400, "Failed to get workspace app.", f'No app found with slug "{slug}"')
    if len(message.encode()) > LONGEST_REPORT:
        long = "Message must be less than 160 characters."
        raise Refusal(400, "Message is too long.", long, [("message", long)])
    if state not in STATES:
        raise Refusal(400, "Failed to parse request.", f"Invalid state: {state}")
    ask.world.report(workspace, state, message, str(body.get("uri", ""))).slug = str(body["app_slug"])
    return to_json(None)


def find_build(ask: Ask) -> tuple[Workspace, Build]:
    """Return the build whose id is in the path."""
    check_uuid(ask.params["build"])
    for workspace in ask.world.workspaces.values():
        for build in workspace.builds:
            if build.id == ask.params["build"] and ask.sees(workspace):
                return workspace, build
    raise not_found()


def _values(body: dict[str, Any]) -> dict[str, str]:
    return {str(item["name"]): str(item["value"]) for item in body.get("rich_parameter_values") or ()}


def _check_values(template: Template, values: dict[str, str | None]) -> None:
    failed = [
        (parameter.name, f"{summary}; {detail}")
        for parameter in template.parameters
        for summary, detail in find_faults(parameter, values[parameter.name])
    ]
    if failed:
        raise Refusal(400, PARAMETERS, fields=failed)


def _failed(fields: list[tuple[str, str]]) -> Refusal:
    return Refusal(400, "Validation failed.", fields=fields)
