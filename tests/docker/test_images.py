"""The images as scripts/check-image has built them, each run as a container would be: what they do and lack."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from mcp import Client
from mcp.client.stdio import stdio_client

from drone_mcp_config.installation.reading import read_installation
from drone_mcp_config.plan.making import offered_tools
from drone_mcp_config.roles.library import role_library
from drone_mcp_config.roles.loading import load_role
from support.deliveries import signed
from support.http_process import HttpProcess, bearer
from support.images import Image, built, raise_loopback
from support.installed import ROLES, SERVICES, environment_of, program_package
from support.installed import SERVERS as INSTALLED
from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.image,
    pytest.mark.skipif(sys.platform != "linux", reason="images are of Linux"),
]

ROOT = Path(__file__).parents[2]
IMAGES = built()
ALL = (*ROLES, *SERVICES)
TOOLKIT = "opt/drone-mcp"
TOKEN = "a-token-of-the-tests-for-callers"
LAYERS = ("shared", "servers", "entrypoint")
SERVICES_OF_ALL = {
    name: text for server in INSTALLED for name, text in environment_of(server, "http://127.0.0.1:8000").items()
}
SECRET = "a-secret-of-the-tests"
SERVERS = read_installation()


@pytest.fixture(scope="module", autouse=True)
def network() -> None:
    raise_loopback()


def servers_of(role: str) -> dict[str, list[str]]:
    """Each server of a role -> the tools that it has there."""
    entries = load_role(role, role_library(None), SERVERS).servers
    return {name: sorted(offered_tools(entry, SERVERS[name])) for name, entry in entries.items()}


def packages(image: Image) -> set[str]:
    return {path.parent.name for path in image.root.glob(f"{TOOLKIT}/python/lib/python3*/*-packages/*/py.typed")}


def files(image: Image) -> list[Path]:
    return [path for path in image.root.rglob("*") if path.relative_to(image.root).parts[0] not in {"proc", "dev"}]


@contextmanager
def hosted(name: str) -> Iterator[HttpProcess]:
    """Run the image of a role as it stands."""
    with IMAGES[name].serving(**SERVICES_OF_ALL, DRONE_MCP_HTTP_TOKEN=TOKEN) as container:
        yield HttpProcess(container.process, {"url": "http://127.0.0.1:8080"})


@pytest.mark.parametrize("name", ROLES)
async def test_a_role_s_image_serves_the_role_s_tools_over_http(name: str) -> None:
    with hosted(name) as process:
        assert process.ask("/builds/mcp").status_code == 401
        for server, tools in servers_of(name).items():
            async with process.client(f"/{server}/mcp", **bearer(TOKEN)) as client:
                assert sorted(tool.name for tool in (await client.list_tools()).tools) == tools


@pytest.mark.parametrize("name", ROLES)
async def test_each_server_of_a_role_s_image_answers_over_standard_input(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    image = IMAGES[name]
    took = []
    for server in servers_of(name):
        began = time.perf_counter()
        async with Client(stdio_client(image.stdio(f"drone-mcp-{server}", **SERVICES_OF_ALL)), mode="legacy") as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
            took.append(f"{server} {time.perf_counter() - began:.2f} s")
        assert names == set(SERVERS[server].tool_names)
    with capsys.disabled():
        size = sum(path.lstat().st_size for path in files(image) if not path.is_symlink()) / 2**20
        sys.stdout.write(f"\n{name}: {size:.0f} MiB; start to tools/list: {', '.join(took)}\n")


@pytest.mark.parametrize("name", ALL)
def test_it_is_healthy_while_it_serves_and_ends_in_order_as_the_first_process(name: str) -> None:
    image = IMAGES[name]
    settings = {**SERVICES_OF_ALL, "DRONE_MCP_HTTP_TOKEN": TOKEN, "DRONE_MCP_WEBHOOK_SECRET": SECRET}
    assert not image.is_healthy()
    with image.serving(**settings) as container:
        assert image.is_healthy()
        assert container.stop() == 0


def test_the_receiver_takes_a_signed_delivery() -> None:
    body = json.dumps({"event": "ping"}).encode()
    with IMAGES["webhooks"].serving(**SERVICES_OF_ALL, DRONE_MCP_WEBHOOK_SECRET=SECRET):
        headers = signed(body, at=time.time(), secret=SECRET)
        answers = [
            httpx.post("http://127.0.0.1:8088/webhooks", content=body, headers=sent, trust_env=False, timeout=PATIENCE)
            for sent in (headers, {**headers, "Signature": "none"})
        ]
    assert [answer.is_success for answer in answers] == [True, False]


def test_the_simulator_plays_a_scenario() -> None:
    with IMAGES["simulator"].serving() as container:
        token = next(iter(container.said["tokens"].values()))
        repos = httpx.get(
            "http://127.0.0.1:8000/api/user/repos", headers=bearer(token), trust_env=False, timeout=PATIENCE
        ).json()
    assert repos


@pytest.mark.parametrize("name", ALL)
def test_no_other_code_of_ours_is_in_it(name: str) -> None:
    image = IMAGES[name]
    shared = {path.parent.name for path in ROOT.glob("shared/*/__init__.py")}
    everything = {path.parent.name for layer in LAYERS for path in ROOT.glob(f"{layer}/*/py.typed")}
    wanted = shared | (
        {"drone_mcp_config", *(SERVERS[server].module for server in servers_of(name))}
        if name in ROLES
        else {program_package(name)}
    )
    absent = everything - wanted
    look = f"import importlib.util as u, json; print(json.dumps([p for p in {sorted(everything)} if u.find_spec(p)]))"
    assert image.python(look) == sorted(wanted)
    programs = [path.name for path in (image.root / TOOLKIT / "bin").iterdir()]
    assert programs
    traces = [path for path in files(image) if absent & {*path.parts}]
    assert traces == []
    reported = "".join(
        path.read_text("utf-8") for path in image.root.glob(f"{TOOLKIT}/**/drone_mcp-*/entry_points.txt")
    )
    assert not absent & {*re.findall(r"\w+", reported)}


def test_an_image_refuses_a_role_that_it_lacks_servers_for() -> None:
    done = IMAGES["dev"].run("drone-mcp-config", "serve", "--role", "ops", **SERVICES_OF_ALL)
    assert (done.returncode, done.stderr) == (2, "There is no role 'ops'. There are: dev.\n")


@pytest.mark.parametrize("name", ALL)
def test_it_runs_as_nobody_on_a_file_system_that_it_cannot_write(name: str) -> None:
    image = IMAGES[name]
    assert image.config["User"] == "10001:10001"
    code = """
import json, os
def writes(path):
    try:
        open(path, "w").close()
    except OSError:
        return False
    return True
found = [writes(path) for path in ("/x", "/etc/x", "/opt/drone-mcp/x", "/opt/drone-mcp/python/bin/python3", "/tmp/x")]
print(json.dumps([os.getuid(), os.getgid(), os.getgroups(), found]))
"""
    assert image.python(code) == [10001, 10001, [], [False, False, False, False, True]]


@pytest.mark.parametrize("name", ALL)
def test_its_user_could_write_nothing_but_tmp_were_it_not_read_only(name: str) -> None:
    image = IMAGES[name]
    for path in files(image):
        status = path.lstat()
        open_to_all = status.st_mode & stat.S_IWOTH and not path.is_symlink()
        assert status.st_uid == status.st_gid == 0, path
        assert not open_to_all or path == image.root / "tmp", path
        assert not status.st_mode & (stat.S_ISUID | stat.S_ISGID), path


@pytest.mark.parametrize("name", ALL)
def test_there_is_no_shell_no_installer_and_no_distribution(name: str) -> None:
    image = IMAGES[name]
    assert {path.name for path in image.root.iterdir()} - {"proc", "dev"} == {"etc", "opt", "tmp"}
    names = {path.name for path in files(image)}
    assert not names & {
        "sh",
        "bash",
        "busybox",
        "apt",
        "dpkg",
        "pip",
        "ensurepip",
        "setuptools",
        "gcc",
        "cc",
        "patchelf",
    }
    executable = {path for path in files(image) if path.is_file() and os.access(path, os.X_OK) and "bin" in path.parts}
    ours = {image.root / TOOLKIT / "python/bin/python3", *(image.root / TOOLKIT / "bin").iterdir()}
    assert executable == ours


@pytest.mark.parametrize("name", ALL)
def test_everything_is_compiled_and_no_time_stamp_can_undo_it(name: str) -> None:
    image = IMAGES[name]
    library = next(image.root.glob(f"{TOOLKIT}/python/lib/python3*"))
    sources = [path for path in library.rglob("*.py") if "lib2to3" not in path.parts]
    bare = [path for path in sources if not list((path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"))]
    unchecked_hash = 0b01
    flags = {int.from_bytes(path.read_bytes()[4:8], "little") for path in library.rglob("*.pyc")}
    assert (bare, flags) == ([], {unchecked_hash})


@pytest.mark.parametrize("name", ["dev"])
def test_every_extension_finds_its_libraries_inside(name: str) -> None:
    code = """
import ctypes, json, pathlib, sys
root = pathlib.Path(sys.prefix)
bad = []
for file in root.rglob("*.so"):
    try:
        ctypes.CDLL(str(file))
    except OSError as error:
        bad.append(str(error))
outside = {line.split()[-1] for line in open("/proc/self/maps") if ".so" in line and str(root) not in line}
print(json.dumps([bad, sorted(outside)]))
"""
    assert IMAGES[name].python(code) == [[], []]


def test_the_toolkit_works_in_an_agent_s_image_and_leaves_its_python_alone() -> None:
    image = IMAGES["agent"]
    own = image.run("python3", "-c", "import sys; print(sys.prefix)")
    written = image.run("drone-mcp-config", "--print", **SERVICES_OF_ALL)
    assert own.stdout == "/usr\n"
    servers: dict[str, Any] = json.loads(written.stdout)["mcpServers"]
    assert list(servers) == [SERVERS[name].server for name in servers_of("dev")]
    assert {server["command"] for server in servers.values()} == {"/opt/drone-mcp/python/bin/python3"}


AGENT = """
import asyncio, json, os, sys
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

async def tools(entry):
    env = {name: os.path.expandvars(value) for name, value in entry["env"].items()}
    server = StdioServerParameters(command=entry["command"], args=entry["args"], env=env)
    async with Client(stdio_client(server)) as client:
        return len((await client.list_tools()).tools)

async def main():
    entries = json.load(open(sys.argv[1]))["mcpServers"]
    return {name: await tools(entry) for name, entry in entries.items()}

print(json.dumps(asyncio.run(main())))
"""


def test_an_agent_in_its_image_has_the_servers_of_its_role() -> None:
    """A real client stands in for the agent, and runs as `drone-mcp-config agent` starts it."""
    client = ("/opt/drone-mcp/python/bin/python3", "-c", AGENT, "{config}")
    with IMAGES["simulator"].serving() as drone:  # Drone is tried before the agent starts
        settings = {**SERVICES_OF_ALL, "DRONE_TOKEN": drone.said["tokens"]["dev"]}
        done = IMAGES["agent"].run("drone-mcp-config", "agent", "--", *client, **settings)
    assert done.returncode == 0, done.stderr
    counts = {SERVERS[name].server: len(tools) for name, tools in servers_of("dev").items()}
    assert json.loads(done.stdout) == counts
