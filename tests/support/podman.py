"""Real podman, and a real registry with images, of the tests' own. Needs root on Linux.

A `PodmanHost` is a mount namespace in which podman's default paths are folders of the test run, so that several runs on
one machine see nothing of each other, and nothing of the machine is touched. Host ports are shared: take `free_port`.

    podman run, the daemon …   host.start("drone-nodes-agent", …) or host.run("podman", "ps")
    images                     host.image("v1.0.0"): answers its version over HTTP at $PORT or 8080 (`VERSIONS`)

Without systemd and without CAP_SYS_RESOURCE, as on machines of CI, podman 4.3 needs the settings below. crun 1.8
refuses the hybrid cgroups of such machines.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from support.image_registry import Image, push
from support.patience import PATIENCE
from support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAMS = {  # program -> Debian's package
    "podman": "podman",
    "runc": "runc",
    "docker-registry": "docker-registry",
    "busybox": "busybox-static",
    "iptables": "iptables",
    "unshare": "util-linux",
}
NAMESPACE = Path(__file__).with_name("podman_namespace.sh")

CONTAINERS_CONF = """
[containers]
default_ulimits = ["nofile=1024:20000", "nproc=4096:4096"]  # more is refused to a root without CAP_SYS_RESOURCE
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
default_network = "default"
"""
REGISTRIES_CONF = """
[[registry]]
location = "{registry}"
insecure = true
"""
REGISTRY_YML = """
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {folder}}}, delete: {{enabled: true}}}}
http: {{addr: "{registry}"}}
"""

# What the images of demo/web do; all answer their version over HTTP, unless stated otherwise.
VERSIONS = {
    "v1.0.0": Image({"VERSION": "v1.0.0"}),
    "v1.1.0": Image({"VERSION": "v1.1.0"}),
    "latest": Image({"VERSION": "latest"}),
    "slow": Image({"VERSION": "slow", "DELAY": "3"}),  # answers after three seconds
    "unhealthy": Image({"VERSION": "unhealthy", "SICK": "1"}),  # runs, and answers 404
    "broken": Image({"VERSION": "broken", "FAIL": "3"}),  # writes two lines and exits with 3
}


class PodmanHost:
    """A namespace with podman, and the registry that its images come from."""

    def __init__(self, folder: Path, namespace: int, registry: str) -> None:
        self.folder = folder
        self.registry = registry
        self.environment = {
            "CONTAINERS_CONF": str(folder / "containers.conf"),
            "CONTAINERS_REGISTRIES_CONF": str(folder / "registries.conf"),
            "PODMAN_IGNORE_CGROUPSV1_WARNING": "1",
        }
        self._namespace = namespace

    @property
    def srv(self) -> Path:
        """The folder that programs in the namespace see as /srv."""
        return self.folder / "srv"

    def image(self, version: str, repository: str = "demo/web") -> str:
        """Return the name of an image."""
        return f"{self.registry}/{repository}:{version}"

    def push(self, version: str, image: Image, repository: str = "demo/web") -> str:
        """Put a further image into the registry and return its name."""
        push(self.registry, repository, version, image)
        return self.image(version, repository)

    def create_network(self, name: str) -> None:
        """Make a network in which containers find each other by name."""
        _write_network(self.folder, name)

    def inside(self, *command: str | Path) -> list[str]:
        """Return the command that runs in the namespace; the process keeps its number, and has `environment` set."""
        return ["nsenter", f"--mount=/proc/{self._namespace}/ns/mnt", "--wd=/", "--", *map(str, command)]

    def run(self, *command: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command in the namespace to its end."""
        environment = {**os.environ, **self.environment}
        done = subprocess.run(
            self.inside(*command), env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
        assert not check or done.returncode == 0, f"{command} exited with {done.returncode}: {done.stderr}"
        return done

    def start(self, *command: str | Path, **options: Any) -> subprocess.Popen[str]:
        """Start a command in the namespace; `options` are those of Popen."""
        environment = {**os.environ, **self.environment, **options.pop("env", {})}
        return subprocess.Popen(self.inside(*command), env=environment, text=True, **options)

    def podman(self, *arguments: str) -> str:
        """Run podman and return its output."""
        return self.run("podman", *arguments).stdout.strip()

    def remove_containers(self) -> None:
        """Remove all containers and secrets; images stay, so that the next test finds them."""
        # A container that ends or starts again at that very moment cannot be removed (podman 4.3.1), but soon after.
        until = time.monotonic() + PATIENCE
        while (done := self.run("podman", "rm", "--all", "--force", "--time", "0", check=False)).returncode:
            assert time.monotonic() < until, done.stderr
        if left := self.podman("secret", "ls", "--quiet").split():
            self.podman("secret", "rm", *left)


@contextmanager
def podman_host(folder: Path) -> Iterator[PodmanHost]:
    """Make a namespace with podman in a folder, with a registry that has all images."""
    with image_registry(folder) as registry:
        _write_network(folder, "default")
        for version, image in VERSIONS.items():
            push(registry, "demo/web", version, image)
        command = ["unshare", "--mount", "--propagation", "private", "sh", str(NAMESPACE), str(folder)]
        keeper = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert keeper.stdin
        assert keeper.stdout
        host = PodmanHost(folder, int(keeper.stdout.readline()), registry)
        try:
            yield host
        finally:
            host.remove_containers()
            keeper.stdin.close()
            keeper.wait(PATIENCE)
            keeper.stdout.close()


@contextmanager
def image_registry(folder: Path) -> Iterator[str]:
    """Serve an empty registry from a folder, and return its address; `registries.conf` there allows it without TLS."""
    registry = f"127.0.0.1:{free_port()}"
    _write_settings(folder, registry)
    served = _start_registry(folder, registry)
    try:
        yield registry
    finally:
        served.terminate()
        served.wait(PATIENCE)


def wait_for_answer(url: str, seconds: float = PATIENCE) -> str:
    """Return the first answer with a good status at a URL, where a server or a container has just been started."""
    until = time.monotonic() + seconds
    while True:
        try:
            return httpx.get(url, timeout=seconds).raise_for_status().text
        except httpx.HTTPError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def _write_settings(folder: Path, registry: str) -> None:
    texts = {
        "containers.conf": CONTAINERS_CONF,
        "registries.conf": REGISTRIES_CONF.format(registry=registry),
        "registry.yml": REGISTRY_YML.format(folder=folder / "registry", registry=registry),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def _write_network(folder: Path, name: str) -> None:
    """Define a network whose bridge, addresses and chains of iptables no other run on the machine has.

    Podman would name the bridge of its default network podman0 in every run, and netavark gives a bridge that is there
    no further address.
    """
    number = random.SystemRandom().randrange(256 * 64)
    subnet = f"10.{128 + number // 256}.{number % 256}"
    network = {
        "name": name,
        "id": secrets.token_hex(32),
        "driver": "bridge",
        "network_interface": f"test{number}",
        "created": "2026-01-01T00:00:00Z",
        "subnets": [{"subnet": f"{subnet}.0/24", "gateway": f"{subnet}.1"}],
        "ipv6_enabled": False,
        "internal": False,
        "dns_enabled": name != "default",
        "ipam_options": {"driver": "host-local"},
    }
    (folder / "networks").mkdir(exist_ok=True)
    (folder / "networks" / f"{name}.json").write_text(json.dumps(network), encoding="utf-8")


def _start_registry(folder: Path, registry: str) -> subprocess.Popen[bytes]:
    with (folder / "registry.log").open("wb") as log:
        served = subprocess.Popen(["docker-registry", "serve", folder / "registry.yml"], stdout=log, stderr=log)
    wait_for_answer(f"http://{registry}/v2/")
    return served


def require_podman() -> None:
    """Skip a test where podman cannot run; fail where CI runs it."""
    missing = [package for program, package in PROGRAMS.items() if not shutil.which(program)]
    problem = f"apt install {' '.join(missing)}" if missing else "root" if os.geteuid() else ""
    if problem and os.environ.get("CI"):
        pytest.fail(f"needs {problem}")
    if problem:
        pytest.skip(f"needs {problem}")


@pytest.fixture(scope="session")
def session_podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PodmanHost]:
    """Podman for all tests of this process; most tests take `podman`."""
    require_podman()
    with podman_host(tmp_path_factory.mktemp("podman")) as host:
        yield host


@pytest.fixture
def podman(session_podman: PodmanHost) -> Iterator[PodmanHost]:
    """Podman without containers; the images that earlier tests pulled are there."""
    yield session_podman
    session_podman.remove_containers()
