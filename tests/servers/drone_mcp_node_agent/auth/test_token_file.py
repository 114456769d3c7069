"""The token file, by the commands that write it and by what reads it while it changes."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from ci_mcp_kit.errors import AuthenticationFailed, ServiceFailed
from drone_mcp_node_agent.auth.callers import Role
from drone_mcp_node_agent.auth.token_file import TokenFile, TokenFileError, add_token, read_tokens, remove_token

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tokens.toml"


async def test_a_token_is_known_from_its_addition_to_its_removal(path: Path) -> None:
    ours = TokenFile(path)
    alice = add_token(path, "alice", Role.ADMIN, None)
    bob = add_token(path, "bob", Role.READER, None)

    assert (await ours.authenticate(alice)).roles == {Role.ADMIN}
    assert (await ours.authenticate(bob)).name == "bob"
    remove_token(path, "alice")
    with pytest.raises(AuthenticationFailed, match="does not know this token"):
        await ours.authenticate(alice)
    assert (await ours.authenticate(bob)).roles == {Role.READER}


def test_the_file_holds_no_token_and_is_for_its_owner_alone(path: Path) -> None:
    token = add_token(path, "alice", Role.ADMIN, None)

    assert token not in path.read_text()
    assert token.removeprefix("nodes_") not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(token) > 40


async def test_an_expired_token_is_refused_with_its_name(path: Path) -> None:
    token = add_token(path, "alice", Role.ADMIN, datetime.now(UTC) + timedelta(hours=1))
    text = path.read_text()  # noqa: ASYNC240 - a test may block
    path.write_text(text.replace(text.partition("expires = ")[2].partition("\n")[0], "2026-01-01T00:00:00Z"))  # noqa: ASYNC240 - a test may block

    with pytest.raises(AuthenticationFailed, match="The token alice has expired"):
        await TokenFile(path).authenticate(token)


async def test_a_file_that_cannot_be_trusted_lets_nobody_in(path: Path) -> None:
    ours = TokenFile(path)
    token = add_token(path, "alice", Role.ADMIN, None)
    await ours.authenticate(token)

    path.chmod(0o622)  # noqa: ASYNC240 - a test may block
    path.write_text(path.read_text() + "\n")  # noqa: ASYNC240 - a test may block
    with pytest.raises(ServiceFailed, match="cannot read its token file"):
        await ours.authenticate(token)
    path.unlink()  # noqa: ASYNC240 - a test may block
    with pytest.raises(ServiceFailed, match="cannot read its token file"):
        await ours.authenticate(token)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[token]]\nname = 'a'\nroles = ['root']\nsha256 = '" + "0" * 64 + "'", "'root' is not a valid Role"),
        ("[[token]]\nname = 'a'\nroles = ['admin']\nsha256 = 'abc'", "sha256 of a is not a SHA-256"),
        ("[[token]]\nname = 'a'\nroles = ['admin']", "'sha256'"),
        ("[[token]", "at line 1"),
        (
            ("[[token]]\nname = 'a'\nroles = ['admin']\nsha256 = '" + "0" * 64 + "'\n") * 2,
            "two tokens have the name a. Give each token a name of its own.",
        ),
        (
            "[[token]]\nname = 'a'\nroles = ['admin']\nsha256 = '" + "0" * 64 + "'\nexpires = 2026-01-01",
            "expires of a is not a time with a zone",
        ),
    ],
)
def test_a_mistake_in_the_file_is_reported(path: Path, text: str, message: str) -> None:
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(TokenFileError, match=r"tokens\.toml: ") as error:
        read_tokens(path)
    assert message in str(error.value)


def test_a_name_is_given_once_and_has_a_form(path: Path) -> None:
    add_token(path, "alice", Role.READER, None)
    with pytest.raises(TokenFileError, match="there is a token alice already"):
        add_token(path, "alice", Role.ADMIN, None)
    with pytest.raises(TokenFileError, match="is not a valid token name"):
        add_token(path, "a b", Role.ADMIN, None)
    with pytest.raises(TokenFileError, match="there is no token bob"):
        remove_token(path, "bob")


def test_a_file_that_cannot_be_replaced_stays_as_it_is_alone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_token(path, "alice", Role.ADMIN, None)
    before, names = path.read_text(), sorted(path.parent.iterdir())

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(TokenFileError, match="No space left on device"):
        add_token(path, "bob", Role.ADMIN, None)
    assert (path.read_text(), sorted(path.parent.iterdir())) == (before, names)


def test_ten_that_add_at_once_lose_no_token(path: Path) -> None:
    with ThreadPoolExecutor(10) as pool:  # each opens the lock by itself, as a process does
        list(pool.map(lambda number: add_token(path, f"user{number}", Role.READER, None), range(10)))

    assert sorted(entry.caller.name for entry in read_tokens(path)) == [f"user{number}" for number in range(10)]
