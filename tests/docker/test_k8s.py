"""The manifests of docker/k8s: valid, closed, in agreement with each other, and their containers do start."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml

from drone_mcp_config.demo.processes import simulated
from drone_mcp_config.secret_recognition import names_a_secret
from support.http_process import HttpProcess, bearer
from support.kubernetes import Machine, Objects, hold_to_schema
from support.ports import free_port
from support.redis_server import binary, until_it_answers
from support.snapshots import hold

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.checkout

FOLDER = Path(__file__).parents[2] / "docker" / "k8s"
DOCKERFILE = FOLDER.parent / "Dockerfile"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))
PAGE = FOLDER.parents[1] / "docs" / "kubernetes.md"


def objects_in(folder: Path) -> list[dict[str, Any]]:
    names = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
    return [item for name in names for item in yaml.safe_load_all((folder / name).read_text(encoding="utf-8"))]


OBJECTS = objects_in(FOLDER)
OPTIONAL = objects_in(FOLDER / "prometheus")
MONITORS = [item for item in OPTIONAL if item["kind"] == "ServiceMonitor"]  # the others: test_alerts.py

# What is used here of ServiceMonitor, monitoring.coreos.com/v1: the Prometheus operator's API reference,
# https://prometheus-operator.dev/docs/api-reference/api/, ServiceMonitorSpec and Endpoint.
LABELS: dict[str, Any] = {"type": "object", "additionalProperties": {"type": "string"}}
SERVICE_MONITOR: dict[str, Any] = {
    "type": "object",
    "required": ["apiVersion", "kind", "metadata", "spec"],
    "additionalProperties": False,
    "properties": {
        "apiVersion": {"const": "monitoring.coreos.com/v1"},
        "kind": {"const": "ServiceMonitor"},
        "metadata": {"type": "object", "required": ["name"]},
        "spec": {
            "type": "object",
            "required": ["selector", "endpoints"],
            "additionalProperties": False,
            "properties": {
                "selector": {"type": "object", "properties": {"matchLabels": LABELS}, "additionalProperties": False},
                "endpoints": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {
                            "port": {"type": "string"},
                            "path": {"type": "string", "pattern": "^/"},
                            "interval": {"type": "string", "pattern": "^[0-9]+(ms|s|m|h)$"},
                        },
                    },
                },
            },
        },
    },
}


def named(item: dict[str, Any]) -> str:
    return f"{item['kind']}/{item['metadata']['name']}"


def of(*kinds: str) -> list[dict[str, Any]]:
    return [item for item in OBJECTS if item["kind"] in kinds]


WORKLOADS = of("Deployment", "StatefulSet")


def pod(workload: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = workload["spec"]["template"]["spec"]
    return spec


def container(workload: dict[str, Any]) -> dict[str, Any]:
    (only,) = pod(workload)["containers"]
    return dict(only)


def selected(labels: dict[str, str]) -> list[dict[str, Any]]:
    return [item for item in WORKLOADS if labels.items() <= item["spec"]["template"]["metadata"]["labels"].items()]


def ports(workload: dict[str, Any]) -> dict[str, int]:
    return {port["name"]: port["containerPort"] for port in container(workload)["ports"]}


@pytest.mark.parametrize("item", OBJECTS + MONITORS, ids=named)
def test_an_object_is_what_its_kind_may_be(item: dict[str, Any]) -> None:
    if item["kind"] == "ServiceMonitor":
        jsonschema.validate(item, SERVICE_MONITOR)
    else:
        hold_to_schema(item)
    assert item["metadata"]["labels"]["app.kubernetes.io/part-of"] == "drone-mcp"


def test_every_file_belongs_to_the_whole() -> None:
    assert sorted(KUSTOMIZATION["resources"]) == sorted(
        path.name for path in FOLDER.iterdir() if path.is_file() and path.name != "kustomization.yaml"
    )
    assert len({named(item) for item in OBJECTS + OPTIONAL}) == len(OBJECTS + OPTIONAL)


def test_what_is_applied_needs_no_operator() -> None:
    ours = {"apps/v1", "networking.k8s.io/v1", "policy/v1", "v1"}  # Kubernetes itself serves these
    assert {item["apiVersion"] for item in OBJECTS} <= ours


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="needs kubectl")
def test_what_is_applied_is_the_snapshot() -> None:
    made = subprocess.run(["kubectl", "kustomize", str(FOLDER)], capture_output=True, text=True, check=True).stdout
    hold(Path(__file__).parent / "snapshots" / "k8s.yaml", made)


@pytest.mark.parametrize("workload", WORKLOADS, ids=named)
def test_a_container_may_do_nothing_that_it_does_not_need(workload: dict[str, Any]) -> None:
    spec, one = pod(workload), container(workload)
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert one["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert set(one["resources"]) == {"requests", "limits"}
    assert {"startupProbe", "livenessProbe"} <= one.keys()


def test_no_secret_is_held_here() -> None:
    assert of("Secret") == []
    given = [variable for workload in WORKLOADS for variable in container(workload).get("env", ())]
    literal = [variable["name"] for variable in given if "value" in variable]
    assert [name for name in literal if names_a_secret(name)] == []
    assert {name for name in literal if name.endswith("_FILE")}


def test_what_can_go_is_there_twice_and_one_of_the_two_stays() -> None:
    for workload in of("Deployment"):
        assert workload["spec"]["replicas"] == 2
        (budget,) = [item for item in of("PodDisruptionBudget") if named(item).endswith(workload["metadata"]["name"])]
        assert budget["spec"]["minAvailable"] == 1
        assert selected(budget["spec"]["selector"]["matchLabels"]) == [workload]


@pytest.mark.parametrize("workload", WORKLOADS, ids=named)
def test_a_workload_selects_its_own_pods_and_has_a_service_that_does(workload: dict[str, Any]) -> None:
    assert selected(workload["spec"]["selector"]["matchLabels"]) == [workload]
    services = [item for item in of("Service") if selected(item["spec"]["selector"]) == [workload]]
    assert [service["metadata"]["name"] for service in services] == [workload["metadata"]["name"]]
    assert {port["targetPort"] for port in services[0]["spec"]["ports"]} == set(ports(workload))


def test_policies_open_ports_that_are_there() -> None:
    for policy in of("NetworkPolicy"):
        component = policy["spec"]["podSelector"].get("matchLabels", {}).get("app.kubernetes.io/component")
        for rule in policy["spec"].get("ingress", ()):
            for workload in selected({"app.kubernetes.io/component": component}):
                assert {port["port"] for port in rule["ports"]} <= set(ports(workload))


def test_all_is_closed_but_for_agents() -> None:
    (closed,) = [item for item in of("NetworkPolicy") if "ingress" not in item["spec"] and "egress" not in item["spec"]]
    assert closed["spec"]["policyTypes"] == ["Ingress", "Egress"]


def test_prometheus_finds_the_ports_that_it_is_sent_to() -> None:
    assert MONITORS
    for monitor in MONITORS:
        labels = monitor["spec"]["selector"]["matchLabels"]
        services = [item for item in of("Service") if labels.items() <= item["metadata"]["labels"].items()]
        assert services
        for service in services:
            there = {port["name"] for port in service["spec"]["ports"]}
            assert {endpoint["port"] for endpoint in monitor["spec"]["endpoints"]} <= there


def test_the_images_are_those_of_the_dockerfile_with_what_starts_them() -> None:
    text = DOCKERFILE.read_text(encoding="utf-8")
    pinned = {image["name"]: image["newTag"] for image in KUSTOMIZATION["images"]}
    assert {container(workload)["image"] for workload in WORKLOADS} == set(pinned)
    for workload in WORKLOADS:
        image, command = container(workload)["image"], container(workload)["command"]
        if image.startswith("drone-mcp"):
            stage = "webhooks" if image == "drone-mcp-webhooks" else "role"
            assert f'ENTRYPOINT ["{command[0]}"]' in text.partition(f" AS {stage}\n")[2].partition("\nFROM")[0]
            assert f"EXPOSE {ports(workload)['http']}" in text
            assert pod(workload)["securityContext"]["runAsUser"] == 10001


def test_the_two_served_roles_differ_in_what_they_may_do_alone() -> None:
    dev, ops = (
        (FOLDER / f"served-{role}.yaml").read_text(encoding="utf-8").partition("apiVersion")[2].replace(role, "ROLE")
        for role in ("dev", "ops")
    )
    key = re.search(r" +- name: DRONE_MCP_ACTION_KEY.*?key: action-key\n", ops, re.DOTALL)
    assert key
    assert ops.replace(key[0], "") == dev


def block(language: str, before: str) -> str:
    """Returns the first block of code in the language that follows a text of the page."""
    return PAGE.read_text(encoding="utf-8").partition(before)[2].partition(f"```{language}\n")[2].partition("```")[0]


def referred_secrets() -> dict[str, set[str]]:
    """Returns the keys of each Secret that containers and volumes refer to."""
    keys: dict[str, set[str]] = {}
    for workload in WORKLOADS:
        for variable in container(workload).get("env", ()):
            reference = variable.get("valueFrom", {}).get("secretKeyRef")
            if reference:
                keys.setdefault(reference["name"], set()).add(reference["key"])
        for volume in pod(workload).get("volumes", ()):
            if "secret" in volume:
                keys.setdefault(volume["secret"]["secretName"], set()).update(
                    item["key"] for item in volume["secret"]["items"]
                )
    return keys


def test_the_page_creates_every_secret_after_its_namespace_and_shows_none(tmp_path: Path) -> None:
    (tmp_path / "kubectl").write_text('#!/bin/sh\npwd >>"$CALLS"\necho "$*" >>"$CALLS"\n', encoding="utf-8")
    (tmp_path / "editor").write_text('#!/bin/sh\necho typed-by-a-person >"$1"\n', encoding="utf-8")
    for program in ("kubectl", "editor"):
        (tmp_path / program).chmod(0o755)
    calls = tmp_path / "calls"
    environment = {
        "PATH": f"{tmp_path}:/usr/bin:/bin",
        "CALLS": str(calls),
        "EDITOR": str(tmp_path / "editor"),
        "TMPDIR": str(tmp_path),
    }
    commands = block("sh", "<!-- secrets: begin -->")
    subprocess.run(["/bin/sh", "-euc", commands], env=environment, cwd=FOLDER.parents[1], check=True)

    lines = calls.read_text(encoding="utf-8").splitlines()
    assert lines[1] == "apply -f docker/k8s/namespace.yaml"
    made: dict[str, dict[str, str]] = {}
    for folder, line in zip(lines[2::2], lines[3::2], strict=True):
        created = re.fullmatch(r"-n drone-mcp create secret generic (\S+) (.+)", line)
        assert created, line
        files = [word.removeprefix("--from-file=") for word in created[2].split()]
        made[created[1]] = {
            file.partition("=")[0]: (Path(folder) / file.rpartition("=")[2]).read_text(encoding="utf-8")
            for file in files
        }
    assert {name: set(keys) for name, keys in made.items()} == referred_secrets()
    values = [value.strip() for keys in made.values() for value in keys.values()]
    assert all(len(value) > 10 for value in values)
    assert not any(value in line for value in values for line in lines)
    password = made["drone-mcp-redis"]["auth.conf"].removeprefix("requirepass ").strip()
    assert made["drone-mcp-redis"]["url"] == f"redis://:{password}@drone-mcp-redis:6379/0"


def test_the_page_waits_for_every_workload() -> None:
    waited = re.findall(r"(\w+)/(\S+?)[ ;]", block("sh", "**3. Apply it**"))
    assert sorted(waited) == sorted((item["kind"].lower(), item["metadata"]["name"]) for item in WORKLOADS)


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="needs kubectl")
def test_the_kustomization_of_the_page_is_one(tmp_path: Path) -> None:
    text = block("yaml", "**2. Your kustomization**").replace("# components:", "components:")
    text = re.sub(r"\[github\.com/\S+?(docker/k8s[a-z/]*)\?ref=\S+?\]", r"[\1]", text)
    shutil.copytree(FOLDER, tmp_path / "docker" / "k8s")
    (tmp_path / "kustomization.yaml").write_text(text, encoding="utf-8")
    made = subprocess.run(["kubectl", "kustomize", str(tmp_path)], capture_output=True, text=True, check=True).stdout
    items = list(yaml.safe_load_all(made))
    assert sorted(map(named, items)) == sorted(map(named, OBJECTS + OPTIONAL))
    images = {container(item)["image"] for item in items if item["kind"] in {"Deployment", "StatefulSet"}}
    assert {image for image in images if "drone-mcp" in image} == {
        f"registry.example.com/drone-mcp-{name}:0.1.0" for name in ("webhooks", "dev", "ops")
    }
    (settings,) = [item for item in items if item["kind"] == "ConfigMap"]
    assert settings["data"] == {"DRONE_SERVER": "https://drone.your.org"}


SECRETS = {
    "drone-mcp-webhook": {"secret": "w" * 32},
    "drone-mcp-dev": {"caller-token": "dev-caller-" + "d" * 32},
    "drone-mcp-ops": {"caller-token": "ops-caller-" + "o" * 32, "action-key": "k" * 32},
}


@contextmanager
def started(machine: Machine, workload: dict[str, Any], *more: str) -> Iterator[HttpProcess]:
    """Run a container as its manifest has it, but at a port that is free here."""
    one = container(workload)
    machine.mount(pod(workload))
    free = [re.sub(r"^(0\.0\.0\.0):\d+$", r"\1:0", word) for word in machine.command(one)]
    environment = {**machine.variables(one), "DRONE_MCP_METRICS_LISTEN": "0.0.0.0:0"}
    if not any(variable["name"] == "DRONE_MCP_METRICS_LISTEN" for variable in one["env"]):
        del environment["DRONE_MCP_METRICS_LISTEN"]
    with subprocess.Popen(
        [*free, *more], env=environment, cwd=machine.root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout
            assert process.stderr
            line = process.stdout.readline()
            assert line, process.stderr.read()
            yield HttpProcess(process, json.loads(line.replace("0.0.0.0", "127.0.0.1")))  # noqa: S104 - all addresses
        finally:
            process.kill()


def workload_of(name: str) -> dict[str, Any]:
    return next(item for item in WORKLOADS if item["metadata"]["name"] == name)


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """Run Redis as its manifest has it, at a port that is free here; yields the address that others are given."""
    workload = workload_of("drone-mcp-redis")
    machine = Machine(folder, Objects(secrets={"drone-mcp-redis": {"auth.conf": "requirepass hunter2\n"}}))
    machine.mount(pod(workload))
    (folder / "data").mkdir()
    port = free_port()
    command = machine.command(container(workload))
    command[0] = binary()
    with (folder / "redis.log").open("wb") as log:
        process = subprocess.Popen([*command, "--port", str(port)], stdout=log, stderr=log)
    try:
        url = f"redis://:hunter2@127.0.0.1:{port}/0"
        until_it_answers(url)
        yield url
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Machine]]:
    """A machine for each workload, with Redis and a Drone running and every Secret and ConfigMap there."""
    folder = tmp_path_factory.mktemp("k8s")
    with ExitStack() as stack:
        url = stack.enter_context(redis(folder / "redis"))
        (folder / "drone").mkdir()
        drone = stack.enter_context(simulated(folder / "drone", keep=False))
        objects = Objects(
            {"drone-mcp": {"DRONE_SERVER": drone.url}},
            {**SECRETS, "drone-mcp-redis": {"url": url}, "drone-mcp-drone": {"token": drone.token}},
        )
        yield {name: Machine(folder / name, objects) for name in ("receiver", "dev", "ops")}


running = pytest.mark.skipif(sys.platform != "linux" or os.name != "posix", reason="containers")


@running
def test_the_receiver_starts_and_is_ready_with_redis(machines: dict[str, Machine]) -> None:
    workload = workload_of("drone-mcp-receiver")
    with started(machines["receiver"], workload) as receiver:
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            assert receiver.ask(container(workload)[probe]["httpGet"]["path"], "GET").status_code == 200
        assert "drone_mcp_feed_alive" in receiver.ask("/metrics", "GET").text


@running
@pytest.mark.parametrize(("role", "tool"), [("dev", "drone_list_builds"), ("ops", "drone_list_builds")])
async def test_a_served_role_starts_and_answers_agents_by_the_name_of_its_service(
    machines: dict[str, Machine], role: str, tool: str
) -> None:
    workload = workload_of(f"drone-mcp-{role}")
    with started(machines[role], workload) as served:
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            assert served.ask(container(workload)[probe]["httpGet"]["path"], "GET").status_code == 200
        token = SECRETS[f"drone-mcp-{role}"]["caller-token"]
        name = {"host": f"drone-mcp-{role}:8080"}
        assert served.ask("/builds/mcp", **name).status_code == 401
        assert served.ask("/builds/mcp", **{**name, "host": "elsewhere"}, **bearer(token)).status_code == 421
        async with served.client("/builds/mcp", **name, **bearer(token)) as client:
            result = await client.call_tool(tool, {"repo": "octo/hello", "limit": 1})
            assert result.structured_content
            assert result.structured_content["builds"]
        assert any(name.startswith("drone_mcp_") for name in served.metrics())
