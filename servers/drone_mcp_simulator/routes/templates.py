"""Templates (harness/drone v2.25.0, `handler/api/template`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drone_mcp_simulator.permissions import AccessLevel
from drone_mcp_simulator.records import Template
from drone_mcp_simulator.routing import ErrorResponse, RequestContext, answer, no_content, route
from drone_mcp_simulator.world import NoRows

if TYPE_CHECKING:
    from starlette.responses import Response

TEMPLATE_KINDS = (".yml", ".yaml", ".star", ".starlark", ".script", ".jsonnet")


def _select_templates(ctx: RequestContext) -> list[Template]:
    wanted = ctx.params.get("namespace")
    return [template for template in ctx.world.templates if wanted in (None, template.namespace)]


def _find_template(ctx: RequestContext) -> Template:
    found = next((template for template in _select_templates(ctx) if template.name == ctx.params["key"]), None)
    if found is None:
        raise NoRows
    return found


async def list_templates(ctx: RequestContext) -> Response:
    """List templates with their text."""
    return answer([template.to_json() for template in _select_templates(ctx)])


async def create_template(ctx: RequestContext) -> Response:
    """Add a template."""
    data: dict[str, Any] = ctx.json()
    name, text, namespace = str(data.get("name", "")), str(data.get("data", "")), ctx.params["namespace"]
    if not name.endswith(TEMPLATE_KINDS):  # checked first, so a missing name is reported as a wrong extension
        raise ErrorResponse(400, "Template extension invalid. Must be yaml, starlark or jsonnet")
    if not text:
        raise ErrorResponse(400, "No Template Data Provided")
    if any(template.name == name for template in _select_templates(ctx)):
        raise ErrorResponse(500, "UNIQUE constraint failed: templates.template_name, templates.template_namespace")
    template = Template(ctx.world.next_id("templates"), name, namespace, text)
    ctx.world.templates.append(template)
    return answer(template.to_json())


async def show_template(ctx: RequestContext) -> Response:
    """Show one template."""
    return answer(_find_template(ctx).to_json())


async def update_template(ctx: RequestContext) -> Response:
    """Change text or namespace."""
    template, data = _find_template(ctx), ctx.json()
    template.data = str(data.get("data") or template.data)
    template.namespace = str(data.get("namespace") or template.namespace)
    return answer(template.to_json())


async def delete_template(ctx: RequestContext) -> Response:
    """Remove a template."""
    ctx.world.templates.remove(_find_template(ctx))
    return no_content()


TEMPLATES = "/api/templates/{namespace}"
ROUTES = [
    route("GET", "/api/templates/", AccessLevel.MEMBER, list_templates),
    route("GET", TEMPLATES + "/", AccessLevel.MEMBER, list_templates),
    route("POST", TEMPLATES + "/", AccessLevel.ORGADMIN, create_template),
    route("GET", TEMPLATES + "/{key}", AccessLevel.MEMBER, show_template),
    route("PUT", TEMPLATES + "/{key}", AccessLevel.ORGADMIN, update_template),
    route("PATCH", TEMPLATES + "/{key}", AccessLevel.ORGADMIN, update_template),
    route("DELETE", TEMPLATES + "/{key}", AccessLevel.ORGADMIN, delete_template),
]
