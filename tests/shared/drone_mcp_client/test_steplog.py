from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_client import steplog
from drone_mcp_client.models import Line
from drone_mcp_client.steplog import StepLog

TEXTS = st.lists(st.sampled_from(["a", "é", "\n", "\r", "\x1b[31m", "𝄞", " "]), max_size=60).map("".join)


def cut(text: str, places: list[int]) -> list[str]:
    ends = sorted({place % (len(text) + 1) for place in places} | {0, len(text)})
    return [text[start:end] for start, end in pairwise(ends)]


def stored(outs: list[str], *, first: int = 0) -> bytes:
    return json.dumps([{"pos": first + n, "out": out, "time": n} for n, out in enumerate(outs)]).encode() + b"\n"


def plain_lines(text: str) -> tuple[str, ...]:
    lines = text.split("\n")
    whole = [line.removesuffix("\r") for line in lines[:-1]]
    return (*whole, lines[-1]) if lines[-1] else tuple(whole)


@given(TEXTS, st.lists(st.integers(0, 60)))
def test_lines_do_not_depend_on_how_the_text_was_cut_into_writes(text: str, places: list[int]) -> None:
    log = steplog.parse(stored(cut(text, places)))
    assert log.lines == plain_lines(text)
    assert log.size == len(text.encode())
    assert len(log.times) == len(log.lines)
    assert list(log.times) == sorted(log.times)


@given(TEXTS, st.lists(st.integers(0, 60)))
def test_a_line_has_the_time_of_its_first_character(text: str, places: list[int]) -> None:
    writes = cut(text, places)
    owner = [n for n, write in enumerate(writes) for _ in write]
    starts = [0] if text else []
    starts += [at + 1 for at, character in enumerate(text) if character == "\n" and at + 1 < len(text)]
    assert steplog.parse(stored(writes)).times == tuple(owner[start] for start in starts)


@given(TEXTS, st.lists(st.integers(0, 60)))
def test_a_live_log_reads_like_a_stored_one(text: str, places: list[int]) -> None:
    writes = cut(text, places)
    live = steplog.from_lines(Line(pos=n, out=out, time=n) for n, out in enumerate(writes))
    assert live == steplog.parse(stored(writes))


@given(st.lists(TEXTS, max_size=20), st.integers(1, 200))
def test_reading_in_pieces_changes_nothing(outs: list[str], piece: int) -> None:
    body = json.dumps([{"pos": n, "out": out, "time": n} for n, out in enumerate(outs)], separators=(",", ":")).encode()
    whole = steplog.parse(body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steplog, "PIECE", piece)
        assert steplog.parse(body) == whole


def test_a_text_that_looks_like_a_seam_is_no_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steplog, "PIECE", 1)
    outs = ['{"pos":0},{"pos":1},{"pos":', '\\},{"pos":\n']
    body = json.dumps([{"pos": n, "out": out, "time": 0} for n, out in enumerate(outs)], separators=(",", ":"))
    assert steplog.parse(body.encode()).lines == ("".join(outs).removesuffix("\n"),)


def test_progress_bars_and_colours_stay_as_they_were_written() -> None:
    log = steplog.parse(stored(["10%\r", "100%\r\n", "\x1b[1mbold\x1b[0m\n", "half\r"]))
    assert log.lines == ("10%\r100%", "\x1b[1mbold\x1b[0m", "half\r")
    assert log.text == "10%\r100%\n\x1b[1mbold\x1b[0m\nhalf\r"


def test_only_the_carriage_return_of_the_line_end_goes() -> None:
    assert steplog.parse(stored(["a\r\r\n", "b\r", "\n"])).lines == ("a\r", "b")


def test_an_empty_last_element_is_no_line() -> None:
    assert steplog.parse(stored(["one\n", "two\n", ""])).lines == ("one", "two")


def test_an_empty_line_is_a_line() -> None:
    assert steplog.parse(stored(["\n", "\n"])).lines == ("", "")


def test_a_log_that_starts_above_zero_lost_its_head() -> None:
    log = steplog.parse(stored(["", "tail\n"], first=21862))
    assert log.head_lost
    assert log.first_pos == 21862


@pytest.mark.parametrize("body", [b"", b"null", b"null\n", b" \n", b"[]"])
def test_no_text_is_an_empty_log(body: bytes) -> None:
    assert steplog.parse(body) == StepLog()
    assert not StepLog().head_lost


def test_one_object_a_line_is_read_too() -> None:
    body = b'{"pos":3,"out":"a\\n","time":1}\n\n{"pos":4,"out":"b","time":2}\n'
    assert steplog.parse(body) == StepLog(("a", "b"), (1, 2), 3, 3)


def test_what_another_runner_stored_carelessly_is_still_read() -> None:
    assert steplog.parse(b'[{"pos":0,"out":"caf\xe9\x1b[0m\n","time":null}]').lines == ("caf\ufffd\x1b[0m",)
    assert steplog.parse(b'[{"out":"half \\ud834 pair"}]').lines == ("half \ufffd pair",)
    assert steplog.parse(b'[{"out":null}]') == StepLog()


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[",
        b"[1]",
        b"[{}]",
        b'{"message":"x"}',
        b'"x"',
        b"3",
        b'[{"out":"a"}',
        b'[{"out":"a"}],[{"out":"b"}]',
        b"[" * 9999,
        b"[" * 99999 + b"]" * 99999,
    ],
)
def test_what_is_no_log_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        steplog.parse(body)


def test_the_largest_log_that_drone_keeps_is_read_whole() -> None:
    outs = [f"line {number} {'x' * 62}\n" for number in range(70_000)]
    log = steplog.parse(stored(outs))
    assert log.size > 5 * 1024 * 1024 - 400_000
    assert log.lines[69_999].startswith("line 69999 ")
