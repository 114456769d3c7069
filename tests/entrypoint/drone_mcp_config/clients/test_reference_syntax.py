"""A client expands variables as intended: a text that it would fill in otherwise is refused."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_config.clients.formats import CLIENTS, ClientName
from drone_mcp_config.errors import CannotExpress
from drone_mcp_config.plan.model import RemoteServer, StdioServer
from drone_mcp_config.variable_references import Reference, Template

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from entrypoint.drone_mcp_config.conftest import Outcome

ENVIRONMENT = {"HOME": "<home>", "TOKEN": "<token>", "_": "<underscore>", "1": "<one>"}
Fill = "Callable[[str], str]"


def as_it_stands(text: str) -> str:
    return text


def claude(text: str) -> str:
    def value(match: re.Match[str]) -> str:
        name, _, default = match[1].partition(":-")
        return ENVIRONMENT.get(name) or default or match[0]

    return re.sub(r"\$\{([^}]+)\}", value, text)


def shell(text: str) -> str:
    def value(match: re.Match[str]) -> str:
        name, _, default = (match[1] or match[2]).partition(":-")
        return ENVIRONMENT.get(name, default)

    return re.sub(r"\$(?:(\w+)|\{([^}]+)\})", value, text, flags=re.ASCII)


def editor(text: str) -> str:
    def value(match: re.Match[str]) -> str:
        return ENVIRONMENT.get(match[1].removeprefix("env:"), "") if match[1].startswith("env:") else "<something>"

    return re.sub(r"\$\{([^}]*)\}", value, text)


def opencode(text: str) -> str:
    named = re.sub(r"\{env:([^}]+)\}", lambda match: ENVIRONMENT.get(match[1], ""), text)
    return re.sub(r"\{file:[^}]+\}", "<contents>", named)


def goose(text: str) -> str:
    braces = re.sub(
        r"\$\{\s*([A-Za-z_]\w*)\s*\}", lambda match: ENVIRONMENT.get(match[1], match[0]), text, flags=re.ASCII
    )
    return re.sub(r"\$([A-Za-z_]\w*)", lambda match: ENVIRONMENT.get(match[1], match[0]), braces, flags=re.ASCII)


@dataclass(frozen=True)
class Seen:
    """A server as a client sees it, once it has filled in what it fills in."""

    words: list[str]
    texts: dict[str, str]


def seen_by(client: ClientName, entry: dict[str, Any]) -> Seen:
    if client == "opencode":
        entry = json.loads(opencode(json.dumps(entry, ensure_ascii=False)))
    everywhere = {"claude": claude, "gemini": shell, "cursor": editor, "vscode": editor, "windsurf": editor}
    fill = everywhere.get(client, as_it_stands)
    fill_texts = {"copilot": shell, "goose": goose if "uri" in entry else as_it_stands}.get(client, fill)
    command = entry.get("command", entry.get("cmd"))
    address = [entry[key] for key in ("url", "httpUrl", "serverUrl", "uri") if key in entry]
    words = address or (command if isinstance(command, list) else [command, *entry["args"]])
    texts: dict[str, str] = {}
    for key in ("env", "environment", "envs", "headers", "http_headers"):
        texts |= entry.get(key) or {}
    texts = {name: fill_texts(text) for name, text in texts.items()}
    if "uri" not in entry:
        texts |= {name: ENVIRONMENT[name] for key in ("env_vars", "env_keys") for name in entry.get(key, ())}
    texts |= {header: ENVIRONMENT[name] for header, name in entry.get("env_http_headers", {}).items()}
    if "bearer_token_env_var" in entry:
        texts["Authorization"] = f"Bearer {ENVIRONMENT[entry['bearer_token_env_var']]}"
    return Seen([fill(word) for word in words], texts)


PIECES = [
    *("$", "{", "}", "${", "{env:", "{file:", ":-", "env:", "HOME", "/", " ", "\\", '"', "é", "a", "1", "%HOME%", "~"),
    *("$HOME", "$1", "$_", "${HOME}", "${HOME:-x}", "${ HOME }", "${env:HOME}", "${userHome}", "${workspaceFolder}"),
    *("${input:a}", "${file:/x}", "{env:HOME}", "{file:/x}", "$(HOME)", "${HOME:-${TOKEN}}"),
]
LITERALS = st.lists(st.sampled_from(PIECES), max_size=4).map("".join) | st.text(max_size=8)
REFERENCES = st.sampled_from([Reference("HOME"), Reference("TOKEN"), Reference("HOME", ""), Reference("HOME", "b c")])
TEMPLATES = st.lists(LITERALS.filter(bool) | REFERENCES, max_size=3).map(lambda parts: Template(tuple(parts)))
BEARER = st.just(Template.parse("Bearer ${TOKEN}")) | TEMPLATES
STDIO = st.builds(
    StdioServer,
    name=st.just("x"),
    command=TEMPLATES,
    args=st.lists(TEMPLATES, max_size=2).map(tuple),
    env=st.dictionaries(st.sampled_from(["A", "TOKEN", "HOME"]), TEMPLATES, max_size=2),
)
REMOTE = st.builds(
    RemoteServer,
    name=st.just("x"),
    url=TEMPLATES,
    headers=st.dictionaries(st.sampled_from(["Authorization", "X-Team"]), BEARER, max_size=2),
)


@pytest.mark.parametrize("client", CLIENTS)
@given(server=STDIO | REMOTE)
def test_a_client_sees_what_is_meant_or_the_server_is_refused(
    client: ClientName, server: StdioServer | RemoteServer
) -> None:
    try:
        entry = CLIENTS[client].entry(server)
    except CannotExpress:
        return
    texts = server.env if isinstance(server, StdioServer) else server.headers
    words = (server.command, *server.args) if isinstance(server, StdioServer) else (server.url,)
    meant = Seen(
        [word.fill(ENVIRONMENT) for word in words],
        {name: text.fill(ENVIRONMENT) for name, text in texts.items()},
    )
    assert seen_by(client, entry) == meant


@pytest.mark.parametrize("client", CLIENTS)
@given(text=st.text(st.characters(exclude_characters="${")))
def test_no_text_is_refused_that_nobody_fills_in(client: ClientName, text: str) -> None:
    server = StdioServer("x", Template.of(text), (Template.of(text),), {"A": Template.of(text)})
    assert seen_by(client, CLIENTS[client].entry(server)) == Seen([text, text], {"A": text})


@pytest.mark.parametrize(
    ("text", "refusing"),
    [
        ("/ve $HOME nv/python", {"gemini"}),
        ("/ve ${HOME} nv/python", {"claude", "cursor", "vscode", "windsurf", "gemini"}),
        ("/ve ${HOME:-x}", {"claude", "cursor", "vscode", "windsurf", "gemini"}),
        ("/ve {env:HOME}/{file:/x}", {"opencode"}),
        ("/ve $ {HOME} $(HOME) %HOME% ~", set()),
    ],
)
def test_an_interpreter_is_refused_by_the_clients_that_would_take_its_path_for_another(
    text: str, refusing: set[str]
) -> None:
    def refuses(client: ClientName) -> bool:
        try:
            CLIENTS[client].entry(StdioServer("x", Template.of(text), (), {}))
        except CannotExpress as error:
            assert "it would fill in" in str(error)  # noqa: PT017 - whether it is raised is the answer
            return True
        return False

    assert {client for client in CLIENTS if refuses(client)} == refusing


def test_copilot_fills_in_variables_and_headers_but_no_address() -> None:
    copilot, token = CLIENTS["copilot"], Template.reference("TOKEN")
    entry = copilot.entry(RemoteServer("x", Template.of("http://h/$x"), {"Authorization": token}))
    assert (entry["url"], entry["headers"]) == ("http://h/$x", {"Authorization": "${TOKEN}"})
    for server in (RemoteServer("x", token, {}), StdioServer("x", Template.of("x"), (), {"A": Template.of("$HOME")})):
        with pytest.raises(CannotExpress):
            copilot.entry(server)


def test_a_refusal_says_what_would_be_filled_in(
    run: Callable[..., Outcome], work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/ve $HOME nv/bin/python")
    outcome = run("--role", "viewer", "--client", "gemini")
    assert (outcome.code, list(work.iterdir())) == (2, [])
    assert outcome.err == (
        "Gemini CLI cannot take the server drone-builds: it would fill in '$HOME' in '/ve $HOME nv/bin/python', "
        "and has no way to write that as it is.\n"
    )
