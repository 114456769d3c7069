"""The services of docker/compose.yaml as processes of this machine, on free loopback ports instead of names."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from support.ports import free_port
from support.redis_server import RedisServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DOCKER = Path(__file__).parents[2] / "docker"
VARIABLE = re.compile(r"\$\{([A-Z_]+)(?::([-?])([^}]*))?\}")
PORTS = {"redis": 6379, "simulator": 8000, "webhooks": 8088}  # all others: a role's
ROLE_PORT = 8080

Service = dict[str, Any]


def example_environment() -> dict[str, str]:
    """Read env.example as compose would read .env."""
    lines = (DOCKER / "env.example").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def interpolate(text: str, environment: Mapping[str, str]) -> str:
    """Put variables in, as compose does; `:?` with nothing to put in is refused."""

    def value(match: re.Match[str]) -> str:
        name, kind, rest = match.groups()
        found = environment.get(name) or (rest if kind == "-" else "")
        assert found or kind == "-", f"{name} is not set"
        return found

    return VARIABLE.sub(value, text)


def services(environment: Mapping[str, str]) -> dict[str, Service]:
    """Return the services that `docker compose up` would start with this environment."""

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: filled(item) for key, item in value.items()}
        if isinstance(value, list):
            return [filled(item) for item in value]
        return interpolate(value, environment) if isinstance(value, str) else value

    everything = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))["services"]
    profiles = set(filter(None, environment.get("COMPOSE_PROFILES", "").split(",")))
    return {
        name: filled(service) for name, service in everything.items() if profiles >= set(service.get("profiles", ()))
    }


def entrypoint(image: str) -> str:
    """Return the program that an image of ours starts, from the Dockerfile."""
    stage = image.removeprefix("drone-mcp-")
    dockerfile = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    parts: dict[str, str] = dict(
        re.findall(r"^FROM image AS (\w+)\n(.*?)(?=^FROM |\Z)", dockerfile, re.MULTILINE | re.DOTALL)
    )
    program = re.search(r'^ENTRYPOINT \["([^"]+)"\]', parts.get(stage, parts["role"]), re.MULTILINE)
    assert program
    return program[1]


class Stack:
    """The running services, and where each of them listens."""

    def __init__(self, found: dict[str, Service], folder: Path) -> None:
        self._services = found
        self._folder = folder
        self._ports = {name: free_port() for name in found}
        self.said: dict[str, dict[str, Any]] = {}

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._ports[name]}"

    @property
    def state(self) -> str:
        """Where the services keep the state of builds."""
        return self.here(self._services["dev"]["environment"]["DRONE_MCP_STATE"], "dev")

    def order(self) -> list[str]:
        """Dependencies first."""
        graph = {
            name: [other for other in service.get("depends_on", ()) if other in self._services]
            for name, service in self._services.items()
        }
        return list(TopologicalSorter(graph).static_order())

    def here(self, text: str, name: str) -> str:
        """Replace names of services, and the address that one of them listens on, by loopback addresses."""
        text = text.replace(f"0.0.0.0:{PORTS.get(name, ROLE_PORT)}", f"127.0.0.1:{self._ports[name]}")
        for other, port in self._ports.items():
            text = text.replace(f"//{other}:{PORTS.get(other, ROLE_PORT)}", f"//127.0.0.1:{port}")
        return text

    @contextmanager
    def running(self) -> Iterator[Stack]:
        """Start every service's own command with its own environment; killed after the block."""
        with ExitStack() as stack:
            for name in self.order():
                if name == "redis":
                    self._start_redis(stack)
                else:
                    stack.enter_context(self._started(name))
            yield self

    def _start_redis(self, stack: ExitStack) -> None:
        program, *options = self._services["redis"]["command"]
        assert program == "redis-server"
        redis = RedisServer(self._folder, *options)
        redis.start()
        stack.callback(redis.stop)
        self._ports["redis"] = redis.port

    @contextmanager
    def _started(self, name: str) -> Iterator[None]:
        service = self._services[name]
        program = str(Path(sys.executable).parent / entrypoint(service["image"]))
        command = [program, *(self.here(part, name) for part in service["command"])]
        given = {key: self.here(value, name) for key, value in service.get("environment", {}).items()}
        kept = {key: value for key, value in os.environ.items() if "DRONE" not in key}
        env = {**kept, "AGENT_ROLE": service["image"].removeprefix("drone-mcp-"), **given}
        pipe = subprocess.PIPE
        with subprocess.Popen(command, env=env, cwd=self._folder, stdout=pipe, stderr=pipe, text=True) as process:
            try:
                assert process.stdout
                assert process.stderr
                line = process.stdout.readline()
                assert line, f"{name}: {process.stderr.read()}"
                self.said[name] = json.loads(line)
                yield
            finally:
                process.kill()
