import anyio
import pytest

from ci_mcp_kit.errors import Conflict, NotFound, Unreachable
from drone_mcp_node_agent.deploying.exclusive import ExclusiveOperations

pytestmark = pytest.mark.anyio


async def test_a_second_operation_on_a_service_is_refused_and_one_on_another_goes_on() -> None:
    operations, go_on = ExclusiveOperations(), anyio.Event()
    ended: list[str] = []

    async def deploy() -> str:
        await go_on.wait()
        return "deployed"

    async def stop() -> str:
        return "stopped"

    async def run() -> None:
        ended.append(await operations.run("web", "deploy", deploy))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        await anyio.wait_all_tasks_blocked()
        assert operations.in_progress == {"web": "deploy"}
        with pytest.raises(Conflict, match="web is busy: a deploy is in progress"):
            await operations.run("web", "stop", stop)
        assert await operations.run("shop", "stop", stop) == "stopped"
        go_on.set()
    assert ended == ["deployed"]
    assert await operations.run("web", "stop", stop) == "stopped"
    assert operations.in_progress == {}


async def test_an_operation_goes_on_when_its_caller_leaves() -> None:
    operations, go_on = ExclusiveOperations(), anyio.Event()
    done: list[str] = []

    async def deploy() -> None:
        await go_on.wait()
        done.append("deployed")

    with anyio.move_on_after(0.05) as scope:
        await operations.run("web", "deploy", deploy)
    assert scope.cancelled_caught
    assert operations.in_progress == {"web": "deploy"}
    go_on.set()
    await operations.drain(10)
    assert done == ["deployed"]


async def test_a_failure_reaches_the_caller_and_frees_the_service() -> None:
    operations = ExclusiveOperations()

    async def fail() -> None:
        raise NotFound("no such service")

    for _ in range(2):
        with pytest.raises(NotFound):
            await operations.run("web", "stop", fail)


async def test_a_daemon_that_stops_refuses_new_operations_and_waits_no_longer_than_it_may() -> None:
    operations = ExclusiveOperations()

    async def never_end() -> None:
        await anyio.sleep_forever()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(operations.run, "web", "deploy", never_end)
        await anyio.wait_all_tasks_blocked()
        await operations.drain(0.05)
        with pytest.raises(Unreachable, match="is stopping"):
            await operations.run("shop", "deploy", never_end)
        tasks.cancel_scope.cancel()
