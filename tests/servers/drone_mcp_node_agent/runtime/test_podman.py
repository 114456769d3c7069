import os
import signal
from pathlib import Path

import anyio
import pytest
from anyio.abc import SocketStream

from drone_mcp_node_agent.runtime.podman import Podman
from drone_mcp_node_agent.runtime.runtime import FaultKind, RuntimeFault
from drone_mcp_nodes_api.wire import agent_pb2 as pb
from support.node_operations import write_podman
from support.patience import PATIENCE
from support.podman import PodmanHost

pytestmark = [pytest.mark.podman, pytest.mark.anyio]

# https://www.kernel.org/doc/Documentation/ABI/testing/sysfs-class-net
ADDRESS_OF_ITS_OWN = 3


@pytest.fixture
def engine(podman: PodmanHost, tmp_path: Path) -> Podman:
    podman.podman("pull", "-q", podman.image("v1.0.0"))
    return Podman(write_podman(podman, tmp_path), owner=str(tmp_path))


def sleeper(host: PodmanHost, **fields: object) -> pb.ComponentSpec:
    component = pb.ComponentSpec(image=host.image("v1.0.0"), cmd=["sleep", "600"], **fields)  # type: ignore[arg-type] # a table
    component.stop_timeout.FromSeconds(0)
    return component


async def test_a_container_is_made_changed_and_removed(engine: Podman, podman: PodmanHost) -> None:
    await engine.create("web", sleeper(podman, env={"MODE": "a b"}, network="none"), {"nodes.service": "web"})
    await engine.start("web")
    await engine.start("web")
    await engine.rename("web", "web.previous")
    found = (await engine.inspect(["web", "web.previous"]))["web.previous"]
    assert (found.is_running, found.spec.env["MODE"], found.labels["nodes.service"]) == (True, "a b", "web")
    assert (await engine.execute("web.previous", ["sh", "-c", "echo no such container; exit 125"], 10)).exit_code == 125
    podman.podman("pause", "web.previous")
    await engine.stop("web.previous")
    assert not (await engine.inspect(["web.previous"]))["web.previous"].is_running
    await engine.remove("web.previous")
    await engine.remove("web.previous")
    assert await engine.list_containers() == []


async def test_a_renamed_container_is_announced_at_the_same_address_and_keeps_its_connections(
    engine: Podman, podman: PodmanHost
) -> None:
    podman.create_network("shop")
    echo = pb.ComponentSpec(image=podman.image("v1.0.0"), cmd=["nc", "-l", "-p", "9000", "-e", "cat"], network="shop")
    await engine.create("web", echo, {})
    await engine.create("other", sleeper(podman, network="shop"), {})
    await engine.start("web")
    await engine.start("other")
    await engine.rename("web", "web.previous")
    address = (await engine.inspect(["web.previous"]))["web.previous"].addresses["shop"]

    async def is_known(name: str) -> bool:
        return (await engine.execute("other", ["nslookup", name], PATIENCE)).exit_code == 0

    async def connect() -> SocketStream:
        while True:
            try:
                return await anyio.connect_tcp(address, 9000)
            except OSError:  # it does not listen yet
                await anyio.sleep(0.05)

    with anyio.fail_after(PATIENCE):
        async with await connect() as connection:
            await connection.send(b"before")
            assert await connection.receive() == b"before"
            assert await is_known("web")
            await engine.announce("web.previous")
            await connection.send(b"after")
            assert await connection.receive() == b"after"
            while not await is_known("web.previous"):  # the name server reads it in its own time
                pass
            assert not await is_known("web")
            assert (await engine.inspect(["web.previous"]))["web.previous"].addresses["shop"] == address


async def test_a_bridge_keeps_the_address_that_it_has_when_a_container_starts(
    engine: Podman, podman: PodmanHost
) -> None:
    podman.create_network("shop")
    for name in ("first", "second"):
        await engine.create(name, sleeper(podman, network="shop"), {})
        await engine.start(name)
    device = Path("/sys/class/net", podman.podman("network", "inspect", "--format={{.NetworkInterface}}", "shop"))
    before = (device / "address").read_text()
    assert int((device / "addr_assign_type").read_text()) == ADDRESS_OF_ITS_OWN
    await engine.remove("first")
    assert (device / "address").read_text() == before


async def test_a_container_without_an_address_has_nothing_to_announce(engine: Podman, podman: PodmanHost) -> None:
    await engine.create("web", sleeper(podman, network="none"), {})
    await engine.announce("web")
    await engine.start("web")
    await engine.announce("web")


async def test_a_container_whose_policy_starts_it_again_and_again_stays_stopped(
    engine: Podman, podman: PodmanHost
) -> None:
    flapping = pb.ComponentSpec(image=podman.image("v1.0.0"), cmd=["sh", "-c", "sleep 0.2; exit 9"], restart="always")
    flapping.network = "none"
    await engine.create("flap", flapping, {})
    await engine.start("flap")
    with anyio.fail_after(PATIENCE):
        while (await engine.inspect(["flap"]))["flap"].restarts < 2:
            await anyio.lowlevel.checkpoint()
    await engine.stop("flap")
    assert not (await engine.inspect(["flap"]))["flap"].is_running
    await engine.start("flap")
    await engine.remove("flap")
    assert await engine.list_containers() == []


@pytest.mark.usefixtures("engine")  # which has the image
async def test_a_container_that_runs_on_after_a_stop_that_podman_calls_done_is_stopped_again(
    podman: PodmanHost, tmp_path: Path
) -> None:
    program = tmp_path / "forgetful"
    program.write_text(
        f"""#!/bin/sh
if [ "$1" = stop ]; then
  echo >>{tmp_path}/stops
  [ $(wc -l <{tmp_path}/stops) -gt 1 ] || exit 0
fi
exec {write_podman(podman, tmp_path)} "$@"
""",
        encoding="utf-8",
    )
    program.chmod(0o700)
    engine = Podman(str(program), owner=str(tmp_path))
    await engine.create("web", sleeper(podman, network="none"), {})
    await engine.start("web")
    await engine.stop("web")
    assert not (await engine.inspect(["web"]))["web"].is_running
    assert (tmp_path / "stops").read_text() == "\n\n"


@pytest.mark.usefixtures("engine")  # which has the image
@pytest.mark.parametrize(("refusals", "removed"), [(1, True), (3, True), (4, False)])
async def test_a_container_that_ends_while_it_is_removed_is_removed_by_a_further_try(
    podman: PodmanHost, tmp_path: Path, refusals: int, removed: bool
) -> None:
    # What podman 4.3.1 said of a container that its policy started again and again.
    sentence = "Error: cannot remove container x as it could not be stopped: container state improper: stopped"
    program = tmp_path / "refusing"
    program.write_text(
        f"""#!/bin/sh
if [ "$1" = rm ]; then
  echo >>{tmp_path}/tries
  [ $(wc -l <{tmp_path}/tries) -gt {refusals} ] || {{ echo '{sentence}' >&2; exit 2; }}
fi
exec {write_podman(podman, tmp_path)} "$@"
""",
        encoding="utf-8",
    )
    program.chmod(0o700)
    engine = Podman(str(program), owner=str(tmp_path))
    await engine.create("web", sleeper(podman, network="none"), {})
    if removed:
        await engine.remove("web")
    else:
        with pytest.raises(RuntimeFault, match="state does not allow it"):
            await engine.remove("web")
    assert bool(await engine.list_containers()) is not removed


@pytest.mark.usefixtures("engine")  # which has the image
@pytest.mark.parametrize(("refusals", "is_read"), [(1, True), (3, True), (4, False)])
async def test_a_log_with_a_line_that_is_being_written_is_read_by_a_further_try(
    podman: PodmanHost, tmp_path: Path, refusals: int, is_read: bool
) -> None:
    # What podman 4.3.1 said of a container that wrote hundreds of lines a second.
    sentence = "Error: unable to read log file x for y : '2026-11-2' is not a valid container log line"
    program = tmp_path / "refusing"
    program.write_text(
        f"""#!/bin/sh
if [ "$1" = logs ]; then
  echo >>{tmp_path}/tries
  [ $(wc -l <{tmp_path}/tries) -gt {refusals} ] || {{ echo "{sentence}" >&2; exit 125; }}
  echo '2026-11-29T18:00:00.000000000+00:00 hello'
  exit 0
fi
exec {write_podman(podman, tmp_path)} "$@"
""",
        encoding="utf-8",
    )
    program.chmod(0o700)
    engine = Podman(str(program), owner=str(tmp_path))
    await engine.create("web", sleeper(podman, network="none"), {})
    if is_read:
        assert [line.text for line in await engine.tail_logs("web", 5)] == ["hello"]
    else:
        with pytest.raises(RuntimeFault, match="not a valid container log line"):
            await engine.tail_logs("web", 5)


async def test_a_name_that_begins_an_identifier_is_no_container(engine: Podman, podman: PodmanHost) -> None:
    await engine.create("web", sleeper(podman, network="none"), {})
    digits = (await engine.inspect(["web"]))["web"].id[:12]
    assert await engine.inspect([digits]) == {}
    await engine.remove(digits)
    for change in (engine.start(digits), engine.stop(digits), engine.rename(digits, "x")):
        with pytest.raises(RuntimeFault) as raised:
            await change
        assert raised.value.kind is FaultKind.CONTAINER_MISSING
    assert [one.name for one in await engine.list_containers()] == ["web"]


async def test_a_creation_that_fails_leaves_nothing_behind(engine: Podman, podman: PodmanHost) -> None:
    cases = {
        FaultKind.NETWORK_MISSING: sleeper(podman, network="no-such-network"),
        FaultKind.VOLUME_MISSING: sleeper(podman, volumes=["/srv/none:/data"]),
        FaultKind.SECRET_MISSING: sleeper(podman, secrets=[pb.SecretRef(name="none")]),
        FaultKind.IMAGE_MISSING: pb.ComponentSpec(image=podman.image("v1.1.0-none")),
    }
    for kind, component in cases.items():
        with pytest.raises(RuntimeFault) as raised:
            await engine.create("web", component, {})
        assert raised.value.kind is kind
    assert await engine.list_containers() == []


async def test_a_process_that_is_gone_is_seen_although_podman_says_that_it_runs(
    engine: Podman, podman: PodmanHost
) -> None:
    await engine.create("web", sleeper(podman, network="none"), {})
    await engine.start("web")
    container = (await engine.inspect(["web"]))["web"]
    status = Path(f"/proc/{container.pid}/status").read_text(encoding="ascii")  # noqa: ASYNC240 - of the kernel
    monitor = int(next(line for line in status.splitlines() if line.startswith("PPid:")).split()[1])
    os.kill(monitor, signal.SIGKILL)
    os.kill(container.pid, signal.SIGKILL)
    with anyio.fail_after(PATIENCE):
        while (found := (await engine.inspect(["web"]))["web"]).has_process:
            await anyio.lowlevel.checkpoint()
    assert (found.status, found.is_running) == ("running", False)


async def test_the_last_lines_of_both_streams_come_in_their_order(engine: Podman, podman: PodmanHost) -> None:
    talker = pb.ComponentSpec(image=podman.image("broken"), network="none")
    await engine.pull(talker.image)
    await engine.create("web", talker, {})
    await engine.start("web")
    with anyio.fail_after(PATIENCE):
        while (await engine.inspect(["web"]))["web"].status != "exited":
            await anyio.lowlevel.checkpoint()
    lines = await engine.tail_logs("web", 10)
    assert [(line.stream, line.text) for line in lines] == [
        ("stdout", "starting broken"),
        ("stderr", "cannot open the database: no such file"),
    ]
    assert [line.text for line in await engine.tail_logs("web", 1)] == ["cannot open the database: no such file"]
    with anyio.fail_after(PATIENCE):
        async with engine.follow_logs("web", 10, None) as followed:
            assert {line.text async for line in followed} == {line.text for line in lines}


async def test_events_are_followed_while_they_happen(engine: Podman, podman: PodmanHost) -> None:
    async def come_and_go() -> None:  # podman does not say from when on it listens
        while True:
            await engine.create("web", sleeper(podman, network="none"), {"nodes.service": "web"})
            await engine.remove("web")

    with anyio.fail_after(PATIENCE):
        async with engine.follow_events() as events, anyio.create_task_group() as tasks:
            tasks.start_soon(come_and_go)
            async for event in events:
                if event.kind == "create":
                    break
            tasks.cancel_scope.cancel()
    assert (event.container, event.labels.get("nodes.service"), event.exit_code) == ("web", "web", None)


async def test_secrets_are_files_whose_values_show_nowhere(engine: Podman, podman: PodmanHost) -> None:
    await engine.put_secret("db", b"first")
    await engine.put_secret("db", b"s3cret\n")
    assert [secret.name for secret in await engine.list_secrets()] == ["db"]
    secrets = [pb.SecretRef(name="db"), pb.SecretRef(name="db", file="/etc/db")]
    await engine.create("web", sleeper(podman, network="none", secrets=secrets), {})
    await engine.start("web")
    read = await engine.execute("web", ["cat", "/run/secrets/db", "/etc/db"], 10)
    assert read.output == "s3cret\ns3cret\n"
    assert "s3cret" not in podman.podman("inspect", "web")
    assert [*(await engine.inspect(["web"]))["web"].spec.secrets] == secrets
    await engine.remove("web")
    await engine.remove_secret("db")
    assert await engine.list_secrets() == []


async def test_a_podman_that_is_missing_or_hangs_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(RuntimeFault) as raised:
        await Podman(str(tmp_path / "podman")).version()
    assert raised.value.kind is FaultKind.ENGINE_MISSING
    program = tmp_path / "hangs"
    program.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    program.chmod(0o755)
    with pytest.raises(RuntimeFault, match="did not end within") as raised:
        await Podman(str(program)).execute("web", ["true"], 0.05)
    assert raised.value.kind is FaultKind.TIMED_OUT
