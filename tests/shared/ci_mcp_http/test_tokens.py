from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from ci_mcp_http.options import ClientOptions
from ci_mcp_http.tokens import CHECKED_SECONDS, FileToken, StaticToken, Token, TokenCheck
from ci_mcp_kit.errors import AuthenticationFailed, InvalidInput, ServiceError, Unreachable
from drone_mcp_build.settings import Settings
from support.agent import ENVIRONMENT
from support.clock import FakeClock
from support.forge import FORGE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


SECRET = "s3cret-s3cret-s3cret"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(f"{SECRET}\n", encoding="ascii")
    return path


def test_a_token_shows_only_stars() -> None:
    token = Token(SECRET, origin="FORGE_TOKEN", service=FORGE)
    assert f"{token} {token!r} {[token]} {StaticToken(SECRET, FORGE)!r}".count("****") == 4
    assert SECRET not in f"{token} {token!r} {StaticToken(SECRET, FORGE)!r}"
    assert token.reveal() == SECRET


def test_tokens_are_compared_by_what_they_hold() -> None:
    token = Token(SECRET, origin="here", service=FORGE)
    assert token == Token(SECRET, origin="there", service=FORGE)
    assert token != Token("another", origin="here", service=FORGE)
    assert token != SECRET
    assert len({token, Token(SECRET, origin="there", service=FORGE)}) == 1


@pytest.mark.parametrize(
    "bad", ["", " ", f"{SECRET} x", f"{SECRET}\n", f"{SECRET}\r\nX-Evil: 1", "\x00", "tökén", "\x7f"]
)
def test_what_cannot_be_a_token_is_refused_without_being_shown(bad: str) -> None:
    with pytest.raises(AuthenticationFailed) as caught:
        Token(bad, origin="FORGE_TOKEN", service=FORGE)
    assert "FORGE_TOKEN" in caught.value.message
    assert SECRET not in caught.value.message + caught.value.next_step


def test_no_token_is_a_guest() -> None:
    assert StaticToken(None, FORGE).current() is None
    assert not StaticToken(SECRET, FORGE).renew()


def test_options_hide_the_token_and_refuse_two_of_them(file: Path) -> None:
    assert SECRET not in repr(ClientOptions(service=FORGE, server="http://d", token=SECRET))
    with pytest.raises(InvalidInput):
        ClientOptions(service=FORGE, server="http://d", token=SECRET, token_file=file)
    assert isinstance(ClientOptions(service=FORGE, server="http://d", token_file=file).token_source(), FileToken)


def test_a_file_is_read_without_its_line_end(file: Path) -> None:
    assert FileToken(file, FORGE).current().reveal() == SECRET


def test_a_source_shows_its_file_and_not_what_is_in_it(file: Path) -> None:
    source = FileToken(file, FORGE)
    source.current()
    assert repr(source) == f"FileToken({str(file)!r})"


def test_a_file_that_did_not_change_is_not_read_again(file: Path) -> None:
    source = FileToken(file, FORGE)
    assert source.current() is source.current()


def test_a_rotated_file_is_read_again(file: Path) -> None:
    source = FileToken(file, FORGE)
    source.current()
    renewed = file.with_name("renewed")
    renewed.write_text("another-token", encoding="ascii")
    renewed.replace(file)
    assert source.current().reveal() == "another-token"


def test_a_change_that_looks_like_none_is_found_when_asked_for(file: Path) -> None:
    source = FileToken(file, FORGE)
    source.current()
    before = file.stat()
    file.write_text(f"{SECRET[::-1]}\n", encoding="ascii")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert source.current().reveal() == SECRET
    assert source.renew()
    assert source.current().reveal() == SECRET[::-1]
    assert not source.renew()


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"two words", b"\xff\xfe" + SECRET.encode(), SECRET.encode() * 1000, f"{SECRET}\n{SECRET}".encode()],
)
def test_a_file_that_holds_no_token_is_named_and_not_quoted(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(AuthenticationFailed) as caught:
        FileToken(file, FORGE).current()
    assert str(file) in caught.value.message
    assert SECRET not in caught.value.message
    assert caught.value.__context__ is None


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(AuthenticationFailed, match="cannot be read: No such file"):
        FileToken(tmp_path / "missing", FORGE).current()


def test_a_file_that_may_not_be_read_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(file), "read_text", refuse)
    with pytest.raises(AuthenticationFailed, match="Permission denied"):
        FileToken(file, FORGE).current()


def test_a_folder_or_a_pipe_is_no_token_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(AuthenticationFailed, match="not a regular file"):
            FileToken(path, FORGE).current()


def test_a_name_that_no_file_can_have_is_refused() -> None:
    with pytest.raises(AuthenticationFailed, match="not valid"):
        FileToken("a\x00b", FORGE).current()


UNKNOWN = AuthenticationFailed("no such token", status=401)


class Service:
    """Gives each question the next of some answers; counts them."""

    def __init__(self, *answers: ServiceError | None) -> None:
        self.left = list(answers)

    async def read_limits(self) -> str:
        answer = self.left.pop(0)
        if answer is not None:
            raise answer
        return ""


async def notices(service: Service, ages: Sequence[float]) -> list[bool]:
    """Start a check at each of some times; return for each whether there was a notice."""
    clock = FakeClock()
    check = TokenCheck(Settings.from_environment(ENVIRONMENT), lambda: clock.now)
    found = []
    for age in ages:
        clock.now = age
        check.start(service.read_limits)
        found.append(bool(await check.notice()))
    await check.stop()
    return found


@pytest.mark.parametrize("answer", [None, UNKNOWN, Unreachable("no route")])
async def test_whatever_a_check_finds_it_is_not_made_again_for_minutes(answer: ServiceError | None) -> None:
    found = await notices(Service(answer), [0.0, 1.0, CHECKED_SECONDS - 1.0])
    assert found == [answer is UNKNOWN] * 3


async def test_a_token_that_is_revoked_while_the_process_lives_is_found_out() -> None:
    assert await notices(Service(None, UNKNOWN), [0.0, CHECKED_SECONDS]) == [False, True]


async def test_a_token_that_the_service_has_learned_meanwhile_ends_the_notice() -> None:
    assert await notices(Service(UNKNOWN, None), [0.0, CHECKED_SECONDS]) == [True, False]


async def test_a_check_without_an_answer_leaves_what_is_known() -> None:
    assert await notices(Service(UNKNOWN, Unreachable("no route")), [0.0, CHECKED_SECONDS]) == [True, True]
