"""A real Redis server of the tests' own, on a free port of this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
import redis

from support.patience import PATIENCE
from support.ports import free_port


def binary() -> str:
    """Find the program; without it, tests are skipped where a person runs them and fail where CI does."""
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found:
        return found
    missing = "needs a redis-server program (Debian: apt install redis-server)"
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


def until_it_answers(url: str, process: subprocess.Popen[bytes] | None = None) -> None:
    """Wait for a server that has just been started; fail at once where its process has ended."""
    # The client itself waits between its attempts, in all for a second.
    retry = redis.retry.Retry(redis.backoff.ConstantBackoff(0.05), 20)
    errors = [redis.exceptions.ConnectionError, redis.exceptions.BusyLoadingError]
    with redis.Redis.from_url(url, retry=retry, retry_on_error=errors) as client:
        for _ in range(int(PATIENCE)):
            with suppress(*errors):
                client.ping()
                return
            assert process is None or process.poll() is None, "redis-server has ended; redis.log says why"
    raise AssertionError(f"{url} does not answer")


class RedisServer:
    """Started and stopped at will; keeps its data in a file between the two, as a deployment would."""

    def __init__(self, folder: Path, *options: str, config: Path | None = None) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._options = options
        self._config = config  # of a Sentinel, which needs a file
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [binary(), *self._arguments()]
        with Path(self._folder, "redis.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            until_it_answers(self.url, self._process)
        except BaseException:
            self.stop()
            raise

    def _arguments(self) -> list[str]:
        shared = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder)]
        if self._config is not None:
            return [str(self._config), "--sentinel", *shared]
        return [*shared, "--appendonly", "yes", "--appendfsync", "always", "--save", "", *self._options]

    def stop(self) -> None:
        """Kill it, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)
            self._process = None

    def flush(self) -> None:
        with redis.Redis(port=self.port) as client:
            client.flushall()
