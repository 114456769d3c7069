"""`drone-mcp-config agent` as a process: its configuration, its streams, its signals, its exit code, its children."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.agent_run import Place, python
from support.patience import PATIENCE
from support.warm import warm_python

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the entrypoint of containers")

SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH")
HEED = """
import signal, sys
names = {getattr(signal, name) for name in sys.argv[1:]}
signal.pthread_sigmask(signal.SIG_BLOCK, names)
print("ready", flush=True)
for _ in names:
    print(signal.Signals(signal.sigwait(names)).name, flush=True)
sys.exit(7)
"""
# Leaves a child to whoever takes orphans, and waits until somebody has taken note of its end.
ORPHAN = """
import os, sys
def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False
out, into = os.pipe()
if os.fork() == 0:
    orphan = os.fork()
    if orphan:
        os.write(into, str(orphan).encode())
    os._exit(0)
os.wait()
orphan = int(os.read(out, 20))
while not gone(orphan):
    os.sched_yield()
print("reaped", os.getppid())
"""
SUBREAPER = "import ctypes, os, sys; ctypes.CDLL(None).prctl(36, 1, 0, 0, 0); os.execv(sys.argv[1], sys.argv[1:])"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_the_configuration_is_private_and_gone_afterwards(place: Place) -> None:
    look = 'stat -c %a "$DRONE_MCP_CONFIG" "$(dirname "$DRONE_MCP_CONFIG")"; cat "$DRONE_MCP_CONFIG"'
    done = place.run(command=["sh", "-c", look])
    assert done.returncode == 0, done.stderr
    file, folder, text = done.stdout.split("\n", 2)
    assert (file, folder) == ("600", "700")
    assert list(json.loads(text)["mcpServers"]) == ["tiny"]
    assert place.left == []


def test_what_cannot_be_added_to_the_role_is_said_and_the_agent_runs_without_it(place: Place) -> None:
    done = place.run("--with", "actions", "--ceiling", "tiny", command=["echo", "at work"])
    assert (done.returncode, done.stdout) == (0, "at work\n")
    assert "Not added: actions: the role 'tiny' has no such server." in done.stderr


def test_the_streams_are_those_of_the_command(place: Place) -> None:
    script = "import sys; print(sys.stdin.read().upper()); print('aside', file=sys.stderr)"
    done = place.run(command=[*python(script)], text="words")
    assert done.stdout == "WORDS\n"
    assert done.stderr.endswith("aside\n")


@pytest.mark.parametrize("code", [0, 75])
def test_the_exit_code_is_the_commands(place: Place, code: int) -> None:
    assert place.run(command=["sh", "-c", f"exit {code}"]).returncode == code


def test_signals_reach_the_command_which_decides(place: Place) -> None:
    with place.start(command=[*python(HEED), *SIGNALS]) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n", process.stderr
        for name in SIGNALS:
            process.send_signal(getattr(signal, name))
            assert process.stdout.readline() == f"{name}\n"
        assert process.wait(PATIENCE) == 7
    assert place.left == []


@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL"])
def test_a_command_that_a_signal_ends_is_reported_as_shells_do(place: Place, name: str) -> None:
    done = place.run(command=["sh", "-c", f"kill -{name.removeprefix('SIG')} $$"])
    assert done.returncode == 128 + getattr(signal, name)
    assert place.left == []


def test_a_key_of_the_terminal_reaches_the_command_once(place: Place) -> None:
    count = """
import os, signal
names = {signal.SIGINT, signal.SIGUSR1}
signal.pthread_sigmask(signal.SIG_BLOCK, names)
print("ready", os.getpgrp() == os.getpgid(os.getppid()), flush=True)
seen = 0
while signal.sigwait(names) == signal.SIGINT:
    seen += 1
    print("got", flush=True)
print("count", seen, flush=True)
"""
    master, terminal = pty.openpty()
    login = f"import os, fcntl, sys; fcntl.ioctl(0, {0x540E}, 0); os.execv(sys.argv[1], sys.argv[1:])"  # TIOCSCTTY
    argv = [*python(login), *place.argv(command=python(count))]
    with subprocess.Popen(
        argv, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True, cwd=place.work,
        env=place.variables(),
    ) as process:  # fmt: skip
        os.close(terminal)
        with os.fdopen(master, "rb", buffering=0) as screen:
            said = read_until(screen, b"ready")
            assert b"ready True" in said  # one process group: job control sees them as one
            os.write(master, b"\x03")
            read_until(screen, b"got")
            process.send_signal(signal.SIGUSR1)
            assert b"count 1" in read_until(screen, b"count")
            assert process.wait(PATIENCE) == 0


def read_until(screen: object, word: bytes) -> bytes:
    """Read lines of a terminal up to the one that holds a word."""
    line = b""
    while word not in line:
        line = screen.readline()  # type: ignore[attr-defined]  # a raw file
        assert line
    return bytes(line)


def test_a_command_that_cannot_be_found_or_run_is_reported_with_the_codes_of_shells(place: Place) -> None:
    (place.work / "plain").write_text("text", encoding="utf-8")
    missing, unfit = place.run(command=["no-such-program"]), place.run(command=["./plain"])
    assert (missing.returncode, unfit.returncode) == (127, 126)
    assert "'no-such-program' cannot be run: No such file or directory." in missing.stderr
    assert place.left == []


def test_a_server_that_does_not_start_is_reported_and_the_command_is_not_run(place: Place) -> None:
    place.role("broken", "broken", "raise SystemExit('no luck')")
    done = place.run(command=["touch", "ran"], role="broken")
    assert done.returncode == 69
    assert "broken: it did not start: no luck. Fix the reported error." in done.stderr
    assert "The agent was not started" in done.stderr
    assert not (place.work / "ran").exists()
    assert place.left == []


def test_a_server_whose_environment_is_wrong_is_reported_and_the_command_is_not_run(place: Place) -> None:
    place.environment |= {"DRONE_SERVER": "http://127.0.0.1:9", "DRONE_TOKEN": "x" * 32, "DRONE_MCP_TIMEOUT": "soon"}
    done = place.run(command=["touch", "ran"], role="viewer")
    assert done.returncode == 69
    assert "settings: DRONE_MCP_TIMEOUT is 'soon'" in done.stderr
    assert "The agent was not started" in done.stderr
    assert not (place.work / "ran").exists()
    assert place.left == []


def test_a_signal_while_servers_are_looked_at_ends_it_at_once_and_leaves_nothing(place: Place) -> None:
    fifo = place.folder / "fifo"
    os.mkfifo(fifo)
    silent = f"import sys\nopen({str(fifo)!r}, 'w').close()\nsys.stdin.read()"  # until its input ends
    place.role("hanging", "hanging", silent)
    with place.start(command=["touch", "ran"], role="hanging") as process:
        fifo.read_bytes()  # until the server runs
        assert place.left != []
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 128 + signal.SIGTERM
    assert not (place.work / "ran").exists()
    assert place.left == []


def test_all_that_is_missing_is_named_at_once(place: Place) -> None:
    argv = [*warm_python(), "-m", "drone_mcp_config", "agent", "--push", "--", "true"]
    done = subprocess.run(argv, env=place.variables(), cwd=place.work, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == (
        "The agent was not started. Not set: AGENT_ROLE (or --role); BRANCH (or --branch), where --push pushes to.\n"
    )


def test_what_the_configuration_refers_to_is_missed_with_the_rest(place: Place) -> None:
    done = place.run("--push", command=["true"], role="reader")
    branch = "BRANCH (or --branch), where --push pushes to"
    assert (done.returncode, done.stderr) == (2, f"The agent was not started. Not set: {branch}; DRONE_TOKEN.\n")


def test_a_signal_while_git_asks_the_remote_is_the_end(place: Place) -> None:
    fifo, shim = place.folder / "fifo", place.folder / "bin"
    os.mkfifo(fifo)
    shim.mkdir()
    (shim / "git").write_text(f"#!/bin/sh\necho true\ntest $1 = ls-remote || exit 0\n: >{fifo}\nexec sleep 600\n")
    (shim / "git").chmod(0o755)
    place.environment = {"PATH": f"{shim}:{os.environ['PATH']}", "BRANCH": "b"}
    with place.start("--push", command=["touch", "ran"]) as process:
        fifo.read_bytes()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 128 + signal.SIGTERM
    assert not (place.work / "ran").exists()


def test_without_a_command_it_says_where_to_put_one(place: Place) -> None:
    done = place.run(command=[])
    assert done.returncode == 2
    assert "behind two dashes" in done.stderr


def test_options_win_over_the_environment_and_the_project_stands_in_for_the_repository(place: Place) -> None:
    show = ["sh", "-c", 'echo "$AGENT_ROLE $DRONE_REPO $SESSION_ID $BRANCH"']
    given = {"AGENT_ROLE": "other", "SESSION_ID": "s-1", "BRANCH": "b-1", "PROJECT_ID": "octo/project"}
    assert place.run(command=show, **given).stdout == "tiny octo/project s-1 b-1\n"
    both = place.run(command=show, **given, DRONE_REPO="octo/hello")
    assert both.stdout == "tiny octo/hello s-1 b-1\n"
    options = ("--repo", "octo/option", "--session", "s-2", "--branch", "b-2")
    assert place.run(*options, command=show, **given).stdout == "tiny octo/option s-2 b-2\n"


def test_a_project_that_is_no_repository_is_refused(place: Place) -> None:
    done = place.run(command=["true"], PROJECT_ID="42")
    assert done.returncode == 2
    assert "owner/name" in done.stderr


def test_a_session_of_several_lines_is_refused(place: Place) -> None:
    assert "printable" in place.run(command=["true"], SESSION_ID="a\nb").stderr


def test_the_set_up_runs_before_only_if_it_is_asked_for_and_beside_the_agents_streams(place: Place) -> None:
    server = (place.folder / "tiny_server.py").read_text(encoding="utf-8")
    place.role("ready", "tiny", server, "agent: {setup: [echo first, cat, echo second]}\n")
    without = place.run(command=["cat"], role="ready", text="three\n")
    assert (without.stdout, "first" in without.stderr) == ("three\n", False)
    done = place.run("--setup", command=["cat"], role="ready", text="three\n")
    assert (done.stdout, done.stderr.startswith("first\nsecond\n")) == ("three\n", True)


def test_a_set_up_that_fails_is_the_end(place: Place) -> None:
    server = (place.folder / "tiny_server.py").read_text()
    place.role("unready", "tiny", server, "agent: {setup: ['true', 'exit 3', 'touch ran']}\n")
    done = place.run("--setup", command=["touch", "ran"], role="unready")
    assert done.returncode == 69
    assert "the set-up command 2 of 3 ('exit 3') ended with 3" in done.stderr
    assert not (place.work / "ran").exists()


def test_a_set_up_that_does_not_end_is_ended_with_all_that_it_has_started(place: Place) -> None:
    server = (place.folder / "tiny_server.py").read_text()
    deaf = "trap '' TERM; echo $$ >pids; sh -c 'echo $$ >>pids; exec sleep 600' & wait"
    place.role("slow", "tiny", server, f"agent: {{setup: ['true', {json.dumps(deaf)}, 'touch ran']}}\n")
    done = place.run("--setup", "--setup-seconds", "1", command=["touch", "ran"], role="slow")
    assert done.returncode == 69
    assert "the set-up takes longer than 1 s (at command 2 of 3, " in done.stderr
    assert "raise --setup-seconds" in done.stderr
    assert not (place.work / "ran").exists()
    pids = (place.work / "pids").read_text().split()
    assert len(pids) == 2
    assert not [pid for pid in pids if is_running(int(pid))]


def is_running(pid: int) -> bool:
    """Return whether there is such a process that is no zombie (proc(5))."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


def test_orphans_are_reaped(place: Place) -> None:
    """As by PID 1; a subreaper (prctl(2)) is left the same orphans."""
    argv = [*python(SUBREAPER), *place.argv(command=python(ORPHAN))]
    done = subprocess.run(
        argv, env=place.variables(), cwd=place.work, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("reaped ")


def namespaces() -> bool:
    """Return whether this user may have a PID namespace."""
    unshare = shutil.which("unshare")
    probe = [unshare or "", "--user", "--map-root-user", "--pid", "--fork", "true"]
    return bool(unshare) and subprocess.run(probe, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not namespaces(), reason="no PID namespaces for this user")
def test_as_the_first_process_it_passes_signals_on_and_reaps(place: Place) -> None:
    inside = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child"]
    done = subprocess.run(
        [*inside, *place.argv(command=python(ORPHAN))],
        env=place.variables(), cwd=place.work, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "reaped 1\n"), done.stderr
    ask = "import os, signal; os.kill(1, signal.SIGTERM); signal.pause()"
    done = subprocess.run(
        [*inside, *place.argv(command=python(ask))],
        env=place.variables(), cwd=place.work, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 128 + signal.SIGTERM, done.stderr
    assert place.left == []
