"""The manifests of docker/k8s: valid, closed, and in agreement with each other."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from drone_mcp_config.secret_recognition import names_a_secret
from support.kubernetes import hold_to_schema
from support.snapshots import hold

pytestmark = pytest.mark.checkout

FOLDER = Path(__file__).parents[2] / "docker" / "k8s"
DOCKERFILE = FOLDER.parent / "Dockerfile"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))


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
