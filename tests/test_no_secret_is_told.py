"""For every variable of every process that holds or contains a secret, and wrong values of it: nothing says it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ci_mcp_kit.http_settings import HTTP_VARIABLES
from drone_mcp_build.guard.variables import VARIABLES as GUARD_VARIABLES
from drone_mcp_build.variables import VARIABLES
from drone_mcp_webhooks.settings import RECEIVER_VARIABLES
from support.client_pipes import HANDSHAKE
from support.http_process import TESTS
from support.warm import warm_python

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="starts processes as POSIX has them")

SECRET = "Zt7Wm3Kc5Rb9Xv"
# A person's mistakes with a secret, and the ways in which libraries take an address apart.
BARE = (SECRET, f'"{SECRET}"', f"{SECRET} x", f"{SECRET}é")
INSIDE = (
    "{scheme}://:{secret}@127.0.0.1:1/0",
    "{scheme}://:{secret}/q8==@127.0.0.1:1/0",
    "{scheme}://:x/{secret}@127.0.0.1:1/0",
    "{scheme}://:{secret}#x@127.0.0.1:1/0",
    "{scheme}://:a@{secret}/x@127.0.0.1:1/0",
    "{scheme}://me:{secret}",
    "{scheme}://me:[{secret}@127.0.0.1",
    "{scheme}://127.0.0.1:{secret}/0",
    "{scheme}://127.0.0.1:1/0?password={secret}",
)
NAMES = {v.name for v in (*VARIABLES, *GUARD_VARIABLES, *RECEIVER_VARIABLES, *HTTP_VARIABLES)}
SECRETS = sorted(v.name for v in {*VARIABLES, *GUARD_VARIABLES, *RECEIVER_VARIABLES, *HTTP_VARIABLES} if v.secret)
ADDRESSES = {
    "DRONE_SERVER": "http",
    "DRONE_MCP_STATE": "redis",
    "DRONE_MCP_AUDIT_LOG": "https",
    "HTTP_PROXY": "http",
    "ALL_PROXY": "socks5",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http",
}
READ_WHOLE = {"DRONE_SERVER", "DRONE_MCP_STATE", "OTEL_EXPORTER_OTLP_ENDPOINT"}  # the others are hosts of one library
VALUES = [
    *((name, value) for name in SECRETS if name != "DRONE_MCP_STATE" for value in BARE),
    *(
        (name, form.format(scheme=scheme, secret=SECRET))
        for name, scheme in ADDRESSES.items()
        for form in INSIDE[: None if name in READ_WHOLE else 3]
    ),
    ("OTEL_EXPORTER_OTLP_HEADERS", f"api-key={SECRET}"),
]
WORKING = {
    "DRONE_SERVER": "http://127.0.0.1:1",
    "DRONE_TOKEN": "x" * 32,
    "DRONE_REPO": "octo/hello",
    "DRONE_MCP_RETRIES": "0",
    "DRONE_MCP_WEBHOOK_SECRET": "w" * 32,
    "DRONE_MCP_LOG_LEVEL": "debug",
    "NO_PROXY": "",
}
GUARDED = {
    "DRONE_MCP_ACTIONS": "on",
    "DRONE_MCP_ACTION_REPOS": "octo/hello",
    "DRONE_WRITE_TOKEN": "y" * 32,
    "DRONE_MCP_AUDIT_LOG": "stderr",
}
CALL = {"name": "drone_restart_build", "arguments": {"repo": "octo/hello", "number": 1}}
READ = {"name": "drone_get_build", "arguments": {"repo": "octo/hello", "number": 1}}


def conversation(call: Mapping[str, Any]) -> str:
    messages: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": HANDSHAKE},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": call},
    ]
    return "".join(json.dumps({"jsonrpc": "2.0", **message}) + "\n" for message in messages)


def said_by(command: tuple[str, ...], environment: Mapping[str, str], sent: str = "") -> str:
    """Run a process to its end; return all that it wrote."""
    base = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(TESTS), **WORKING, **environment}
    argv = [*warm_python(), "-m", *command]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=base, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        if not sent:
            process.stdin.close()
            # What serves prints its address, and is then asked to end.
            first = process.stdout.readline()
            process.terminate()
            return first + process.stdout.read()
        process.stdin.write(sent)
        process.stdin.flush()
        said = ""
        while '"id":2' not in said and (line := process.stdout.readline()):
            said += line
        process.stdin.close()
        return said + process.stdout.read()


@pytest.mark.parametrize(("name", "value"), VALUES, ids=[f"{name}-{number}" for number, (name, _) in enumerate(VALUES)])
def test_no_process_tells_a_part_of_a_secret(name: str, value: str) -> None:
    wrong = {name: value}
    outputs = {
        "builds": said_by(("drone_mcp_builds",), wrong, conversation(READ)),
        "actions": said_by(("drone_mcp_actions",), {**GUARDED, **wrong}, conversation(CALL)),
        "a role": said_by(("drone_mcp_config", "serve", "--role", "dev", "--http", "127.0.0.1:0"), wrong),
        "the receiver": said_by(("drone_mcp_webhooks", "serve", "--listen", "127.0.0.1:0"), wrong),
    }
    pieces = [SECRET, *re.findall(".{8}", SECRET)]
    assert not [(who, said) for who, said in outputs.items() if any(piece in said for piece in pieces)]


def test_every_variable_that_holds_a_secret_is_tried() -> None:
    assert set(SECRETS) | {name for name in ADDRESSES if name.startswith("DRONE")} <= NAMES
    assert {"DRONE_TOKEN", "DRONE_WRITE_TOKEN", "DRONE_MCP_ACTION_KEY", "DRONE_MCP_STATE"} <= set(SECRETS)
    assert {"DRONE_MCP_WEBHOOK_SECRET", "DRONE_MCP_HTTP_TOKEN"} <= set(SECRETS)
