"""Plans a deployment: what would be done to which component, and the fingerprint of exactly that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ci_mcp_kit.outgoing_text import one_line
from ci_mcp_kit.token_count import count_tokens
from ci_mcp_logs.answer_text import bounded
from drone_mcp_nodes.definition_lookup import FROM_FOLDER, find_definition
from drone_mcp_nodes.formatting import NAME_WIDTH, REASON_WIDTH, describe_changes
from drone_mcp_nodes.reading.views import PlanView
from drone_mcp_nodes.rules.tag_replacement import with_version
from drone_mcp_nodes_api.wire import agent_pb2 as pb

if TYPE_CHECKING:
    from drone_mcp_nodes.access import NodesAccess, Place

ROOM: Final = 1_200  # tokens of the steps of an answer


async def make_plan(
    access: NodesAccess, place: Place, component: str, version: str
) -> tuple[pb.ServiceSpec, pb.PlanDeployResponse, str]:
    """Return the definition to deploy, the node's plan for it, and where the definition is from.

    Raises:
        ServiceError: there is no definition, or the node does not plan it.
    """
    defined, origin = await find_definition(access, place)
    spec = with_version(defined, component, version)
    request = pb.PlanDeployRequest(spec=spec, component=component)
    answer: pb.PlanDeployResponse = await access.read(place.node, "PlanDeploy", request)
    return spec, answer, origin


async def plan_deploy(access: NodesAccess, place: Place, component: str, version: str) -> PlanView:
    """Return what a deployment of a service would do now."""
    spec, plan, origin = await make_plan(access, place, component, version)
    steps = describe_steps(plan)
    kept = bounded(steps, ROOM, count_tokens)
    is_cut = kept != steps
    chosen = "".join(f", {name} {value}" for name, value in (("component", component), ("version", version)) if value)
    return PlanView(
        service=str(place),
        plan=plan.plan,
        changes=plan.changes,
        steps=tuple(kept[:-1] if is_cut else kept),
        definition=origin,
        left_out=kept[-1] if is_cut else "",
        notes=tuple(describe_definition(spec, origin, version)),
        next_step=f"Do exactly this with nodes_deploy_service, plan {plan.plan}{chosen}, if this role may"
        if plan.changes
        else "Nothing to deploy: everything is as defined",
    )


def describe_definition(spec: pb.ServiceSpec, origin: str, version: str) -> list[str]:
    """Return what a person should know of the definition that is deployed, a sentence each."""
    notes = []
    if not spec.active:
        notes.append("The service is defined as not active: start it before it can be deployed")
    if version and origin == FROM_FOLDER:
        notes.append(f"Its file does not say {version}: unless someone writes it there, the next deployment goes back")
    return notes


def describe_steps(plan: pb.PlanDeployResponse) -> list[str]:
    """Return each step of a plan on one line: `web: replace, image r/web:v1 -> r/web:v2`."""
    lines = []
    for step in plan.steps:
        changes = one_line(describe_changes(step.changes), REASON_WIDTH)
        why = f": {one_line(step.reason, REASON_WIDTH)}" if step.reason else ""
        lines.append(f"{step.component}: {one_line(step.action, NAME_WIDTH)}{f', {changes}' if changes else ''}{why}")
    return lines
