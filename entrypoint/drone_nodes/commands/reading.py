"""Shows services and containers: what is registered, what runs, what would change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drone_mcp_nodes_api.client import CHANGE_SECONDS
from drone_mcp_nodes_api.definitions.messages import to_message
from drone_mcp_nodes_api.wire import agent_pb2 as pb
from drone_nodes import exit_codes
from drone_nodes.pages import tables
from drone_nodes.pages.printing import answer_to_json, print_json, print_page, to_json
from drone_nodes.pages.words import clean, format_time
from drone_nodes.service_lookup import Target, find_node, find_spec

if TYPE_CHECKING:
    from drone_mcp_nodes_api.client import NodeClient
    from drone_nodes.session import Session


async def list_services(session: Session, node: str | None, *, as_json: bool) -> int:
    """Show what the registries of all nodes know."""

    async def ask(client: NodeClient) -> pb.ListServicesResponse:
        return await client.call(client.methods.ListServices, pb.ListServicesRequest())

    answers = await session.ask(ask, [node] if node else None)
    if as_json:
        print_json({"nodes": [answer_to_json(answer) for answer in answers]})
    else:
        print_page(tables.show_services(answers))
    return exit_codes.DONE


async def list_containers(session: Session, service: str, node: str | None, *, as_json: bool) -> int:
    """Ask the container runtime of all nodes what runs."""

    async def ask(client: NodeClient) -> pb.LiveCheckResponse:
        return await client.call(client.methods.LiveCheck, pb.LiveCheckRequest(service=service), seconds=60)

    nodes = [(await find_node(session, service, node)).endpoint.node] if service else [node] if node else None
    answers = await session.ask(ask, nodes)
    if as_json:
        print_json({"nodes": [answer_to_json(answer) for answer in answers]})
    else:
        print_page(tables.show_containers(answers))
    return exit_codes.DONE


async def show_status(session: Session, service: str, node: str | None, *, events: int, as_json: bool) -> int:
    """Show how a service stands, why, and what happened to it."""
    client = await find_node(session, service, node)
    request = pb.GetServiceStatusRequest(service=service, events_limit=events)
    answer = await client.call(client.methods.GetServiceStatus, request, seconds=60)
    if as_json:
        print_json({"node": client.endpoint.node} | to_json(answer))
        return exit_codes.DONE
    found = answer.service
    head = f"{found.name} on {client.endpoint.node}, revision {found.revision or '-'}" + (
        "" if found.active else ", stopped by definition"
    )
    print_page(clean(f"{head}: {found.operation} is under way" if found.operation else head, "bold"))
    if found.reason:
        print_page(clean(found.reason, "red"))
    print_page(tables.show_components(found), *tables.show_drift(found))
    if answer.events:
        print_page("", tables.show_events(reversed(answer.events)))
    return exit_codes.DONE


async def show_plan(session: Session, target: Target, node: str | None, *, force: bool, as_json: bool) -> int:
    """Show what a deployment would do, without doing it."""
    _, service = await find_spec(session, target.service, node)
    client = session.client(service.node)
    request = pb.PlanDeployRequest(spec=to_message(service), component=target.component, force=force)
    plan = await client.call(client.methods.PlanDeploy, request, seconds=CHANGE_SECONDS)
    if as_json:
        print_json({"node": service.node} | to_json(plan))
        return exit_codes.DONE
    print_page(tables.show_steps(plan))
    if plan.changes:
        print_page("", f"To do exactly this: drone-nodes deploy {target.service} --plan {plan.plan}")
    else:
        print_page("", "Nothing to do.")
    return exit_codes.DONE


async def list_revisions(session: Session, service: str, node: str | None, *, limit: int, as_json: bool) -> int:
    """Show what was deployed, newest first."""
    client = await find_node(session, service, node)
    request = pb.ListRevisionsRequest(service=service, limit=limit)
    answer = await client.call(client.methods.ListRevisions, request)
    if as_json:
        print_json({"node": client.endpoint.node} | to_json(answer))
        return exit_codes.DONE
    table = tables.make_table("REVISION", "TIME", "BY", "OUTCOME", "IMAGES")
    for revision in answer.revisions:
        images = ", ".join(component.image for component in revision.spec.components)
        cells = (revision.by, revision.outcome, images)
        table.add_row(str(revision.number), format_time(revision.at), *map(clean, cells))
    print_page(table)
    return exit_codes.DONE
