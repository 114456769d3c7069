"""Finds out whether a container is healthy.

The daemon asks by itself: podman's own health checks are timers of systemd, and never run without it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import anyio
import httpx

from drone_mcp_node_agent.planning.component_status import CheckResult
from drone_mcp_node_agent.runtime.runtime import RuntimeFault

if TYPE_CHECKING:
    from drone_mcp_node_agent.runtime.runtime import Container, Runtime
    from drone_mcp_nodes_api.wire import agent_pb2 as pb

SETTLING_SECONDS: Final = 2.0  # a container without a check is healthy if it still runs then
MOST_RESTARTS: Final = 3
PAUSES: Final = (0.1, 0.2, 0.4, 0.8)  # between two looks; the last one goes on
UNHEALTHY_STATUS: Final = 400
LONGEST_WORDS: Final = 300


def judge(
    container: Container | None, check: CheckResult | None, *, seconds: float, grace: float
) -> CheckResult | None:
    """Return whether a container that was started has become healthy; None while that is open.

    Args:
        container: as it is now.
        check: what its check said now; None if it has none.
        seconds: since it was started.
        grace: how many of them its check may fail.
    """
    if not container:
        return CheckResult(is_healthy=False, reason="the container is gone")
    if container.restarts > MOST_RESTARTS:
        return CheckResult(
            is_healthy=False, reason=f"it has restarted {container.restarts} times, with code {container.exit_code}"
        )
    if not container.is_running:
        returns = container.spec.restart.partition(":")[0] in {"always", "unless-stopped", "on-failure"}
        ended = CheckResult(is_healthy=False, reason=f"it ended with code {container.exit_code}")
        return None if returns and seconds < max(grace, SETTLING_SECONDS) else ended
    if check is None:
        has_settled = seconds >= SETTLING_SECONDS * (1 + container.restarts)
        return CheckResult(is_healthy=True) if has_settled else None
    return check if check.is_healthy or seconds >= grace else None


class Prober:
    """Asks containers for their health.

    Args:
        runtime: where they run.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def check(self, component: pb.ComponentSpec, container: Container) -> CheckResult | None:
        """Ask a container once; None if the component has no check or the container does not run."""
        if not component.HasField("health") or not container.is_running:
            return None
        health = component.health
        seconds = health.timeout.ToNanoseconds() / 1e9
        try:
            match health.WhichOneof("check"):
                case "http":
                    return await _ask_http(health.http, container, seconds)
                case "tcp":
                    return await _connect(health.tcp, container, seconds)
                case _:
                    done = await self._runtime.execute(container.name, health.exec.argv, seconds)
                    words = done.output.strip()[:LONGEST_WORDS]
                    return CheckResult(
                        is_healthy=done.exit_code == 0, reason=f"the command ended with code {done.exit_code}: {words}"
                    )
        except RuntimeFault as fault:
            return CheckResult(is_healthy=False, reason=fault.message)

    async def wait_until_healthy(self, name: str, component: pb.ComponentSpec, limit: float) -> CheckResult:
        """Wait until a container that was started is healthy, or never will be.

        Args:
            name: of the container.
            component: what it is.
            limit: seconds after which it counts as unhealthy in any case.
        """
        health = component.health
        grace = (health.start_period.ToNanoseconds() + health.retries * health.interval.ToNanoseconds()) / 1e9
        grace = min(grace, limit)
        started = time.monotonic()
        looks = 0
        while True:
            container = (await self._runtime.inspect([name])).get(name)
            check = await self.check(component, container) if container else None
            seconds = time.monotonic() - started
            if verdict := judge(container, check, seconds=seconds, grace=grace):
                return verdict
            if seconds > limit:
                return CheckResult(is_healthy=False, reason=f"it did not become healthy within {limit:g} seconds")
            await anyio.sleep(PAUSES[min(looks, len(PAUSES) - 1)])
            looks += 1


def _container_address(container: Container) -> str:
    if container.spec.network == "host":
        return "127.0.0.1"
    return next((address for address in container.addresses.values() if address), "")


async def _ask_http(check: str, container: Container, seconds: float) -> CheckResult:
    """Ask the URL of a check, which is one, or PORT/PATH of the container itself."""
    url = check
    if not check.startswith(("http://", "https://")):
        port, _, path = check.partition("/")
        url = f"http://{_container_address(container)}:{port}/{path}"
    try:
        # Certificates are loaded only where they are needed: that takes longer than the request.
        async with (
            httpx.AsyncClient(timeout=seconds, verify=url.startswith("https:"), trust_env=False) as client,
            client.stream("GET", url) as response,
        ):
            status = response.status_code
    except httpx.TimeoutException:
        return CheckResult(is_healthy=False, reason=f"GET {url} got no answer within {seconds:g} seconds")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return CheckResult(is_healthy=False, reason=f"GET {url} failed: {error}"[:LONGEST_WORDS])
    return CheckResult(is_healthy=status < UNHEALTHY_STATUS, reason=f"GET {url} answered {status}")


async def _connect(check: str, container: Container, seconds: float) -> CheckResult:
    """Connect to the address of a check, which is HOST:PORT, or a PORT of the container itself."""
    host, _, port = check.rpartition(":")
    host = host.strip("[]") or _container_address(container)
    try:
        with anyio.fail_after(seconds):
            stream = await anyio.connect_tcp(host, int(port))
    except TimeoutError:
        return CheckResult(is_healthy=False, reason=f"{host}:{port} got no connection within {seconds:g} seconds")
    except OSError as error:
        return CheckResult(is_healthy=False, reason=f"{host}:{port} refuses connections: {error.strerror or error}")
    await stream.aclose()
    return CheckResult(is_healthy=True)
