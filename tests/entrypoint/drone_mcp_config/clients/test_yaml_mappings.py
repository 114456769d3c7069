"""Goose's YAML is changed where it stands: comments, spacing and styles of others stay."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_config.clients.formats import CLIENTS
from drone_mcp_config.clients.merging import merge_servers
from drone_mcp_config.clients.text_editing import updated_text
from support.made_up_servers import INSTALLED

GOOSE = CLIENTS["goose"]
WANTED = st.sets(st.sampled_from(["drone-builds", "drone-logs"]), min_size=1).map(
    lambda names: {
        name: {
            "type": "stdio",
            "name": name,
            "cmd": "/py",
            "args": ["-P", "-m", name.replace("-", "_mcp_")],
            "envs": {},
        }
        for name in sorted(names)
    }
)

# What people write under a key, `{}` being the indentation of the key.
BODIES = st.sampled_from(
    [
        " {{type: builtin}}",
        "\n{}  type: builtin\n{}  enabled: true",
        "\n{}    enabled: true\n{}    args:\n{}    - a # no\n{}    - 'b # b'",
        "\n{}  text: |\n{}    # a line of text\n{}\n{}    and another",
        ' "folded\n{}  text"',
        "",
    ]
)
OURS_BODIES = st.sampled_from([" {{cmd: drone-mcp-NAME}}", "\n{}  cmd: python\n{}  args: [-m, drone_mcp_NAME]"])


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[str, list[str]]]:
    """Write a document, and say which comments belong to which server."""
    numbers = count()

    def comment(indent: str = "", *, beside: bool = False) -> str:
        if not draw(st.booleans()):
            return ""
        return f"{'  ' if beside else indent}# <{next(numbers)}> a: {{b" + ("" if beside else "\n")

    def member(indent: str, key: str, body: str) -> str:
        return f"{indent}{key}:{body.format(*[indent] * 9)}{comment(beside=True)}\n"

    text = comment()
    for key in draw(st.lists(st.sampled_from(["a", "b c", '"d"']), unique=True, max_size=2)):
        text += member("", key, draw(BODIES)) + comment() + draw(st.sampled_from(["", "\n"]))
    owned: dict[str, list[str]] = {}
    style = draw(st.sampled_from(["block", "empty", "null", "absent"]))
    if style == "block":
        text += f"extensions:{comment(beside=True)}\n"
        indent = " " * draw(st.integers(1, 4))
        names = draw(st.permutations(["mine", "other", "drone-builds", "drone-old"]))
        for name in names[: draw(st.integers(1, 4))]:
            written = member(indent, name, draw(OURS_BODIES if name.startswith("drone-") else BODIES))
            written = written.replace("NAME", name.removeprefix("drone-"))
            owned[name] = re.findall(r"<\d+>", written)
            text += comment(indent) + written + comment(indent) + draw(st.sampled_from(["", "\n"]))
    elif style != "absent":
        text += f"extensions:{' {}' if style == 'empty' else ''}{comment(beside=True)}\n{comment()}"
    text += draw(st.sampled_from(["", "last: 1\n", "last: 1"]))
    return text, owned


@given(document=documents(), wanted=WANTED)
def test_any_document_takes_any_servers_and_keeps_its_comments(
    document: tuple[str, dict[str, list[str]]], wanted: dict[str, Any]
) -> None:
    text, owned = document
    before = yaml.safe_load(text) or {}
    servers = before.get("extensions") or {}
    after = updated_text(text, GOOSE, wanted, INSTALLED)

    expected = {**before, "extensions": merge_servers(servers, wanted, INSTALLED)}
    found = yaml.safe_load(after)
    assert found == expected
    assert list(found["extensions"]) == list(expected["extensions"])

    changed = [name for name in servers if servers[name] != expected["extensions"].get(name)]
    lost = {comment for name in changed for comment in owned.get(name, [])}
    assert set(re.findall(r"<\d+>", text)) - lost <= set(re.findall(r"<\d+>", after))
    assert updated_text(after, GOOSE, wanted, INSTALLED) == after


def test_what_is_not_ours_stays_as_it_is_written() -> None:
    text = """\
# my Goose
GOOSE_MODEL:   x   # the good one
extensions:
    developer: {enabled: true,   type: builtin}   # always
    # an old one
    drone-old:
        cmd: drone-mcp-old
    memory:
        enabled: false
        # timeout: 5

# the rest
other: 'a # b'
"""
    assert (
        updated_text(text, GOOSE, {"drone-logs": {"cmd": "drone-mcp-logs", "args": []}}, INSTALLED)
        == """\
# my Goose
GOOSE_MODEL:   x   # the good one
extensions:
    developer: {enabled: true,   type: builtin}   # always
    # an old one
    memory:
        enabled: false
        # timeout: 5
    drone-logs:
      cmd: drone-mcp-logs
      args: []

# the rest
other: 'a # b'
"""
    )


def test_servers_come_first_where_there_are_none_yet() -> None:
    ours = {"drone-logs": {"cmd": "drone-mcp-logs"}}
    block = "  drone-logs:\n    cmd: drone-mcp-logs\n"
    texts = {
        "a: 1": f"a: 1\nextensions:\n{block}",
        "extensions: {}  # none\nb: 1\n": f"extensions:  # none\n{block}b: 1\n",
        "extensions:\nb: 1\n": f"extensions:\n{block}b: 1\n",
        "# nothing\n": f"# nothing\nextensions:\n{block}",
    }
    assert {text: updated_text(text, GOOSE, ours, INSTALLED) for text in texts} == texts
