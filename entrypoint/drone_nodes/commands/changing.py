"""Changes what runs: deploys, stops, starts, restarts, rolls back, synchronises, adopts and removes."""

from __future__ import annotations

import uuid
from collections import defaultdict
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import typer

from ci_mcp_kit.errors import UnexpectedAnswer
from drone_mcp_nodes_api.client import CHANGE_SECONDS
from drone_mcp_nodes_api.definitions.files import find_definition, load_folder, write_definition
from drone_mcp_nodes_api.definitions.messages import make_duration, to_message
from drone_mcp_nodes_api.wire import agent_pb2 as pb
from drone_nodes import exit_codes
from drone_nodes.pages import tables
from drone_nodes.pages.printing import answer_to_json, print_json, print_note, print_page, to_json
from drone_nodes.pages.progress import show_progress
from drone_nodes.pages.words import clean
from drone_nodes.service_lookup import Target, find_node, find_spec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drone_mcp_nodes_api.client import NodeClient
    from drone_mcp_nodes_api.definitions.model import Service
    from drone_nodes.session import Session


async def deploy(
    session: Session,
    target: Target,
    node: str | None,
    *,
    force: bool,
    plan: str,
    keep_on_failure: bool,
    seconds: float,
    as_json: bool,
) -> int:
    """Deploy a service or one of its components, with progress on the way."""
    _, service = await find_spec(session, target.service, node)
    client = session.client(service.node)
    request = pb.DeployRequest(
        spec=to_message(service),
        component=target.component,
        plan=plan,
        keep_on_failure=keep_on_failure,
        force=force,
        timeout=make_duration(seconds),
        idempotency_key=str(uuid.uuid4()),
    )
    return _show_deployment(await _deploy_with_progress(client, request, seconds), service.node, as_json=as_json)


async def roll_back(session: Session, service: str, node: str | None, *, revision: int, as_json: bool) -> int:
    """Deploy an earlier revision."""
    client = await find_node(session, service, node)
    request = pb.RollbackServiceRequest(service=service, revision=revision)
    answer = await client.call(client.methods.RollbackService, request, seconds=CHANGE_SECONDS)
    return _show_deployment(answer, client.endpoint.node, as_json=as_json)


async def set_active(session: Session, target: Target, node: str | None, *, active: bool, as_json: bool) -> int:
    """Start or stop a service or a component; for a whole service, write `active` into its definition."""
    client = await find_node(session, target.service, node)
    answer: pb.StartServiceResponse | pb.StopServiceResponse
    if active:
        start = pb.StartServiceRequest(service=target.service, component=target.component)
        answer = await client.call(client.methods.StartService, start, seconds=CHANGE_SECONDS)
    else:
        stop = pb.StopServiceRequest(service=target.service, component=target.component)
        answer = await client.call(client.methods.StopService, stop, seconds=CHANGE_SECONDS)
    code = _show_results(answer, answer.results, client.endpoint.node, as_json=as_json)
    if not target.component and code == exit_codes.DONE:
        file = find_definition(session.configuration.services, target.service)
        if file and file.service.active != active:
            write_definition(file.path, file.service.model_copy(update={"active": active}))
            print_note(f"{file.path}: active = {str(active).lower()}")
    return code


async def restart(session: Session, target: Target, node: str | None, *, as_json: bool) -> int:
    """Restart the containers of a service."""
    client = await find_node(session, target.service, node)
    request = pb.RestartServiceRequest(service=target.service, component=target.component)
    answer = await client.call(client.methods.RestartService, request, seconds=CHANGE_SECONDS)
    return _show_results(answer, answer.results, client.endpoint.node, as_json=as_json)


async def remove(session: Session, service: str, node: str | None, *, agreed: bool, as_json: bool) -> int:
    """Remove the containers of a service and forget it; its definition and its files stay."""
    client = await find_node(session, service, node)
    where = client.endpoint.node
    if not agreed and not typer.confirm(f"Remove all containers of {service} from {where}?", err=True):
        return exit_codes.REFUSED
    answer = await client.call(
        client.methods.RemoveService, pb.RemoveServiceRequest(service=service), seconds=CHANGE_SECONDS
    )
    return _show_results(answer, answer.results, where, as_json=as_json)


async def synchronise(session: Session, node: str | None, *, dry_run: bool, as_json: bool) -> int:
    """Send nodes their definitions in the services folder; each stops its inactive services."""
    wanted: dict[str, list[Service]] = defaultdict(list)
    for file in load_folder(session.configuration.services):
        if node in {None, file.service.node}:
            wanted[file.service.node].append(file.service)

    async def ask(client: NodeClient) -> pb.SyncDesiredStateResponse:
        services = [to_message(service) for service in wanted[client.endpoint.node]]
        request = pb.SyncDesiredStateRequest(services=services, dry_run=dry_run)
        return await client.call(client.methods.SyncDesiredState, request, seconds=CHANGE_SECONDS)

    answers = await session.ask(ask, [node] if node else {**dict.fromkeys(session.nodes), **dict.fromkeys(wanted)})
    if as_json:
        print_json({"nodes": [answer_to_json(answer) for answer in answers]})
    else:
        table = tables.make_table("NODE", "SERVICE", "CHANGE", "DETAILS")
        for answer in answers:
            if answer.value is None:
                table.add_row(answer.node, "-", clean("no answer", "red"), clean(str(answer.error), "red"))
                continue
            for summary in answer.value.summaries:
                style = {"failed": "red", "unchanged": "dim"}.get(summary.change, "yellow")
                details = clean("; ".join(summary.details))
                table.add_row(answer.node, clean(summary.service), clean(summary.change, style), details)
            for container in answer.value.ignored:
                table.add_row(answer.node, clean(container, "dim"), clean("ignored", "dim"), "not managed")
        print_page(table)
    failed = [answer.error for answer in answers if answer.error]
    if failed:
        return exit_codes.of_error(failed[0].code)
    changes = [summary.change for answer in answers if answer.value for summary in answer.value.summaries]
    return exit_codes.FAILED if "failed" in changes else exit_codes.DONE


async def adopt(session: Session, service: str, node: str | None, *, prefix: str, dry_run: bool, as_json: bool) -> int:
    """Manage containers that are on a node already, as a service."""
    client = session.client(node) if node else await find_node(session, service, None)
    request = pb.AdoptContainerRequest(service=service, prefix=prefix, dry_run=dry_run)
    answer = await client.call(client.methods.AdoptContainer, request, seconds=CHANGE_SECONDS)
    code = _show_results(answer, answer.results, client.endpoint.node, as_json=as_json)
    if code == exit_codes.DONE and not dry_run and not as_json:
        print_note(f"To write its definition: drone-nodes service export {service}")
    return code


async def _deploy_with_progress(client: NodeClient, request: pb.DeployRequest, seconds: float) -> pb.DeployResponse:
    with show_progress() as show:
        async with aclosing(client.stream(client.methods.StreamDeploy, request, seconds=seconds + 60)) as updates:
            async for update in updates:
                if update.HasField("response"):
                    return update.response
                show(update.progress)
    raise UnexpectedAnswer(
        f"Node {client.endpoint.node} ended the progress of the deployment without its outcome",
        next_step=f"Look at drone-nodes status {request.spec.name}",
    )


def _show_deployment(answer: pb.DeployResponse, node: str, *, as_json: bool) -> int:
    code = _show_results(answer, answer.results, node, as_json=as_json)
    if not as_json:
        if answer.reason and not any(answer.reason in result.error for result in answer.results):
            print_page(clean(answer.reason, "red"))
        if answer.rolled_back:
            print_page(clean("The old containers run again.", "yellow"))
    return exit_codes.FAILED if answer.rolled_back else code


def _show_results(answer: Any, results: Iterable[pb.Result], node: str, *, as_json: bool) -> int:
    if as_json:
        print_json({"node": node} | to_json(answer))
    else:
        print_page(tables.show_results(results))
    return exit_codes.DONE if all(result.ok for result in results) else exit_codes.FAILED
