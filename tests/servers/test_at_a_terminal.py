"""Every MCP server, started by hand: it says what it waits for, and ends with the input."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from drone_mcp_config.installation.reading import read_installation
from support.patience import PATIENCE
from support.warm import warm_python

if sys.platform != "win32":
    import pty

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")


@pytest.mark.parametrize("module", [manifest.module for manifest in read_installation().values()])
def test_a_server_at_a_terminal_says_what_it_waits_for(module: str) -> None:
    terminal, stdin = pty.openpty()
    process = subprocess.Popen(
        [*warm_python(), "-m", module],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"DRONE_SERVER": "https://drone.test", "DRONE_TOKEN": "a-token"},
    )
    os.close(stdin)
    assert process.stderr is not None
    assert b"waits for an MCP client on standard input" in process.stderr.readline()
    os.write(terminal, b"\x04")
    out, _ = process.communicate(timeout=PATIENCE)
    os.close(terminal)
    assert (process.returncode, out) == (0, b"")


def test_a_server_that_a_client_starts_says_nothing_of_it() -> None:
    done = subprocess.run(
        [*warm_python(), "-m", "drone_mcp_logs"],
        input=b"",
        capture_output=True,
        check=True,
        env=os.environ | {"DRONE_SERVER": "https://drone.test", "DRONE_TOKEN": "a-token"},
    )
    assert b"waits" not in done.stderr
