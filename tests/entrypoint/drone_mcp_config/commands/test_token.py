"""Tokens for many callers: an entry of the callers file and a private file for each."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from drone_mcp_config.serving.callers import hash_of, read_callers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from entrypoint.drone_mcp_config.conftest import Outcome

    Run = Callable[..., Outcome]


def test_fifty_agents_get_a_token_each_and_the_file_of_callers_has_their_hashes(run: Run, work: Path) -> None:
    made = run("token", "--count", "50", "--names", "agent-%d", "--role", "dev", "--output", "tokens")
    assert made.code == 0, made.err
    (work / "callers.yaml").write_text(made.out, encoding="utf-8")
    callers = read_callers(work / "callers.yaml")
    tokens = {file.name: file.read_text(encoding="utf-8").strip() for file in (work / "tokens").iterdir()}
    assert {caller.name: caller.token for caller in callers.values()} == {
        name: hash_of(token) for name, token in tokens.items()
    }
    assert tokens.keys() == {f"agent-{number}" for number in range(1, 51)}
    assert {caller.role for caller in callers.values()} == {"dev"}
    assert len(set(tokens.values())) == 50
    assert {stat.S_IMODE(file.stat().st_mode) for file in (work / "tokens").iterdir()} == {0o600}
    assert not any(token in made.out + made.err for token in tokens.values())


def test_as_many_callers_as_the_command_makes_fit_into_the_file(run: Run, work: Path) -> None:
    made = run("token", "--count", "400", "--names", "agent-%d", "--role", "jenkins-admin", "--output", "tokens")
    (work / "callers.yaml").write_text(made.out, encoding="utf-8")
    assert len(read_callers(work / "callers.yaml")) == 400


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "--count takes --role ROLE and --output FOLDER"),
        (("--role", "dev"), "--count takes --role ROLE and --output FOLDER"),
        (("--role", "dev", "--output", "tokens", "--names", "agent"), "it takes a name with %d in it"),
        (("--role", "dev", "--output", "tokens", "--names", "%s-%d"), "it takes a name with %d in it"),
        (("--role", "dev", "--output", "tokens", "--names", "../%d"), "a name has up to 64 letters"),
        (("--role", "dev", "--output", "file", "--names", "a%d"), "cannot be written: File exists"),
    ],
)
def test_wrong_options_make_no_token(run: Run, work: Path, options: tuple[str, ...], said: str) -> None:
    (work / "file").write_text("", encoding="utf-8")
    done = run("token", "--count", "3", *options)
    assert done.code == 2
    assert said in done.err
    assert done.out == ""
    assert not (work / "tokens").exists()


def test_a_token_that_is_there_is_never_replaced(run: Run, work: Path) -> None:
    (work / "tokens").mkdir()
    (work / "tokens" / "agent-2").write_text("in use", encoding="utf-8")
    done = run("token", "--count", "3", "--role", "dev", "--output", "tokens")
    assert done.code == 2
    assert "tokens/agent-2 exists already" in done.err
    assert [file.name for file in (work / "tokens").iterdir()] == ["agent-2"]
