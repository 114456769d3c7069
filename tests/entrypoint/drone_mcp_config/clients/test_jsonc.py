"""JSON with comments is changed where it stands: any document, any servers, and not a byte more."""

from __future__ import annotations

import itertools
import json
import re
import time
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_config.clients.formats import CLIENTS
from drone_mcp_config.clients.merging import merge_servers
from drone_mcp_config.clients.text_editing import updated_text
from drone_mcp_config.errors import NotWritten
from support.made_up_servers import INSTALLED

ZED = CLIENTS["zed"]
ROOT = ZED.root
OURS_BEFORE = st.sampled_from(
    [
        (f"drone-{name}", entry)
        for name in ("builds", "old")
        for entry in ({"command": f"drone-mcp-{name}"}, {"args": ["-m", f"drone_mcp_{name}"], "command": "python"})
    ]
)
WANTED = st.dictionaries(
    st.sampled_from(["drone-builds", "drone-logs", "drone-policy"]),
    st.sampled_from([{}, {"env": {"A": "é"}}]),
    min_size=1,
).map(lambda env: {name: {**started(name), **env[name]} for name in env})
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
USERS_NAMES = st.sampled_from(["mine", "drone-fly", 'a "quoted" one', "ü", "//", "/*", ",}", "", "\\"])


def started(name: str) -> dict[str, Any]:
    """Return an entry of a server of ours, as this command writes it."""
    return {"command": "/py", "args": ["-P", "-m", name.replace("-", "_mcp_")]}


@dataclass
class Written:
    """A document, what it says, and which comments stand where.

    Attributes:
        around: what is before and behind the object that holds the servers.
        in_member: server -> its comments, from the start of its key to the end of its value.
        in_value: server -> those in its value.
    """

    text: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    around: tuple[str, str] = ("", "")
    in_member: dict[str, set[str]] = field(default_factory=dict)
    in_value: dict[str, set[str]] = field(default_factory=dict)


def comments_in(text: str) -> set[str]:
    return set(re.findall(r"<\d+>", text))


@dataclass
class Writer:
    """Writes data with spaces, line ends and comments wherever they may stand."""

    draw: st.DrawFn
    line_end: str
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    def gap(self) -> str:
        kinds = st.sampled_from(["", " ", "\t", "    ", "line end", "line", "block", "lines"])
        return "".join(self._piece(kind) for kind in self.draw(st.lists(kinds, max_size=2)))

    def _piece(self, kind: str) -> str:
        match kind:
            case "line end":
                return self.line_end
            case "line":
                return f'// <{next(self.numbers)}> " , {{ }} // /* \t{self.line_end}'
            case "block":
                return f'/* <{next(self.numbers)}> " , }} // **/'
            case "lines":
                return f"/*{self.line_end} <{next(self.numbers)}>{self.line_end}*/"
            case _:
                return kind

    def value(self, data: Any) -> str:
        if isinstance(data, dict):
            return "{" + self.items([self.member(key, value) for key, value in data.items()]) + "}"
        if isinstance(data, list):
            return "[" + self.items([self.value(item) for item in data]) + "]"
        return json.dumps(data, ensure_ascii=self.draw(st.booleans()))

    def member(self, key: str, value: Any) -> str:
        return f"{json.dumps(key)}{self.gap()}:{self.gap()}{self.value(value)}"

    def items(self, written: list[str]) -> str:
        text = ",".join(f"{self.gap()}{item}{self.gap()}" for item in written)
        return text + self.draw(st.sampled_from(["", ","] if written else [""])) + self.gap()


@st.composite
def documents(draw: st.DrawFn) -> Written:
    line_end = draw(st.sampled_from(["\n", "\r\n"]))
    writer, written = Writer(draw, line_end), Written()
    values = st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner), max_leaves=4
    )
    users = draw(st.lists(st.tuples(USERS_NAMES, values), max_size=3, unique_by=lambda pair: pair[0]))
    before = draw(st.lists(OURS_BEFORE, max_size=2))
    servers = dict(draw(st.permutations([*users, *before])))
    members = []
    for name, entry in servers.items():
        value = writer.value(entry)
        member = f"{json.dumps(name)}{writer.gap()}:{writer.gap()}{value}"
        written.in_member[name], written.in_value[name] = comments_in(member), comments_in(value)
        members.append(member)
    holder = "{" + writer.items(members) + "}"
    others = {
        key: draw(values) for key in draw(st.lists(st.sampled_from(["a", "b", "/*", '"']), unique=True, max_size=2))
    }
    head = [writer.member(key, value) for key, value in others.items()]
    key = f"{json.dumps(ROOT)}{writer.gap()}:{writer.gap()}"
    marker = "\0"
    text = f"{writer.gap()}{{{writer.items([*head, key + marker])}}}{writer.gap()}"
    before_it, behind_it = text.split(marker)
    written.text, written.around = before_it + holder + behind_it, (before_it, behind_it)
    written.data = {**others, ROOT: servers}
    return written


def plain(text: str) -> str:
    """Take comments and trailing commas out, one character at a time."""
    out, at = "", 0
    while at < len(text):
        if text[at] == '"':
            end = at + 1
            while text[end] != '"':
                end += 2 if text[end] == "\\" else 1
            out, at = out + text[at : end + 1], end + 1
        elif text.startswith("//", at):
            at = min((text.find(end, at) for end in "\r\n" if end in text[at:]), default=len(text))
        elif text.startswith("/*", at):
            at = text.index("*/", at + 2) + 2
        elif text[at] in "]}":
            out, at = out.rstrip().removesuffix(",") + text[at], at + 1
        else:
            out, at = out + text[at], at + 1
    return out


@given(written=documents(), wanted=WANTED)
def test_any_document_takes_any_servers_and_keeps_all_else(written: Written, wanted: dict[str, Any]) -> None:
    servers = written.data[ROOT]
    after = updated_text(written.text, ZED, wanted, INSTALLED)

    expected = {**written.data, ROOT: merge_servers(servers, wanted, INSTALLED)}
    found = json.loads(plain(after))
    assert found == expected
    assert [list(found), list(found[ROOT])] == [list(expected), list(expected[ROOT])]

    removed = servers.keys() - expected[ROOT].keys()
    replaced = {name for name in servers.keys() - removed if servers[name] != expected[ROOT][name]}
    lost = set().union(*(written.in_member[name] for name in removed), *(written.in_value[name] for name in replaced))
    assert comments_in(written.text) - lost <= comments_in(after)

    head, tail = written.around
    assert after.startswith(head)
    assert after.endswith(tail)
    assert after.count("\r\n") in {0, after.count("\n")} or "\r\n" not in written.text
    assert updated_text(after, ZED, wanted, INSTALLED) == after


@given(written=documents(), wanted=WANTED)
def test_a_document_without_servers_gets_them_at_its_end(written: Written, wanted: dict[str, Any]) -> None:
    other = CLIENTS["vscode"]
    after = updated_text(written.text, other, wanted, INSTALLED)
    assert json.loads(plain(after)) == {**written.data, other.root: wanted}
    assert comments_in(written.text) <= comments_in(after)
    assert updated_text(after, other, wanted, INSTALLED) == after


def changed(before: str, **wanted: Any) -> str:
    return updated_text(before, ZED, {name.replace("_", "-"): entry for name, entry in wanted.items()}, INSTALLED)


def test_comments_indentation_and_the_users_own_spacing_stay() -> None:
    before = """\
// Zed settings
{
    "theme": "One Dark", // at night
    "context_servers": {
        // written by hand
        "mine": { "command": "node", "args": [ "x.js" ] }, // keep
        "drone-old": {
            "command": "drone-mcp-old" // gone with it
        }, // stays, for it may be about anything
        /* last */
        "other": { "command": "b" } // no comma
    },
    "tab_size": 4,
}
"""
    assert (
        changed(before, drone_logs={"command": "drone-mcp-logs", "args": []})
        == """\
// Zed settings
{
    "theme": "One Dark", // at night
    "context_servers": {
        // written by hand
        "mine": { "command": "node", "args": [ "x.js" ] }, // keep
        // stays, for it may be about anything
        /* last */
        "other": { "command": "b" }, // no comma
        "drone-logs": {
            "command": "drone-mcp-logs",
            "args": []
        }
    },
    "tab_size": 4,
}
"""
    )


LOGS_ONLY = {"command": "drone-mcp-logs"}
OLD = '"drone-old": {"command": "drone-mcp-old"}'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{}", '{\n  "context_servers": {\n    "drone-logs": {\n      "command": "drone-mcp-logs"\n    }\n  }\n}'),
        ('{"a":1}', '{"a":1, "context_servers": {"drone-logs": {"command": "drone-mcp-logs"}}}'),
        ('{"a": 1,}\n', '{"a": 1, "context_servers": {"drone-logs": {"command": "drone-mcp-logs"}},}\n'),
        (
            '{\n\t"context_servers": {},\n}',
            '{\n\t"context_servers": {\n\t\t"drone-logs": {\n\t\t\t"command": "drone-mcp-logs"\n\t\t}\n\t},\n}',
        ),
        (
            '{\n "context_servers": {\n  // none yet\n }\n}',
            '{\n "context_servers": {\n  // none yet\n  "drone-logs": {\n   "command": "drone-mcp-logs"\n  }\n }\n}',
        ),
        ('{"context_servers": null}', '{"context_servers": {"drone-logs": {"command": "drone-mcp-logs"}}}'),
        (
            f'{{"context_servers": {{"a": 1, {OLD}}}}}',
            '{"context_servers": {"a": 1, "drone-logs": {"command": "drone-mcp-logs"}}}',
        ),
        (
            f'{{"context_servers": {{{OLD}, "a": 1}}}}',
            '{"context_servers": {"a": 1, "drone-logs": {"command": "drone-mcp-logs"}}}',
        ),
        (f'{{"context_servers": {{{OLD}}}}}', '{"context_servers": {"drone-logs": {"command": "drone-mcp-logs"}}}'),
    ],
)
def test_servers_are_written_as_the_rest_of_the_file_is(before: str, after: str) -> None:
    assert changed(before, drone_logs=LOGS_ONLY) == after


def test_a_role_that_has_nothing_for_a_client_leaves_no_server_of_ours() -> None:
    assert changed(f'{{"context_servers": {{"a": 1, {OLD}}}}}') == '{"context_servers": {"a": 1}}'
    assert changed(f'{{"context_servers": {{{OLD}}}}}') == '{"context_servers": {}}'


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1 /* no end',
        '{"a": 1} /* no end',
        '{"a": /* c */ 1, /* c */ "a": 2}',
        '{"context_servers": {"a": 1, // c\n "a": 2}}',
        "{,}",
        '{"a": 1,,}',
        '{"a": [1,,]}',
        '{"a": NaN}',
        "{'a': 1}",
        "// nothing but a comment",
    ],
)
def test_what_is_no_json_with_comments_is_refused(text: str) -> None:
    with pytest.raises(NotWritten, match="cannot be read as JSON"):
        changed(text, drone_logs=LOGS_ONLY)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": [1,' + "// " * 20_000 + '\n"a"}',
        '{"a": ' + ",/*" * 20_000,
        '{"a": ' + '"\\' * 20_000,
        '{"a": [1' + ", " * 20_000,
        '{"a": [1,' + " " * 60_000 + "x",
    ],
    ids=["line comments", "open comments", "open texts", "commas", "spaces"],
)
def test_a_hostile_file_is_refused_at_once(text: str) -> None:
    began = time.process_time()
    with pytest.raises(NotWritten):
        changed(text, drone_logs=LOGS_ONLY)
    assert time.process_time() - began < 1
