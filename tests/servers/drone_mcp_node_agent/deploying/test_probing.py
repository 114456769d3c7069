from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream

from drone_mcp_node_agent.deploying.probing import Prober, judge
from drone_mcp_node_agent.planning.component_status import CheckResult
from drone_mcp_node_agent.runtime.podman import Podman
from drone_mcp_node_agent.runtime.runtime import Container
from drone_mcp_nodes_api.wire import agent_pb2 as pb
from support.ports import free_port

anyio_test = pytest.mark.anyio


def container(status: str = "running", restart: str = "no", **fields: Any) -> Container:
    known: dict[str, Any] = {
        "id": "1",
        "name": "web-api",
        "spec": pb.ComponentSpec(restart=restart, network="shop"),
        "status": status,
        "addresses": {"shop": "127.0.0.1"},
    }
    return Container(**(known | fields))


WELL = CheckResult(is_healthy=True)
ILL = CheckResult(is_healthy=False, reason="GET / answered 500")


def ended(reason: str) -> CheckResult:
    return CheckResult(is_healthy=False, reason=reason)


VERDICTS = {
    "healthy at once": (judge(container(), WELL, seconds=0, grace=5), WELL),
    "not yet": (judge(container(), ILL, seconds=4, grace=5), None),
    "not in time": (judge(container(), ILL, seconds=5, grace=5), ILL),
    "no check, just started": (judge(container(), None, seconds=1, grace=0), None),
    "no check, still up": (judge(container(), None, seconds=2, grace=0), WELL),
    "no check, restarted once": (judge(container(restarts=1), None, seconds=3, grace=0), None),
    "ended": (judge(container("exited", exit_code=3), None, seconds=0, grace=5), ended("it ended with code 3")),
    "ended well": (judge(container("exited"), None, seconds=0, grace=5), ended("it ended with code 0")),
    "between two runs": (judge(container("exited", "always"), None, seconds=1, grace=5), None),
    "ended for good": (
        judge(container("exited", "on-failure:2", exit_code=7), None, seconds=5, grace=5),
        ended("it ended with code 7"),
    ),
    "restarts again and again": (
        judge(container(restarts=4, exit_code=9, restart="always"), None, seconds=1, grace=60),
        ended("it has restarted 4 times, with code 9"),
    ),
    "without its process": (
        judge(container(has_process=False), None, seconds=0, grace=5),
        ended("it ended with code 0"),
    ),
    "gone": (judge(None, None, seconds=0, grace=5), ended("the container is gone")),
}


@pytest.mark.parametrize(("verdict", "expected"), VERDICTS.values(), ids=VERDICTS.keys())
def test_a_container_becomes_healthy_or_not(verdict: CheckResult | None, expected: CheckResult | None) -> None:
    assert verdict == expected


@asynccontextmanager
async def serving(answer: bytes | None) -> AsyncGenerator[int]:
    """Answer every request with these bytes, or never; yield the port."""

    async def handle(stream: SocketStream) -> None:
        async with stream:
            with suppress(anyio.EndOfStream):  # of who only connects
                await stream.receive()
            with suppress(anyio.BrokenResourceError):
                await (anyio.sleep_forever() if answer is None else stream.send(answer))

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, handle)
        yield listener.extra(SocketAttribute.local_port)  # noqa: S610 - of anyio, not of Django
        tasks.cancel_scope.cancel()


async def check(**health: Any) -> CheckResult:
    component = pb.ComponentSpec(name="api", health=pb.HealthCheck(**health))
    component.health.timeout.FromMilliseconds(500)
    result = await Prober(Podman("no-such-podman")).check(component, container())
    assert result
    return result


@anyio_test
@pytest.mark.parametrize(
    ("answer", "is_healthy", "reason"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", True, "answered 204"),
        (b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n", True, "answered 302"),
        (b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n", False, "answered 503"),
        (b"no HTTP\r\n\r\n", False, "failed: "),
        (None, False, "got no answer within 0.5 seconds"),
    ],
)
async def test_a_container_is_asked_over_http_at_its_own_address(
    answer: bytes | None, is_healthy: bool, reason: str
) -> None:
    async with serving(answer) as port:
        result = await check(http=f"{port}/healthz")
    assert result.is_healthy == is_healthy
    assert result.reason.startswith(f"GET http://127.0.0.1:{port}/healthz ")
    assert reason in result.reason


@anyio_test
async def test_a_check_may_name_a_whole_address() -> None:
    async with serving(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n") as port:
        assert (await check(http=f"http://127.0.0.1:{port}/x")).is_healthy
        assert (await check(tcp=f"127.0.0.1:{port}")).is_healthy
        assert (await check(tcp=str(port))).is_healthy


@anyio_test
@pytest.mark.parametrize("kind", ["http", "tcp"])
async def test_a_port_where_nobody_listens_is_unhealthy(kind: str) -> None:
    result = await check(**{kind: str(free_port())})
    assert not result.is_healthy
    assert result.reason


@anyio_test
async def test_a_check_that_podman_cannot_run_is_unhealthy_for_that_reason() -> None:
    result = await check(exec=pb.ExecCheck(argv=["true"]))
    assert result == CheckResult(
        is_healthy=False, reason="podman cannot be run as no-such-podman: No such file or directory"
    )


@anyio_test
async def test_nothing_is_asked_without_a_check_or_a_running_container() -> None:
    prober = Prober(Podman("no-such-podman"))
    with_check = pb.ComponentSpec(health=pb.HealthCheck(tcp="1"))
    asked: list[Callable[[], Awaitable[CheckResult | None]]] = [
        lambda: prober.check(pb.ComponentSpec(), container()),
        lambda: prober.check(with_check, container("exited")),
    ]
    assert [await one() for one in asked] == [None, None]
