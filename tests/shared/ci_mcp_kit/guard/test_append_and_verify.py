"""`audit verify` reports every line that an append refuses; and no facts leave a file that refuses the next line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_mcp_kit.guard import audit_command
from ci_mcp_kit.guard.audit_chain import LONGEST_LINE, Head, link
from ci_mcp_kit.guard.audit_file import FileSink, head_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def nest(text: str, depth: int) -> Any:
    """Return lists of ten lists each, as deep as that, around a text."""
    return [nest(text, depth - 1)] * 10 if depth else text


SHORT = st.text(max_size=20)
TEXTS = SHORT | st.builds(lambda text, times: text * times, st.text(max_size=3), st.integers(0, LONGEST_LINE // 2))
FACTS = st.dictionaries(
    st.sampled_from(("operation", "message", "params", "before", "sends")),
    st.recursive(
        st.none() | st.booleans() | st.integers() | TEXTS,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
        max_leaves=8,
    )
    | st.builds(lambda text, times: [text] * times, SHORT, st.integers(0, 3000))
    | st.builds(nest, SHORT, st.integers(0, 4)),
    max_size=5,
)


def append(path: Path, facts: dict[str, Any]) -> bool:
    """Append a line; return whether that is refused."""
    try:
        anyio.run(FileSink(path, None).append, facts)
    except OSError:
        return True
    return False


def reports(path: Path, *arguments: str) -> bool:
    """Return whether the command finds the file to be other than it was written, or cannot check it."""
    return audit_command.main("drone-mcp-actions", "NO_SUCH_KEY", ["verify", str(path), *arguments]) != 0


@given(st.lists(FACTS, min_size=1, max_size=4))
@settings(max_examples=40)
def test_no_facts_leave_the_file_unwritable(
    tmp_path_factory: pytest.TempPathFactory, every: list[dict[str, Any]]
) -> None:
    path = tmp_path_factory.mktemp("audit") / "audit.jsonl"
    for facts in every:
        assert not append(path, facts)
        assert not reports(path)
    lines = path.read_text(encoding="ascii").splitlines()
    assert len(lines) == len(every)
    assert all(len(line) <= LONGEST_LINE for line in lines)


def test_lists_of_lists_are_shortened_to_the_beginning_of_their_text(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    facts = {"operation": "service.deploy", "sends": nest("\N{GRINNING FACE}" * 60, 5)}
    assert (append(path, facts), append(path, {"n": 2})) == (False, False)
    first = json.loads(path.read_text(encoding="ascii").splitlines()[0])
    assert (first["operation"], first["sends"][:5], first["shortened"]) == ("service.deploy", "[[[[[", True)


def other_chain(path: Path) -> None:
    """Put the line of another log in the place of the file."""
    path.write_text(link({"n": 9}, Head("other"), None)[0] + "\n", encoding="ascii")


def shifted(path: Path) -> None:
    """Write a line whose number is no number, with the right hash."""
    entry = Head("c", "x")  # type: ignore[arg-type]  # what a stranger may write
    path.write_text(link_as(entry), encoding="ascii")


def link_as(head: Head) -> str:
    from ci_mcp_kit.guard import audit_chain  # noqa: PLC0415 - for a line that `link` would not write

    facts = {"chain": head.chain, "number": head.count, "previous": head.hash}
    return audit_chain._canonical({**facts, "hash": audit_chain._digest(facts, None)}) + "\n"


DAMAGES: dict[str, Callable[[Path], Any]] = {
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "emptied": lambda path: path.write_bytes(b""),
    "removed": lambda path: path.unlink(),
    "blank line": lambda path: path.write_bytes(path.read_bytes() + b"\n"),
    "carriage returns": lambda path: path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n")),
    "last line removed": lambda path: path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1])),
    "last line twice": lambda path: path.write_bytes(
        path.read_bytes() + path.read_bytes().splitlines(keepends=True)[-1]
    ),
    "not ASCII": lambda path: path.write_bytes(path.read_bytes() + b"\xff\xfe\n"),
    "line of another log": other_chain,
    "number that is none": shifted,
    "very long line": lambda path: path.write_bytes(path.read_bytes() + b"x" * (LONGEST_LINE + 1) + b"\n"),
    "very long line of a chain": lambda path: path.write_text(long_line(), encoding="ascii"),
    "no head in the head": lambda path: head_path(path).write_text("nothing", encoding="utf-8"),
    "head that is not ASCII": lambda path: head_path(path).write_bytes(b"\xff"),
    "head of a longer chain": lambda path: head_path(path).write_text(f"c:99:{'0' * 64}", encoding="utf-8"),
    "head of another chain": lambda path: head_path(path).write_text(f"zz:1:{'0' * 64}", encoding="utf-8"),
    "head with a number of many digits": lambda path: head_path(path).write_text(
        f"c:{'9' * 5000}:{'0' * 64}", encoding="utf-8"
    ),
}


def long_line() -> str:
    from ci_mcp_kit.guard import audit_chain  # noqa: PLC0415 - for a line that `link` would not write

    facts = {"text": "x" * LONGEST_LINE, "chain": "c", "number": 1, "previous": audit_chain.BEGINNING}
    return audit_chain._canonical({**facts, "hash": audit_chain._digest(facts, None)}) + "\n"


@pytest.mark.parametrize("name", DAMAGES)
def test_whatever_an_append_refuses_the_command_reports(tmp_path: Path, name: str) -> None:
    path = tmp_path / "audit.jsonl"
    for number in range(3):
        assert not append(path, {"n": number})
    head = head_path(path).read_text(encoding="ascii").strip()
    DAMAGES[name](path)
    reported = reports(path), reports(path, "--head", head)
    refused = append(path, {"n": 4})
    assert not refused or reported == (True, True)
    assert refused or name == "last line twice"
    assert reported == (True, True)
