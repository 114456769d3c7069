"""An unattended login: a token of an identity server, with what the configuration says."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import httpx
import pytest
import respx
from typer.testing import CliRunner

from drone_nodes.cli.main import app

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

URL = "https://id.example.com/token"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("hidden-secret\n")
    (tmp_path / "config.toml").write_text(
        f'[auth]\ntoken_url = "{URL}"\nclient_id = "alice"\nclient_secret_file = "secret"\nscope = "nodes:admin"\n'
    )
    return tmp_path


def log_in(folder: Path) -> Result:
    return CliRunner().invoke(app, ["--config", str(folder / "config.toml"), "login"])


@respx.mock
def test_the_token_of_the_identity_server_is_saved_for_its_owner_only(folder: Path) -> None:
    route = respx.post(URL).respond(json={"access_token": "t0ken", "token_type": "Bearer"})
    done = log_in(folder)
    assert done.exit_code == 0, done.output
    request = route.calls.last.request
    assert request.headers["Authorization"] == httpx.BasicAuth("alice", "hidden-secret")._auth_header
    assert parse_qs(request.content.decode()) == {"grant_type": ["client_credentials"], "scope": ["nodes:admin"]}
    token = folder / "token"
    assert (token.read_text(), token.stat().st_mode & 0o777) == ("t0ken\n", 0o600)


def test_an_earlier_token_that_others_could_read_is_closed_before_it_is_replaced(folder: Path) -> None:
    (folder / "token").write_text("old")
    (folder / "token").chmod(0o644)
    with respx.mock:
        respx.post(URL).respond(json={"access_token": "t0ken"})
        assert log_in(folder).exit_code == 0
    assert (folder / "token").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("answer", "exit_code", "message"),
    [
        (
            httpx.Response(401, json={"error": "invalid_client"}),
            77,
            f"{URL} gives no token (status 401 invalid_client)",
        ),
        (httpx.Response(200, json={"token_type": "Bearer"}), 77, f"{URL} gives no token (status 200"),
        (httpx.Response(200, text="<html>"), 77, f"{URL} gives no token (status 200"),
        (httpx.Response(200, json=[]), 77, f"{URL} gives no token (status 200"),
        (httpx.Response(200, json={"access_token": "a\nb"}), 2, "This is no token"),
        (httpx.ConnectError("refused"), 69, f"{URL} does not answer: refused"),
    ],
)
@respx.mock
def test_an_answer_without_a_token_is_an_error_and_nothing_is_saved(
    answer: httpx.Response | Exception, exit_code: int, message: str, folder: Path
) -> None:
    respx.post(URL).mock(side_effect=[answer])
    done = log_in(folder)
    assert (done.exit_code, message in done.output) == (exit_code, True), done.output
    assert "hidden-secret" not in done.output
    assert not (folder / "token").exists()


def test_what_is_missing_cannot_be_asked_for_without_a_terminal(folder: Path) -> None:
    (folder / "secret").unlink()
    done = log_in(folder)
    assert done.exit_code == 2
    assert "Secret of alice is not configured, and there is no terminal to ask at" in done.output
