"""Every request to Coder, as data: each function returns the request and sends nothing.

Routes, parameters and answers are those of coder/coder v2.36.0, coderd/coderd.go and the handlers there. The deprecated
tasks API is not used.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal

from ci_mcp_http.call import Call, join_path, make_query, quote_input
from ci_mcp_kit.errors import InvalidInput
from coder_client.errors import CODER
from coder_client.models import (
    Accepted,
    AgentApiStatus,
    Build,
    BuildParameter,
    Evaluation,
    Messages,
    Parameter,
    Preset,
    Template,
    User,
    Workspace,
    WorkspacePage,
)
from coder_client.responses import read_as, read_through_proxy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ci_mcp_http.call import Params, Reader

API: Final = "/api/v2"
MOST_WORKSPACES: Final = 500  # of one answer: Coder itself sends all of them, some 6 kB each
LARGEST_BUILD_PAGE: Final = 100  # likewise, some 2 kB each
LONGEST_VALUE: Final = 32 * 1024
"""Bytes of a parameter. From some 128 KiB on, Terraform cannot be started, and then the next build fails as well."""

_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAME: Final = re.compile(r"[a-zA-Z0-9]+(?:-[a-zA-Z0-9]+)*")
_LONGEST_NAME: Final = 32

Transition = Literal["start", "stop", "delete"]


def is_id(text: str) -> bool:
    """Return whether a text is the id of a workspace."""
    return _ID.fullmatch(text) is not None


def check_name(name: str) -> str:
    """Return the name of a workspace.

    Raises:
        InvalidInput: no workspace can have it (coder/coder v2.36.0, codersdk/name.go).
    """
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        raise InvalidInput(
            f"{quote_input(name)} is no name of an agent: it takes letters and digits with single hyphens between, "
            f"at most {_LONGEST_NAME} characters",
            service=CODER,
        )
    return name


def list_workspaces(query: str = "") -> Call[WorkspacePage]:
    """List workspaces that match a query of Coder, like `owner:me template:dev`."""
    params = (*make_query(q=query), ("limit", str(MOST_WORKSPACES)))
    return _get("workspaces.list", "the list of workspaces", "/workspaces", read_as(WorkspacePage), params)


def get_workspace(owner: str, name: str, *, include_deleted: bool = False) -> Call[Workspace]:
    """Read a workspace by its name; of several deleted ones of that name Coder chooses."""
    return _get(
        "workspaces.get",
        f"agent {check_name(name)}",
        "/users/{owner}/workspace/{name}",
        read_as(Workspace),
        make_query(include_deleted=include_deleted),
        owner=owner,
        name=name,
    )


def get_workspace_by_id(workspace: str, *, include_deleted: bool = False) -> Call[Workspace]:
    """Read a workspace by its id."""
    return _get(
        "workspaces.get",
        f"agent {workspace}",
        "/workspaces/{workspace}",
        read_as(Workspace),
        make_query(include_deleted=include_deleted),
        workspace=_id(workspace),
    )


def watch_workspace(workspace: str) -> Call[Workspace]:
    """Stream a workspace: as it is now, and again whenever something in it changes (`responses.read_event`).

    Deprecated for the same route over a WebSocket, `/watch-ws`, and still served by 2.36.
    """
    path, reader = "/workspaces/{workspace}/watch", read_as(Workspace)
    return _get("workspaces.watch", f"changes of agent {workspace}", path, reader, workspace=_id(workspace))


def list_builds(workspace: str, *, limit: int, offset: int = 0) -> Call[tuple[Build, ...]]:
    """List builds of a workspace, newest first; also of a deleted one. To page back takes `offset`."""
    return _get(
        "builds.list",
        f"builds of agent {workspace}",
        "/workspaces/{workspace}/builds",
        read_as(tuple[Build, ...]),
        (("limit", str(min(limit, LARGEST_BUILD_PAGE))), *((("offset", str(offset)),) if offset else ())),
        workspace=_id(workspace),
    )


def list_build_parameters(build: str) -> Call[tuple[BuildParameter, ...]]:
    """List the values that a build has for the parameters of its template."""
    reader = read_as(tuple[BuildParameter, ...])
    return _get(
        "builds.parameters", "parameters of the build", "/workspacebuilds/{build}/parameters", reader, build=_id(build)
    )


def get_user(name: str = "me") -> Call[User]:
    """Read a user, by default the token's own, which takes the scope `user:read`."""
    subject = "the token's user" if name == "me" else f"user {name}"
    return _get("users.get", subject, "/users/{name}", read_as(User), name=name)


def check_rights(actions: Iterable[str], organization: str) -> Call[dict[str, bool]]:
    """Ask what the token may do with workspaces of its user in an organization. It changes nothing, although a POST.

    The answer is by action, such as `create`: whether scopes and roles grant it.
    """
    workspaces = {"resource_type": "workspace", "owner_id": "me", "organization_id": organization}
    return Call(
        operation="rights.check",
        subject="the rights of the token",
        method="POST",
        path=f"{API}/authcheck",
        template=f"{API}/authcheck",
        read=read_as(dict[str, bool]),
        body={"checks": {action: {"object": workspaces, "action": action} for action in actions}},
    )


def list_templates() -> Call[tuple[Template, ...]]:
    """List the templates of all organisations, without those that are deprecated."""
    return _get("templates.list", "the list of templates", "/templates", read_as(tuple[Template, ...]))


def list_parameters(version: str) -> Call[tuple[Parameter, ...]]:
    """List the parameters of a version of a template."""
    reader = read_as(tuple[Parameter, ...])
    path = "/templateversions/{version}/rich-parameters"
    return _get("templates.parameters", "parameters of the template", path, reader, version=_id(version))


def list_presets(version: str) -> Call[tuple[Preset, ...]]:
    """List the presets of a version of a template."""
    path, reader = "/templateversions/{version}/presets", read_as(tuple[Preset, ...])
    return _get("templates.presets", "presets of the template", path, reader, version=_id(version))


def evaluate_parameters(version: str, owner_id: str, inputs: Mapping[str, str]) -> Call[Evaluation]:
    """Evaluate the parameters of a version of a template for some inputs. It changes nothing, although it is a POST."""
    template = "/templateversions/{version}/dynamic-parameters/evaluate"
    return Call(
        operation="templates.evaluate",
        subject="the evaluation of the template's parameters",
        method="POST",
        path=_fill(template, {"version": _id(version)}),
        template=API + template,
        read=read_as(Evaluation),
        # Without the owner's id the answer is an error, although the source says that it defaults to the asker.
        body={"id": 1, "owner_id": owner_id, "inputs": dict(inputs)},
    )


def create_workspace(
    owner: str, name: str, template: str, values: Mapping[str, str], *, scope: str = ""
) -> Call[Workspace]:
    """Create a workspace from the active version of a template, and start it."""
    body: dict[str, Any] = {
        "template_id": template,
        "name": check_name(name),
        "rich_parameter_values": _values(values.items()),
    }
    path, reader = "/users/{owner}/workspaces", read_as(Workspace)
    return _post("workspaces.create", f"agent {name}", path, reader, body, scope, owner=owner)


def create_build(workspace: str, transition: Transition, values: Mapping[str, str], *, scope: str = "") -> Call[Build]:
    """Start, stop or delete a workspace; parameters that are not named keep their values."""
    body: dict[str, Any] = {"transition": transition}
    if values:
        body["rich_parameter_values"] = _values(values.items())
    path, reader = "/workspaces/{workspace}/builds", read_as(Build)
    subject = f"a {transition} build of agent {workspace}"
    return _post(f"builds.{transition}", subject, path, reader, body, scope, workspace=_id(workspace))


def get_messages(owner: str, workspace: str, agent: str, app: str) -> Call[Messages]:
    """Read the whole conversation with an agent, through the app proxy."""
    return _app("messages.list", "GET", owner, workspace, agent, app, "messages", read_through_proxy(Messages))


def get_agent_status(owner: str, workspace: str, agent: str, app: str) -> Call[AgentApiStatus]:
    """Read whether an agent is at work or waits for input."""
    return _app("messages.status", "GET", owner, workspace, agent, app, "status", read_through_proxy(AgentApiStatus))


def send_message(owner: str, workspace: str, agent: str, app: str, content: str, *, scope: str = "") -> Call[Accepted]:
    """Send a message to an agent; answered once the agent has begun to work on it."""
    body = {"content": content, "type": "user"}
    return _app(
        "messages.send", "POST", owner, workspace, agent, app, "message", read_through_proxy(Accepted), body, scope
    )


def interrupt(owner: str, workspace: str, agent: str, app: str, *, scope: str = "") -> Call[Accepted]:
    """Press the Escape key in an agent's terminal, by which it interrupts what it is doing."""
    body = {"content": "\x1b", "type": "raw"}
    return _app(
        "messages.interrupt", "POST", owner, workspace, agent, app, "message", read_through_proxy(Accepted), body, scope
    )


def _get(
    operation: str, subject: str, template: str, reader: Reader[Any], params: Params = (), **values: str
) -> Call[Any]:
    return Call(
        operation=operation,
        subject=subject,
        method="GET",
        path=_fill(template, values),
        template=API + template,
        read=reader,
        params=params,
    )


def _post(
    operation: str, subject: str, template: str, reader: Reader[Any], body: dict[str, Any], scope: str, **values: str
) -> Call[Any]:
    return Call(
        operation=operation,
        subject=subject,
        method="POST",
        path=_fill(template, values),
        template=API + template,
        read=reader,
        body=body,
        scope=scope or None,
        writes=True,
        idempotent=False,
    )


def _app(
    operation: str,
    method: str,
    owner: str,
    workspace: str,
    agent: str,
    app: str,
    route: str,
    reader: Reader[Any],
    body: dict[str, Any] | None = None,
    scope: str = "",
) -> Call[Any]:
    # The proxy takes the owner's full name, and not `@me`.
    return Call(
        operation=operation,
        subject=f"the application of agent {workspace}",
        method=method,
        path=join_path(f"@{owner}", f"{workspace}.{agent}", "apps", app, route, safe="@"),
        template="/@{owner}/{workspace}.{agent}/apps/{app}/" + route,
        read=reader,
        body=body,
        scope=scope or None,
        writes=method == "POST",
        idempotent=method == "GET",
    )


def _fill(template: str, values: Mapping[str, str]) -> str:
    return API + re.sub(r"\{(\w+)\}", lambda match: join_path(values[match[1]])[1:], template)


def _values(values: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    for name, value in values:
        if len(value.encode()) > LONGEST_VALUE:
            raise InvalidInput(
                f"The value of {name} has more than {LONGEST_VALUE // 1024} KiB, with which builds would fail",
                next_step="Shorten it, for example by naming a file or an issue that holds the details",
                service=CODER,
            )
    return [{"name": name, "value": value} for name, value in values]


def _id(text: str) -> str:
    if not is_id(text):
        raise InvalidInput(f"{quote_input(text)} is no id", service=CODER)
    return text
