"""The daemon on real podman, over gRPC: progress, logs, events, secrets, and what its monitor finds."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import grpc
import grpc.aio
import pytest

from drone_mcp_nodes_api.wire import agent_pb2 as pb
from support.node_daemon import NodeDaemon, NodeFolder, make_node, node_daemon
from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from drone_mcp_nodes_api.wire.agent_pb2_grpc import McpAgentServiceStub
    from support.podman import PodmanHost

pytestmark = pytest.mark.podman

QUICK = {"interval": 2, "flap_restarts": 3, "flap_window": 60}


@contextmanager
def running(host: PodmanHost, node: NodeFolder) -> Iterator[NodeDaemon]:
    with node_daemon(node, within=host.inside(), **host.environment) as daemon:
        yield daemon


def shop(host: PodmanHost, *cmd: str, version: str = "v1.0.0", restart: str = "no", **more: object) -> pb.ServiceSpec:
    component = pb.ComponentSpec(name="api", image=host.image(version), cmd=cmd, restart=restart, **more)  # type: ignore[arg-type]
    component.stop_timeout.FromSeconds(1)
    return pb.ServiceSpec(name="shop", node="web-1", active=True, components=[component])


async def deploy(stub: McpAgentServiceStub, spec: pb.ServiceSpec) -> pb.DeployResponse:
    response = await stub.Deploy(pb.DeployRequest(spec=spec))
    assert [result.error for result in response.results if not result.ok] == []
    return response


async def events_until(stub: McpAgentServiceStub, kind: str, detail: str = "") -> list[pb.Event]:
    """Follow the events of a node from its first one to one of a kind, with this text in its detail."""
    seen = []
    async for event in stub.WatchEvents(pb.WatchEventsRequest(after=-1), timeout=PATIENCE):
        seen.append(event)
        if event.kind == kind and detail in event.detail:
            break
    return seen


async def test_a_deployment_shows_progress_and_its_service_can_be_read_and_followed(
    podman: PodmanHost, tmp_path: Path
) -> None:
    with running(podman, make_node(tmp_path / "node", podman="podman")) as daemon:
        async with daemon.client() as alice, daemon.client("bob") as bob:
            script = "echo begun; echo wrong >&2; sleep 1; echo later; exec sleep 600"
            spec = shop(podman, "sh", "-c", script)
            updates = [update async for update in alice.StreamDeploy(pb.DeployRequest(spec=spec))]
            phases = {update.progress.phase for update in updates[:-1]}
            assert {"create", "start"} <= phases
            assert updates[-1].response.revision == 1

            node = await bob.GetNode(pb.GetNodeRequest())
            assert (node.runtime, node.runtime_error) == ("podman", "")
            followed: list[pb.LogLine] = []
            async for line in bob.ReadLogs(pb.ReadLogsRequest(service="shop", follow=True), timeout=PATIENCE):
                followed.append(line)
                if len(followed) == 3:  # in any order: the two streams are read side by side
                    break
            assert {(line.stream, line.text) for line in followed} == {
                ("stdout", "begun"),
                ("stderr", "wrong"),
                ("stdout", "later"),
            }
            last = [line async for line in bob.ReadLogs(pb.ReadLogsRequest(service="shop", component="api", tail=1))]
            assert [(line.component, line.text) for line in last] == [("api", "later")]
            status = await bob.GetServiceStatus(pb.GetServiceStatusRequest(service="shop"))
            assert status.service.components[0].observed == pb.STATE_RUNNING
            assert "alice" in {event.by for event in status.events}
            assert (await bob.ListServices(pb.ListServicesRequest())).services[0].name == "shop"
            assert (await bob.ListRevisions(pb.ListRevisionsRequest(service="shop"))).revisions[0].by == "alice"

            soon = pb.ReadLogsRequest(service="shop")
            soon.since.CopyFrom(next(line.at for line in followed if line.text == "later"))
            assert [line.text async for line in bob.ReadLogs(soon)] == ["later"]

            await anyio.to_thread.run_sync(podman.podman, "rm", "--force", "--time", "0", "shop-api")
            for name, follow in (("none", False), ("shop", False), ("shop", True)):
                missing = bob.ReadLogs(pb.ReadLogsRequest(service=name, follow=follow))
                with pytest.raises(grpc.aio.AioRpcError) as error:
                    await missing.read()
                assert error.value.code() == grpc.StatusCode.NOT_FOUND


async def test_a_deployment_goes_on_when_its_caller_leaves(podman: PodmanHost, tmp_path: Path) -> None:
    with running(podman, make_node(tmp_path / "node", podman="podman")) as daemon:
        async with daemon.client() as alice:
            stream = alice.StreamDeploy(pb.DeployRequest(spec=shop(podman, "sleep", "600")))
            await stream.read()
            stream.cancel()
        async with daemon.client() as alice:
            seen = await events_until(alice, "deployed")
        assert seen[-1].service == "shop"
    assert podman.podman("ps", "--format", "{{.Names}}") == "shop-api"


async def test_a_secret_reaches_its_container_as_a_file_and_shows_nowhere_else(
    podman: PodmanHost, tmp_path: Path
) -> None:
    node = make_node(tmp_path / "node", podman="podman")
    value = b"correct horse\n"
    with running(podman, node) as daemon:
        async with daemon.client() as alice, daemon.client("bob") as bob:
            await alice.PutSecret(pb.PutSecretRequest(name="db", value=b"an older one"))
            await alice.PutSecret(pb.PutSecretRequest(name="db", value=value))
            spec = shop(podman, "sleep", "600", secrets=[pb.SecretRef(name="db", file="/run/secrets/db")])
            await deploy(alice, spec)
            listed = (await bob.ListSecrets(pb.ListSecretsRequest())).secrets
            assert [(secret.name, list(secret.used_by)) for secret in listed] == [("db", ["shop/api"])]
            with pytest.raises(grpc.aio.AioRpcError, match="The secret db is used by shop/api"):
                await alice.DeleteSecret(pb.DeleteSecretRequest(name="db"))
            for name, bad in (("../db", b"x"), ("db", b""), ("db", b"x" * 600_000)):
                with pytest.raises(grpc.aio.AioRpcError) as error:
                    await alice.PutSecret(pb.PutSecretRequest(name=name, value=bad))
                assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
            assert podman.run("podman", "exec", "shop-api", "cat", "/run/secrets/db").stdout.encode() == value
            assert "correct horse" not in podman.podman("inspect", "shop-api")
            assert (
                b"correct horse"
                not in str(await bob.GetServiceStatus(pb.GetServiceStatusRequest(service="shop"))).encode()
            )

            await alice.RemoveService(pb.RemoveServiceRequest(service="shop"))
            await alice.DeleteSecret(pb.DeleteSecretRequest(name="db"))
            assert not (await bob.ListSecrets(pb.ListSecretsRequest())).secrets
        _, log = daemon.stop()
    assert ("DeleteSecret", "db", "OK") in [
        (line["operation"], line.get("secret_name"), line["outcome"]) for line in node.audited()
    ]
    kept = [path.read_bytes() for path in [*node.state.rglob("*"), node.audit] if path.is_file()]
    assert not [True for content in [*kept, log.encode()] if b"correct horse" in content]


@pytest.fixture
def alerts(tmp_path: Path) -> Path:
    """A program that adds its variables to the file next to it, as a line of JSON."""
    program = tmp_path / "alert"
    script = (
        f"#!{sys.executable}\nimport json, os\n"
        "with open(__file__ + '.log', 'a') as log:\n"
        "    print(json.dumps({k: v for k, v in os.environ.items() if k[:4] == 'MCP_'}), file=log)\n"
    )
    program.write_text(script)
    program.chmod(0o755)
    return program


def alerted(program: Path) -> list[dict[str, str]]:
    log = program.with_name(f"{program.name}.log")
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


async def test_a_component_that_flaps_between_two_looks_is_found_and_reported_once(
    podman: PodmanHost, tmp_path: Path, alerts: Path
) -> None:
    node = make_node(tmp_path / "node", podman="podman", monitor=QUICK, alerts={"command": [str(alerts)]})
    with running(podman, node) as daemon:
        async with daemon.client() as alice:
            script = "until [ -e /x ]; do sleep 0.1; done; sleep 0.4; exit 3"
            await deploy(alice, shop(podman, "sh", "-c", script, restart="always"))
            await anyio.to_thread.run_sync(podman.podman, "exec", "shop-api", "touch", "/x")
            # A look between two runs may find it down first.
            seen = await events_until(alice, "alert", "flapping")
        assert any(event.kind == "flapping" and event.component == "api" for event in seen)
        assert sum(event.kind == "died" for event in seen) > 0
    (alert,) = [line for line in alerted(alerts) if line["MCP_KIND"] == "flapping"]
    assert (alert["MCP_NODE"], alert["MCP_SERVICE"], alert["MCP_COMPONENT"]) == ("web-1", "shop", "api")

    with running(podman, node) as daemon:  # the cooldown outlives the daemon
        async with daemon.client("bob") as bob:
            begin = (await bob.ListEvents(pb.ListEventsRequest(limit=1))).events[0].id
            async for event in bob.WatchEvents(pb.WatchEventsRequest(after=begin), timeout=PATIENCE):
                if event.kind == "died" and event.id > begin + 2:
                    break
    kinds = [line["MCP_KIND"] for line in alerted(alerts)]
    assert len(kinds) == len(set(kinds))


async def test_a_container_that_somebody_stops_is_reported_at_once_and_an_alert_that_fails_is_on_record(
    podman: PodmanHost, tmp_path: Path
) -> None:
    node = make_node(
        tmp_path / "node", podman="podman", monitor={"interval": 600}, alerts={"command": ["/bin/sh", "-c", "exit 9"]}
    )
    with running(podman, node) as daemon:
        async with daemon.client() as alice:
            await deploy(alice, shop(podman, "sleep", "600"))
            await anyio.to_thread.run_sync(podman.podman, "kill", "shop-api")
            seen = await events_until(alice, "alert_failed")
    assert seen[-1].detail.startswith("The alert command ended with 9")
    assert [event.kind for event in seen if event.by == "monitor"] == ["down", "alert_failed"]


async def test_our_own_restarts_are_no_flapping(podman: PodmanHost, tmp_path: Path) -> None:
    node = make_node(tmp_path / "node", podman="podman", monitor={**QUICK, "flap_restarts": 2})
    with running(podman, node) as daemon:
        async with daemon.client() as alice:
            await deploy(alice, shop(podman, "sleep", "600"))
            for _ in range(2):
                await alice.RestartService(pb.RestartServiceRequest(service="shop"))
            begin = (await alice.GetNode(pb.GetNodeRequest())).monitored_at.ToNanoseconds()
            while (await alice.GetNode(pb.GetNodeRequest())).monitored_at.ToNanoseconds() == begin:
                pass
            events = (await alice.ListEvents(pb.ListEventsRequest())).events
    assert not [event for event in events if event.by == "monitor"]


async def test_a_snapshot_of_a_running_node_can_be_restored(podman: PodmanHost, tmp_path: Path) -> None:
    node = make_node(tmp_path / "node", podman="podman", snapshots={"keep": 1})
    command = [sys.executable, "-m", "drone_mcp_node_agent", "snapshot", "--config", str(node.configuration)]
    with running(podman, node) as daemon:
        async with daemon.client() as alice:
            await deploy(alice, shop(podman, "sleep", "600"))
            taken = (await anyio.run_process(command)).stdout.decode().strip()
            await alice.RemoveService(pb.RemoveServiceRequest(service="shop"))
        daemon.stop()
    snapshots = [*(node.state / "snapshots").iterdir()]
    assert [str(path) for path in snapshots] == [taken]
    assert snapshots[0].stat().st_mode & 0o777 == 0o600

    for path in node.state.glob("registry.db*"):
        path.unlink()
    snapshots[0].rename(node.state / "registry.db")
    with running(podman, node) as daemon:
        async with daemon.client("bob") as bob:
            services = (await bob.ListServices(pb.ListServicesRequest())).services
    assert [service.name for service in services] == ["shop"]
