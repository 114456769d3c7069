"""What the tests of `doctor` share: the servers that it starts and asks."""

from __future__ import annotations

import pytest

from support.warm import warm_interpreter


@pytest.fixture(scope="session")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> str:
    return warm_interpreter(tmp_path_factory.mktemp("interpreter"))


@pytest.fixture(autouse=True)
def _servers_that_start_at_once(monkeypatch: pytest.MonkeyPatch, interpreter: str) -> None:
    monkeypatch.setattr("sys.executable", interpreter)
