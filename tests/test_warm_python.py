"""A process of `support.warm` is, for whoever starts it, as one of a new interpreter."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from support.client_pipes import wait_until_gone
from support.warm import warm_process, warm_python

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is a new interpreter")

# Blocked and waited for: a handler would run only after the next step of a process that is about to pause.
HEED = (
    "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [{0}]); print('ready', flush=True); "
    "signal.sigwait([{0}]); exit(7)"
)


def run(code: str, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    command = [*warm_python(), "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload, no-any-return]  # of `run`


def test_it_has_the_arguments_the_input_the_environment_and_the_folder_that_it_was_given(tmp_path: Path) -> None:
    reported = "sys.argv[1:], sys.stdin.read(), os.environ['ONLY'], 'HOME' in os.environ, os.getcwd()"
    done = run(f"import os, sys; print({reported})", "one", "-x", input="said", cwd=tmp_path, env={"ONLY": "1"})
    assert done.stdout == f"['one', '-x'] said 1 False {tmp_path}\n"


@pytest.mark.parametrize(("code", "status"), [("pass", 0), ("raise SystemExit(3)", 3), ("1 / 0", 1)])
def test_it_ends_with_the_status_of_the_process(code: str, status: int) -> None:
    assert run(code).returncode == status


def test_a_traceback_is_on_stderr() -> None:
    assert run("1 / 0").stderr.endswith("ZeroDivisionError: division by zero\n")


def test_a_module_is_run_as_a_program() -> None:
    done = subprocess.run(
        [*warm_python(), "-m", "drone_mcp_simulator", "scenarios"], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_a_signal_reaches_the_process(number: signal.Signals) -> None:
    with subprocess.Popen([*warm_python(), "-c", HEED.format(int(number))], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        process.send_signal(number)
        assert process.wait() == 7


def test_a_signal_that_ends_the_process_is_reported_as_such() -> None:
    assert run("import os, signal; os.kill(os.getpid(), signal.SIGKILL)").returncode == -signal.SIGKILL


def test_a_process_that_is_killed_dies() -> None:
    code = "import os, signal; print(os.getpid(), flush=True); signal.pause()"
    with subprocess.Popen([*warm_python(), "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout
        pid = int(process.stdout.readline())
        process.kill()
        assert wait_until_gone(pid)


def test_without_a_process_in_between_its_pipes_are_those_of_the_process() -> None:
    with warm_process("-c", "import os; print(os.environ['NAME'], input())", NAME="its own") as process:
        process.stdin.write(b"said\n")
        assert process.read_to_end() == b"its own said\n"


def test_it_has_loaded_everything_already() -> None:
    assert run("import sys; print('drone_mcp_builds.server' in sys.modules)").stdout == "True\n"
    assert os.getpid() != int(run("import os; print(os.getppid())").stdout)
