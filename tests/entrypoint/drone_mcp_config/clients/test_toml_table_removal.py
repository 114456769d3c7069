"""Codex's TOML is changed where it stands: comments of others stay, those below a table of ours included."""

from __future__ import annotations

import re
import tomllib
from itertools import count
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_config.clients.formats import CLIENTS
from drone_mcp_config.clients.merging import merge_servers
from drone_mcp_config.clients.text_editing import updated_text
from drone_mcp_config.clients.toml_table_removal import remove_tables
from support.made_up_servers import INSTALLED

CODEX = CLIENTS["codex"]
WANTED = st.sets(st.sampled_from(["drone-builds", "drone-logs"])).map(
    lambda names: {
        name: {"command": "/py", "args": ["-P", "-m", name.replace("-", "_mcp_")], "env": {"AGENT_ROLE": "dev"}}
        for name in sorted(names)
    }
)
# What people write in a table; some of it only looks like a header or a comment.
LINES = st.sampled_from(
    [
        'text = """\n[mcp_servers.drone-builds]\n# no\n"""',
        "quote = '''\n[a] # no\n'''",
        "list = [\n  [1, 2],\n  ['# no', \"]\"],\n]",
        "inline = {a = [{b = '}'}], c = 1}",
        "number = 1",
        '"[x]" = "#"',
    ]
)


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[str, list[str]]]:
    """Write a document, and say which comments stand on the lines of which server."""
    numbers = count()

    def comment(before: str = "", after: str = "\n") -> str:
        return f"{before}# <{next(numbers)}> [a] {{b{after}" if draw(st.booleans()) else after.removesuffix("\n")

    def table(header: str, lines: list[str]) -> str:
        return "".join(f"{line}{comment('  ', '')}\n" for line in [f"[{header}]", *lines])

    def own_lines() -> list[str]:
        return draw(st.lists(LINES, unique=True, max_size=2))

    text = comment() + "".join(f"{line}\n" for line in own_lines())
    owned: dict[str, list[str]] = {}
    names = draw(st.permutations(["mine", "drone-builds", "drone-old", '"a.b"', "other", "drone-logs"]))
    for name in names[: draw(st.integers(0, 5))]:
        if name == "other":
            text += table("other", own_lines())
        else:
            lines = (
                [f"command = 'drone-mcp-{name.removeprefix('drone-')}'"] if name.startswith("drone-") else own_lines()
            )
            written = table(f"mcp_servers.{name}", lines)
            if draw(st.booleans()):
                written += table(f"mcp_servers . {name} . env", ["A = 'b'"])
            owned[name] = re.findall(r"<\d+>", written)
            text += written
        text += comment() + draw(st.sampled_from(["", "\n"])) + comment()
    return text, owned


@given(document=documents(), wanted=WANTED)
def test_any_document_takes_any_servers_and_keeps_its_comments(
    document: tuple[str, dict[str, list[str]]], wanted: dict[str, Any]
) -> None:
    text, owned = document
    before = tomllib.loads(text)
    after = updated_text(text, CODEX, wanted, INSTALLED)
    expected = {**before, "mcp_servers": merge_servers(before.get("mcp_servers", {}), wanted, INSTALLED)}
    found = tomllib.loads(after)
    assert {"mcp_servers": {}, **found} == expected
    changed = [name for name in owned if name.startswith("drone-")]
    lost = {comment for name in changed for comment in owned[name]}
    kept = set(re.findall(r"<\d+>", after))
    assert set(re.findall(r"<\d+>", text)) - lost <= kept
    assert updated_text(after, CODEX, wanted, INSTALLED) == after


@given(document=documents())
def test_tables_are_removed_with_their_own_lines_alone(document: tuple[str, dict[str, list[str]]]) -> None:
    text, owned = document
    data = tomllib.loads(text)
    after = remove_tables(text, "mcp_servers", {"drone-builds"})
    left = {name: entry for name, entry in data.get("mcp_servers", {}).items() if name != "drone-builds"}
    assert {"mcp_servers": {}, **tomllib.loads(after)} == {**data, "mcp_servers": left}
    lost = set(re.findall(r"<\d+>", text)) - set(re.findall(r"<\d+>", after))
    assert lost == set(owned.get("drone-builds", []))
