"""The Helm chart renders the manifests of docker/k8s, and what its values change is valid for Kubernetes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from drone_mcp_config.serving.callers import hash_of
from support.http_process import bearer, serving
from support.kubernetes import Machine, Objects, hold_to_schema

pytestmark = pytest.mark.checkout

ROOT = Path(__file__).parents[2]
CHART = ROOT / "docker" / "helm"
MANIFESTS = ROOT / "docker" / "k8s"
BUILT = ROOT / ".cache" / "helm" / "bin"  # by scripts/build-helm

ByName = dict[str, dict[str, Any]]


def render(folder: Path, values: str = "", release: str = "drone-mcp") -> subprocess.CompletedProcess[str]:
    """Render the chart with some values; without the program, the test is skipped, and fails in CI."""
    helm = shutil.which("helm") or shutil.which("helm", path=str(BUILT))
    if helm is None:
        missing = "needs the program helm (scripts/build-helm)"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    file = folder / "values.yaml"
    file.write_text(values, encoding="utf-8")
    command = [helm, "template", release, str(CHART), "--namespace", "drone-mcp", "--kube-version", "1.30.0"]
    home = {"HOME": str(folder), "PATH": os.environ["PATH"]}
    return subprocess.run(
        [*command, "--values", str(file)], env=home, capture_output=True, text=True, check=False, timeout=100
    )


def rendered(folder: Path, values: str = "", release: str = "drone-mcp") -> ByName:
    done = render(folder, values, release)
    assert done.returncode == 0, done.stderr
    return by_name(done.stdout)


def by_name(text: str) -> ByName:
    items = [item for item in yaml.safe_load_all(text) if item]
    found = {f"{item['kind']}/{item['metadata']['name']}": item for item in items}
    assert len(found) == len(items)
    return found


def kustomized() -> ByName:
    """Return the objects of docker/k8s with the images that its kustomization names."""
    kustomization = yaml.safe_load((MANIFESTS / "kustomization.yaml").read_text(encoding="utf-8"))
    text = "\n---\n".join((MANIFESTS / name).read_text(encoding="utf-8") for name in kustomization["resources"])
    for image in kustomization["images"]:
        text = re.sub(rf"image: {image['name']}$", rf"\g<0>:{image['newTag']}", text, flags=re.MULTILINE)
    objects = by_name(text)
    del objects["Namespace/drone-mcp"]  # Helm creates it: --create-namespace
    return objects


def container(workload: dict[str, Any]) -> dict[str, Any]:
    (only,) = workload["spec"]["template"]["spec"]["containers"]
    return dict(only)


def test_without_values_the_chart_is_what_kustomize_applies(tmp_path: Path) -> None:
    assert rendered(tmp_path) == kustomized()


def test_with_the_prometheus_operator_it_has_the_same_monitors_and_alerts(tmp_path: Path) -> None:
    component = MANIFESTS / "prometheus"
    expected = by_name(
        "\n---\n".join((component / f"{name}.yaml").read_text() for name in ("rules", "service-monitor"))
    )
    assert rendered(tmp_path, "prometheus: true") == {**kustomized(), **expected}


EVERYTHING = """
droneServer: https://drone.your.org
images: {registry: registry.example.com/ci/, tag: 1.2.3}
receiver:
  replicas: 1
  ingress: {host: hooks.your.org, className: nginx, tlsSecret: hooks-tls}
redis: {enabled: false}
served:
  dev:
    role: dev
    autoscaling: {minReplicas: 2, maxReplicas: 6, percentage: 70}
  ops: null
  teams: {callers: true, image: drone-mcp-admin, replicas: 3, actionKey: true, rolesConfigMap: our-roles}
prometheus: true
"""


def test_every_object_of_other_values_is_what_its_kind_may_be(tmp_path: Path) -> None:
    objects = rendered(tmp_path, EVERYTHING, "ci")
    for name, item in objects.items():
        if item["apiVersion"] != "monitoring.coreos.com/v1":
            hold_to_schema(item)
        assert item["metadata"]["labels"]["app.kubernetes.io/part-of"] == "drone-mcp", name
        assert item["metadata"]["name"].startswith("ci")
    assert "StatefulSet/ci-redis" not in objects
    assert "Deployment/ci-ops" not in objects
    assert "PodDisruptionBudget/ci-receiver" not in objects  # it would keep the only pod from ever being moved
    assert "ci-redis" in str(container(objects["Deployment/ci-receiver"])["env"])


def test_the_ingress_leads_to_the_receivers(tmp_path: Path) -> None:
    ingress = rendered(tmp_path, EVERYTHING)["Ingress/drone-mcp-receiver"]["spec"]
    assert ingress["ingressClassName"] == "nginx"
    assert ingress["tls"] == [{"hosts": ["hooks.your.org"], "secretName": "hooks-tls"}]
    (rule,) = ingress["rules"]
    backend = rule["http"]["paths"][0]["backend"]["service"]
    assert (rule["host"], backend) == ("hooks.your.org", {"name": "drone-mcp-receiver", "port": {"name": "http"}})


def test_an_autoscaler_sets_the_number_of_replicas_and_the_deployment_does_not(tmp_path: Path) -> None:
    objects = rendered(tmp_path, EVERYTHING)
    assert "replicas" not in objects["Deployment/drone-mcp-dev"]["spec"]
    scaler = objects["HorizontalPodAutoscaler/drone-mcp-dev"]["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 6)
    assert scaler["scaleTargetRef"]["name"] == "drone-mcp-dev"


def test_a_process_for_callers_of_several_roles_reads_their_file_and_the_roles(tmp_path: Path) -> None:
    workload = rendered(tmp_path, EVERYTHING)["Deployment/drone-mcp-teams"]
    one = container(workload)
    assert one["image"] == "registry.example.com/ci/drone-mcp-admin:1.2.3"
    assert one["command"] == [
        *("drone-mcp-config", "serve", "--roles-from", "/run/secrets/callers/callers.yaml"),
        *("--roles-dir", "/etc/drone-mcp/roles", "--http", "0.0.0.0:8080"),
    ]
    variables = {variable["name"]: variable.get("value") for variable in one["env"]}
    assert variables["DRONE_MCP_REPLICAS"] == "3"
    assert "DRONE_MCP_ACTION_KEY" in variables
    assert "DRONE_MCP_HTTP_TOKEN_FILE" not in variables
    mounts = {mount["name"]: mount["mountPath"] for mount in one["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in workload["spec"]["template"]["spec"]["volumes"]}
    assert set(mounts) == set(volumes)
    assert volumes["roles"]["configMap"]["name"] == "our-roles"
    assert volumes["callers"]["secret"]["items"] == [{"key": "callers.yaml", "path": "callers.yaml"}]


@pytest.mark.parametrize(
    "values",
    [
        "replicas: 3",
        "droneServer: drone.example.com",
        "served: {dev: {role: dev, replica: 3}}",
        "served: {team: {}}",
        "served: {team: {role: dev, callers: true}}",
        "served: {Team: {role: dev}}",
    ],
)
def test_a_value_that_means_nothing_is_refused(tmp_path: Path, values: str) -> None:
    done = render(tmp_path, values)
    assert done.returncode == 1
    assert "values don't meet the specifications of the schema" in done.stderr


def test_a_served_role_accepts_the_names_of_its_service(tmp_path: Path) -> None:
    for name, item in rendered(tmp_path, EVERYTHING, "ci").items():
        if name in {"Deployment/ci-dev", "Deployment/ci-teams"}:
            hosts = next(v["value"] for v in container(item)["env"] if v["name"] == "DRONE_MCP_HTTP_HOSTS").split()
            service = item["metadata"]["name"]
            assert hosts == [service, *(f"{service}.drone-mcp{end}" for end in ("", ".svc", ".svc.cluster.local"))]


def test_the_values_of_the_page_are_those_of_the_chart(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
    values = page.partition("<!-- helm values: begin -->\n```yaml\n")[2].partition("```")[0]
    objects = rendered(tmp_path, values)
    assert {"Deployment/drone-mcp-dev", "Deployment/drone-mcp-ops", "Deployment/drone-mcp-teams"} <= objects.keys()
    assert "Ingress/drone-mcp-receiver" in objects


ROLE = "{role: our-role, servers: {builds: {tools: [drone_get_build]}}}"
TOKEN = "a-token-of-the-tests-for-callers"
CALLERS = f"callers: [{{name: me, role: our-role, token: '{hash_of(TOKEN)}'}}]"


async def test_a_process_for_callers_starts_with_what_the_chart_gives_it(tmp_path: Path) -> None:
    workload = rendered(tmp_path, EVERYTHING)["Deployment/drone-mcp-teams"]
    secrets = {
        "drone-mcp-drone": {"token": "a-token-for-drone"},
        "drone-mcp-redis": {"url": "memory:"},
        "drone-mcp-teams": {"callers.yaml": CALLERS, "action-key": "k" * 32},
    }
    settings = {"drone-mcp": {"DRONE_SERVER": "https://drone.test"}, "our-roles": {"our-role.yaml": ROLE}}
    machine = Machine(tmp_path / "pod", Objects(settings, secrets))
    machine.mount(workload["spec"]["template"]["spec"])
    _, *words = machine.command(container(workload))
    variables = {**machine.variables(container(workload)), "DRONE_MCP_METRICS_LISTEN": "127.0.0.1:0"}
    words[words.index("0.0.0.0:8080")] = "127.0.0.1:0"
    with serving("drone_mcp_config", *words, **variables) as process:
        name = {"host": "drone-mcp-teams:8080"}
        assert process.ask("/builds/mcp", **name).status_code == 401
        async with process.client("/builds/mcp", **name, **bearer(TOKEN)) as client:
            assert [tool.name for tool in (await client.list_tools()).tools] == ["drone_get_build"]
