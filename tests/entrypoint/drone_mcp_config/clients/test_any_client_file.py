"""For any content of a client's file, the servers are put in, or it is refused with a sentence."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from drone_mcp_config.clients.formats import CLIENTS
from drone_mcp_config.clients.text_editing import read_servers, updated_text
from drone_mcp_config.errors import NotWritten
from support.made_up_servers import INSTALLED
from support.odd_yaml import VALUES, documents

GOOSE, CLAUDE, CODEX = CLIENTS["goose"], CLIENTS["claude"], CLIENTS["codex"]
OURS: dict[str, Any] = {"drone-builds": {"cmd": "/py", "args": ["-P", "-m", "drone_mcp_builds"], "envs": {"A": "1"}}}
SETTINGS: dict[str, Any] = {
    "extensions": {"drone-builds": {"cmd": "drone-mcp-builds"}, "mine": {"cmd": "x", "args": ["a"]}},
    "other": ["x", {"y": 1}],
}
ODD_JSON = st.sampled_from(
    [
        "1e999",
        "-0",
        "9" * 5000,
        "0." + "1" * 5000,
        "NaN",
        "-Infinity",
        '"\\ud83d"',
        '"\\u0000"',
        "01",
        "1.",
        "+1",
        "[,]",
    ]
)
ODD_TOML = st.sampled_from(
    ["1979-02-30", "25:61:61", "inf", "-nan", "9" * 5000, "0x" + "f" * 5000, '"\\ud83d"', '"\\u0000"', "1_0", "[{a=1}]"]
)


def check(text: str, client: Any) -> None:
    try:
        before = read_servers(text, client)
        after = updated_text(text, client, OURS, INSTALLED)
    except NotWritten:
        return
    found = read_servers(after, client)
    assert found.keys() == {name for name in before if name == "mine" or not name.startswith("drone-")} | OURS.keys()
    assert found["drone-builds"] == OURS["drone-builds"]
    assert updated_text(after, client, OURS, INSTALLED) == after


@given(text=documents(SETTINGS) | VALUES)
@example(text="{extensions: {}, 1: a}")
@example(text="extensions:\n  drone-old: {cmd: drone-mcp-old}\n? [a, b]\n: c\n")
@example(text="extensions: {? [a] : 1}")
@example(text="extensions:\n  ? {a: b}\n  : 1\n")
@example(text="extensions: {null: 1}")
@example(text="1: 2\nextensions:\n  mine: 1\n")
@example(text="n: " + "9" * 5000)
@example(text="extensions: {mine: {cmd: x, args: 1}}")
def test_goose(text: str) -> None:
    check(text, GOOSE)


@given(
    odd=ODD_JSON | st.text(max_size=10),
    place=st.sampled_from(
        ["ODD", '{"mcpServers": ODD}', '{"mcpServers": {"mine": ODD}}', '{"a": ODD, "mcpServers": {}}']
    ),
)
def test_json(odd: str, place: str) -> None:
    check(place.replace("ODD", odd), CLAUDE)


@given(
    odd=ODD_TOML | st.text(max_size=10),
    place=st.sampled_from(
        ["ODD", "mcp_servers = ODD", "[mcp_servers]\nmine = ODD", "a = ODD\n[mcp_servers.mine]\nb = 1", "[ODD]\n[a]\n"]
    ),
)
def test_toml(odd: str, place: str) -> None:
    check(place.replace("ODD", odd), CODEX)


def test_a_key_that_is_no_text_stays() -> None:
    after = updated_text("1: one\n2001-01-01: day\nextensions:\n  mine: {cmd: x}\n", GOOSE, OURS, INSTALLED)
    assert list(yaml.safe_load(after)) == [1, yaml.safe_load("2001-01-01"), "extensions"]
