"""docs/kubernetes.md is followed to the letter, as far as processes allow, and what it brings up does start."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from docker.test_k8s import DOCKERFILE, FOLDER, OBJECTS, OPTIONAL, WORKLOADS, container, named, pod
from drone_mcp_config.demo.processes import simulated
from support.http_process import HttpProcess, bearer
from support.kubernetes import SCRIPTS, Machine, Objects
from support.patience import PATIENCE
from support.ports import free_port
from support.redis_server import binary, until_it_answers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drone_mcp_config.demo.processes import SimulatedDrone

pytestmark = pytest.mark.checkout

PAGE = FOLDER.parents[1] / "docs" / "kubernetes.md"


def block(name: str, language: str = "sh") -> str:
    """Return the code in a language between the comments `NAME: begin` and `NAME: end` of the page."""
    part = (
        PAGE.read_text(encoding="utf-8").partition(f"<!-- {name}: begin -->")[2].partition(f"<!-- {name}: end -->")[0]
    )
    return part.partition(f"```{language}\n")[2].partition("```")[0]


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


PRINTS_ITS_CALL = '#!/bin/sh\necho "$PWD $(basename "$0") $*" >>"$CALLS"\n'
TYPES = """#!/bin/sh
case $1 in
  token) echo "$DRONE_TOKEN_OF_A_PERSON" ;;
  secret) echo a-webhook-secret-of-a-person ;;
  overlay/kustomization.yaml) cat "$KUSTOMIZATION" ;;
esac >"$1"
"""


@dataclass
class Followed:
    """The page, followed in a copy of the checkout by somebody who has docker and kubectl.

    Attributes:
        checkout: the copy.
        calls: the calls of both programs in their order: the folder, the program and its arguments.
    """

    checkout: Path
    calls: list[str]

    @property
    def folder(self) -> str:
        """The folder of the files from which the Secrets were created."""
        return next(call.split()[0] for call in self.calls if "create secret" in call)

    @property
    def secrets(self) -> dict[str, dict[str, str]]:
        """The Secrets that were created: name -> key -> value."""
        made = {}
        for call in self.calls:
            created = re.fullmatch(r"\S+ kubectl -n drone-mcp create secret generic (\S+) (.+)", call)
            if created:
                files = [word.removeprefix("--from-file=") for word in created[2].split()]
                made[created[1]] = {
                    file.partition("=")[0]: (Path(self.folder) / file.rpartition("=")[2]).read_text(encoding="utf-8")
                    for file in files
                }
        return made

    def arguments(self, *command: str) -> list[str]:
        """Return the arguments with which a command was called, one text for each call."""
        start = f"{' '.join(command)} "
        called = [call.partition(" ")[2] for call in self.calls]
        return [words.removeprefix(start) for words in called if words.startswith(start)]


def follow(folder: Path, token: str) -> Followed:
    """Run all steps of the page up to the pods, in one shell; `token` is Drone's."""
    checkout, programs, calls = folder / "checkout", folder / "programs", folder / "calls"
    shutil.copytree(FOLDER, checkout / "docker" / "k8s")
    programs.mkdir()
    for name, text in (("docker", PRINTS_ITS_CALL), ("kubectl", PRINTS_ITS_CALL), ("editor", TYPES)):
        (programs / name).write_text(text, encoding="utf-8")
        (programs / name).chmod(0o755)
    (folder / "kustomization.yaml").write_text(block("kustomization", "yaml"), encoding="utf-8")
    environment = {
        "PATH": f"{programs}:/usr/bin:/bin",
        "CALLS": str(calls),
        "DRONE_TOKEN_OF_A_PERSON": token,
        "EDITOR": str(programs / "editor"),
        "KUSTOMIZATION": str(folder / "kustomization.yaml"),
        "TMPDIR": str(folder),
    }
    commands = "".join(block(name) for name in ("images", "secrets", "kustomization", "apply"))
    subprocess.run(["/bin/sh", "-euc", commands], env=environment, cwd=checkout, check=True)
    return Followed(checkout, calls.read_text(encoding="utf-8").splitlines())


@pytest.fixture(scope="module")
def drone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedDrone]:
    with simulated(tmp_path_factory.mktemp("drone"), keep=False) as running:
        yield running


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory, drone: SimulatedDrone) -> Followed:
    return follow(tmp_path_factory.mktemp("followed"), drone.token)


def test_the_page_builds_and_pushes_the_images_that_its_kustomization_names(followed: Followed) -> None:
    built = [words.rpartition(" -t ")[2].removesuffix(" .") for words in followed.arguments("docker", "build")]
    images = yaml.safe_load(block("kustomization", "yaml"))["images"]
    assert built == followed.arguments("docker", "push") == [f"{one['newName']}:{one['newTag']}" for one in images]
    stages = re.findall(r" AS (\S+)", DOCKERFILE.read_text(encoding="utf-8"))
    for words in followed.arguments("docker", "build"):
        assert re.search(r"--target (\S+)|--build-arg ROLE=(dev|ops) ", words)
        assert all(stage in stages for stage in re.findall(r"--target (\S+)", words))


def test_the_page_creates_every_secret_after_its_namespace_and_shows_none(followed: Followed) -> None:
    kubectl = [call.split(" ", 2)[2] for call in followed.calls if call.split()[1] == "kubectl"]
    assert kubectl[0] == "apply -f docker/k8s/namespace.yaml"
    assert {name: set(keys) for name, keys in followed.secrets.items()} == referred_secrets()
    values = [value.strip() for keys in followed.secrets.values() for value in keys.values()]
    assert all(len(value) > 10 for value in values)
    assert not any(value in call for value in values for call in followed.calls)
    redis = followed.secrets["drone-mcp-redis"]
    assert redis["url"] == f"redis://:{redis['auth.conf'].removeprefix('requirepass ').strip()}@drone-mcp-redis:6379/0"


def test_the_page_applies_the_kustomization_and_waits_for_every_workload(followed: Followed) -> None:
    assert f"{followed.checkout} kubectl apply -k overlay" in followed.calls
    waited = followed.arguments("kubectl", "-n", "drone-mcp", "rollout", "status", "--timeout", "3m")
    assert sorted(waited) == sorted(f"{item['kind'].lower()}/{item['metadata']['name']}" for item in WORKLOADS)


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="needs kubectl")
def test_the_kustomization_of_the_page_is_one(followed: Followed, tmp_path: Path) -> None:
    overlay = shutil.copytree(followed.checkout / "overlay", tmp_path / "overlay")
    text = (overlay / "kustomization.yaml").read_text(encoding="utf-8").replace("# components:", "components:")
    (overlay / "kustomization.yaml").write_text(text, encoding="utf-8")
    made = subprocess.run(["kubectl", "kustomize", str(overlay)], capture_output=True, text=True, check=True).stdout
    items = list(yaml.safe_load_all(made))
    assert sorted(map(named, items)) == sorted(map(named, OBJECTS + OPTIONAL))
    images = {container(item)["image"] for item in items if item["kind"] in {"Deployment", "StatefulSet"}}
    assert {image for image in images if "drone-mcp" in image} == {
        f"registry.example.com/drone-mcp-{name}:0.1.0" for name in ("webhooks", "dev", "ops")
    }
    (settings,) = [item for item in items if item["kind"] == "ConfigMap"]
    assert settings["data"] == {"DRONE_SERVER": "https://drone.your.org"}


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
def redis(folder: Path, secrets: dict[str, dict[str, str]]) -> Iterator[str]:
    """Run Redis as its manifest has it, at a port that is free here; yields the address that others are given."""
    workload = workload_of("drone-mcp-redis")
    machine = Machine(folder, Objects(secrets=secrets))
    machine.mount(pod(workload))
    (folder / "data").mkdir()
    port = free_port()
    command = machine.command(container(workload))
    command[0] = binary()
    with (folder / "redis.log").open("wb") as log:
        process = subprocess.Popen([*command, "--port", str(port)], stdout=log, stderr=log)
    try:
        url = secrets["drone-mcp-redis"]["url"].replace("drone-mcp-redis:6379", f"127.0.0.1:{port}")
        until_it_answers(url)
        yield url
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def machines(
    tmp_path_factory: pytest.TempPathFactory, followed: Followed, drone: SimulatedDrone
) -> Iterator[dict[str, Machine]]:
    """A machine for each workload, with Redis and a Drone running, and the Secrets that the page makes."""
    folder = tmp_path_factory.mktemp("k8s")
    with redis(folder / "redis", followed.secrets) as url:
        secrets = {**followed.secrets, "drone-mcp-redis": {"url": url}}
        objects = Objects({"drone-mcp": {"DRONE_SERVER": drone.url}}, secrets)
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
    machines: dict[str, Machine], followed: Followed, role: str, tool: str
) -> None:
    workload = workload_of(f"drone-mcp-{role}")
    with started(machines[role], workload) as served:
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            assert served.ask(container(workload)[probe]["httpGet"]["path"], "GET").status_code == 200
        token = followed.secrets[f"drone-mcp-{role}"]["caller-token"].strip()
        name = {"host": f"drone-mcp-{role}:8080"}
        assert served.ask("/builds/mcp", **name).status_code == 401
        assert served.ask("/builds/mcp", **{**name, "host": "elsewhere"}, **bearer(token)).status_code == 421
        async with served.client("/builds/mcp", **name, **bearer(token)) as client:
            result = await client.call_tool(tool, {"repo": "octo/hello", "limit": 1})
            assert result.structured_content
            assert result.structured_content["builds"]
        assert any(name.startswith("drone_mcp_") for name in served.metrics())


@running
def test_the_check_of_the_page_finds_nothing_wrong(machines: dict[str, Machine], followed: Followed) -> None:
    with started(machines["dev"], workload_of("drone-mcp-dev")) as served:
        command = block("check").replace("http://127.0.0.1:8080", served.url)
        environment = {"PATH": f"{SCRIPTS}:/usr/bin:/bin", "HOME": str(followed.checkout), "secrets": followed.folder}
        done = subprocess.run(
            ["/bin/sh", "-c", command], env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "drone-builds: 5 tools" in done.stdout
