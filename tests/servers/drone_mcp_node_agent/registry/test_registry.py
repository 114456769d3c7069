import sqlite3
import stat
import time
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from ci_mcp_kit.errors import ServiceFailed
from drone_mcp_node_agent.registry.migrations import MIGRATIONS, migrate
from drone_mcp_node_agent.registry.records import Phase
from drone_mcp_node_agent.registry.registry import Registry
from drone_mcp_nodes_api.wire import agent_pb2 as pb

pytestmark = pytest.mark.anyio

TABLES = {"services", "components", "unmanaged", "events", "revisions", "operations", "cooldowns"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "registry.db"


@pytest.fixture
async def registry(path: Path) -> AsyncGenerator[Registry]:
    opened = await Registry.open(str(path))
    yield opened
    await opened.close()


def make_spec(name: str = "web", *components: str) -> pb.ServiceSpec:
    parts = [
        pb.ComponentSpec(name=one, image=f"demo/{one}:v1", ports=["80:80"], cmd=["serve"], env={"MODE": "prod"})
        for one in components or ("api", "front")
    ]
    return pb.ServiceSpec(name=name, node="n1", active=True, components=parts, labels={"team": "shop"})


def make_event(kind: str, service: str = "web", component: str = "api", at: float = 1_000) -> pb.Event:
    event = pb.Event(service=service, component=component, kind=kind, detail="x", to=pb.STATE_RUNNING)
    event.at.FromNanoseconds(int(at * 1e9))
    return event


async def test_the_file_is_for_its_owner_alone_and_is_written_ahead(registry: Registry, path: Path) -> None:
    await registry.put_spec(make_spec())
    modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()}
    assert modes == dict.fromkeys(("registry.db", "registry.db-wal", "registry.db-shm"), 0o600)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert names >= TABLES


async def test_a_file_of_an_older_daemon_is_brought_up_to_date_and_keeps_what_it_has(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate(connection)
        connection.execute('INSERT INTO services VALUES (\'web\', 1, 7, \'{"name": "web", "aFieldOfTomorrow": 1}\')')
        migrate(connection)
    registry = await Registry.open(str(path))
    record = await registry.find_service("web")
    await registry.close()
    assert record
    assert (record.spec.name, record.revision) == ("web", 7)


async def test_a_file_of_a_newer_daemon_is_refused_with_the_way_out(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(ServiceFailed, match="version 99 and this daemon knows versions up to"):
        await Registry.open(str(path))


async def test_a_file_that_is_no_registry_is_refused(path: Path) -> None:
    await anyio.Path(path).write_text("no database, and long enough to be read as one" * 100, encoding="utf-8")
    with pytest.raises(ServiceFailed, match="no SQLite file"):
        await Registry.open(str(path))


async def test_a_service_is_kept_as_it_was_given(registry: Registry) -> None:
    await registry.put_spec(make_spec("web"))
    await registry.put_spec(make_spec("shop", "db"))
    assert [record.spec for record in await registry.list_services()] == [make_spec("shop", "db"), make_spec("web")]
    found = await registry.find_service("web")
    assert found
    assert (found.spec, found.revision, found.runs("api")) == (make_spec("web"), 0, True)
    assert await registry.find_service("none") is None


async def test_a_new_specification_keeps_what_is_known_of_the_components_that_stay(registry: Registry) -> None:
    await registry.put_spec(make_spec("web", "api", "front"))
    await registry.put_statuses({"web": {"api": pb.ComponentStatus(restarts=3), "gone": pb.ComponentStatus()}})
    await registry.put_spec(make_spec("web", "db", "api"))
    record = await registry.find_service("web")
    assert record
    assert [one.name for one in record.spec.components] == ["db", "api"]
    assert {name: status.restarts for name, status in record.statuses.items()} == {"db": 0, "api": 3}


async def test_a_stopped_component_runs_again_with_its_service(registry: Registry) -> None:
    await registry.put_spec(make_spec())
    await registry.set_wanted("web", "api", runs=False)
    record = await registry.find_service("web")
    assert record
    assert (record.spec.active, record.runs("api"), record.runs("front")) == (True, False, True)
    await registry.set_wanted("web", "", runs=False)
    record = await registry.find_service("web")
    assert record
    assert (record.spec.active, record.runs("api"), record.runs("front")) == (False, False, False)
    await registry.set_wanted("web", "", runs=True)
    record = await registry.find_service("web")
    assert record
    assert (record.runs("api"), record.runs("front")) == (True, True)


async def test_a_removed_service_takes_everything_with_it_but_its_events(registry: Registry, path: Path) -> None:
    await registry.put_spec(make_spec())
    await registry.add_revision("web", pb.Revision(number=1))
    assert await registry.start_cooldown("web", "api", "flapping", now=0, seconds=60)
    await registry.add_events(make_event("state"))
    await registry.remove_service("web")
    with closing(sqlite3.connect(path)) as connection:
        counts = {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in TABLES}  # noqa: S608 - names of tables
    assert counts == dict.fromkeys(TABLES, 0) | {"events": 1}


async def test_unmanaged_containers_replace_those_kept_before(registry: Registry) -> None:
    await registry.put_unmanaged([pb.ComponentStatus(container="b"), pb.ComponentStatus(container="a")])
    assert [one.container for one in await registry.list_unmanaged()] == ["a", "b"]
    await registry.put_unmanaged([pb.ComponentStatus(container="c")])
    assert [one.container for one in await registry.list_unmanaged()] == ["c"]


async def test_events_are_found_by_service_component_time_and_what_was_seen_already(registry: Registry) -> None:
    await registry.add_events(
        make_event("state", at=100),
        make_event("drift", component="front", at=200),
        make_event("state", "shop", "db", 300),
    )
    newest = await registry.list_events()
    assert [(one.id, one.service, one.kind) for one in newest] == [
        (3, "shop", "state"),
        (2, "web", "drift"),
        (1, "web", "state"),
    ]
    assert newest[0].to == pb.STATE_RUNNING
    assert [one.id for one in await registry.list_events("web")] == [2, 1]
    assert [one.id for one in await registry.list_events("web", "front")] == [2]
    assert [one.id for one in await registry.list_events(since=200)] == [3, 2]
    assert [one.id for one in await registry.list_events(after=1, limit=1)] == [3]
    assert await registry.latest_event_id() == 3


async def test_occurrences_are_counted_within_a_time(registry: Registry) -> None:
    await registry.add_events(make_event("restarted", at=100), make_event("restarted", at=200), counts=[9, 2])
    await registry.add_events(make_event("died", at=200), make_event("restarted", component="front", at=200))
    assert await registry.count_events("web", "api", ["restarted"], since=0) == 11
    assert await registry.count_events("web", "api", ["restarted"], since=150) == 2
    assert await registry.count_events("web", "api", ["restarted", "died"], since=150) == 3
    assert await registry.count_events("web", "db", ["restarted"], since=0) == 0


async def test_old_events_and_ended_operations_are_pruned_and_open_ones_are_not(registry: Registry) -> None:
    await registry.add_events(make_event("state", at=100), make_event("state", at=200))
    ended = await registry.begin_operation("web", "stop", "ann", {})
    await registry.end_operation(ended)
    still_open = await registry.begin_operation("web", "stop", "ann", {})
    assert await registry.prune_events(before=150) == 1
    assert [one.id for one in await registry.list_events()] == [2]
    assert await registry.prune_events(before=time.time() + 60) == 1
    assert [one.id for one in await registry.list_unended_operations()] == [still_open]


async def test_news_are_read_by_those_who_wait_for_them(registry: Registry) -> None:
    await registry.add_events(make_event("state"))
    assert [one.id for one in await registry.read_news(after=0)] == [1]
    found: list[pb.Event] = []

    async def wait() -> None:
        found.extend(await registry.read_news("web", after=1))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        await registry.add_events(make_event("state", "other"))
        await registry.add_events(make_event("drift"))
    assert [(one.id, one.kind) for one in found] == [(3, "drift")]


async def test_a_deployment_is_in_force_as_a_whole_or_not_at_all(registry: Registry, path: Path) -> None:
    operation = await registry.begin_operation("web", "deploy", "ann", {"swaps": [1]}, "key-1")
    await registry.set_phase(operation, Phase.SWAPPING)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TRIGGER full BEFORE INSERT ON revisions BEGIN SELECT RAISE(ABORT, 'disk full'); END")
        connection.commit()
        with pytest.raises(ServiceFailed, match="disk full"):
            await registry.commit_deployment(operation, make_spec(), {"api": "sha256:1"}, pb.Revision(number=1))
        connection.execute("DROP TRIGGER full")
        connection.commit()
    assert await registry.list_services() == []
    assert [one.phase for one in await registry.list_unended_operations()] == [Phase.SWAPPING]

    await registry.commit_deployment(operation, make_spec(), {"api": "sha256:1"}, pb.Revision(number=1, by="ann"))
    record = await registry.find_service("web")
    assert record
    assert (record.spec, record.revision, record.digests) == (make_spec(), 1, {"api": "sha256:1", "front": ""})
    assert [one.phase for one in await registry.list_unended_operations()] == [Phase.COMMITTED]
    assert [one.by for one in await registry.list_revisions("web")] == ["ann"]

    await registry.end_operation(operation, pb.DeployResponse(revision=1))
    assert await registry.list_unended_operations() == []
    found = await registry.find_operation("key-1")
    assert found
    assert (found.journal, found.response) == ({"swaps": [1]}, '{"revision": "1"}')


async def test_a_component_that_was_stopped_runs_again_after_its_deployment(registry: Registry) -> None:
    await registry.put_spec(make_spec())
    await registry.set_wanted("web", "api", runs=False)
    await registry.set_wanted("web", "front", runs=False)
    await registry.commit_deployment(1, make_spec(), {"api": "sha256:1"}, pb.Revision(number=1))
    record = await registry.find_service("web")
    assert record
    assert (record.runs("api"), record.runs("front")) == (True, False)


async def test_revisions_are_listed_newest_first(registry: Registry) -> None:
    await registry.put_spec(make_spec())
    for number in (1, 2, 3):
        await registry.add_revision("web", pb.Revision(number=number, spec=make_spec()))
    assert [one.number for one in await registry.list_revisions("web", limit=2)] == [3, 2]
    found = await registry.find_revision("web", 1)
    assert found
    assert found.spec == make_spec()
    assert await registry.find_revision("web", 9) is None


async def test_a_cooldown_outlives_the_daemon(path: Path) -> None:
    first = await Registry.open(str(path))
    await first.put_spec(make_spec())
    assert await first.start_cooldown("web", "api", "flapping", now=100, seconds=60)
    await first.close()
    second = await Registry.open(str(path))
    assert not await second.start_cooldown("web", "api", "flapping", now=159, seconds=60)
    assert await second.start_cooldown("web", "front", "flapping", now=159, seconds=60)
    assert await second.start_cooldown("web", "api", "flapping", now=160, seconds=60)
    await second.close()
