"""Chains audit lines: each has the hash of the one before, so that later changes can be detected. Pure.

A line is canonical JSON: the same facts have one spelling. With a key the hash is an HMAC, so that only someone with
the key can write a line that fits. Without one, every process that can write the file can write a new history.

The lines alone do not show that lines are missing at the end. The head does: the number and hash of the last line, kept
next to the file (`FILE.head`), and better in another place as well.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_LINE: Final = 64 * 1024  # characters; an append reads so much from the end of a file, to find its last line
# What a line is shortened to that would be longer: characters of a text, entries of a list or an object, and how deep
# these may be. Ten entries each may still be too many where lists hold lists; at last each fact is a short text.
_SHORTER: Final = ((2000, 200, 8), (200, 50, 8), (50, 10, 8), (50, 0, 0))

BEGINNING: Final = "0" * 64  # in place of the hash before a first line: a SHA-256 in hexadecimal has 64 digits


class BrokenLine(ValueError):
    """A line was changed since it was written; the text says how."""


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain: its name, its number of lines, and the hash of the last line.

    The name is random, so that lines of one log do not fit into another that is signed with the same key.
    """

    chain: str
    count: int = 0
    hash: str = BEGINNING

    def __str__(self) -> str:
        return f"{self.chain}:{self.count}:{self.hash}"

    def is_before(self, other: Head) -> bool:
        """Return whether a chain with this head may have gone on to the other, or is there already."""
        return self == other or (self.chain == other.chain and self.count < other.count)

    @classmethod
    def parse(cls, text: str) -> Head:
        """Read what `str` wrote; ValueError where it is nothing of the kind."""
        chain, count, digest = text.strip().split(":")
        if not count.isdecimal() or len(digest) != len(BEGINNING):
            raise ValueError("that is not the head of an audit file")
        return cls(chain, int(count), digest)


def link(facts: dict[str, Any], head: Head, key: bytes | None) -> tuple[str, Head]:
    """Return `facts` as the line that follows `head`, without a line end, and the new head.

    Long facts are shortened: a line that is longer than `LONGEST_LINE` could not be followed by another.

    Raises:
        ValueError: a fact has the name of one of the chain's own, which would take its place.
    """
    place = {"chain": head.chain, "number": head.count + 1, "previous": head.hash}
    if lost := facts.keys() & (place.keys() | {"hash"}):
        raise ValueError(f"an audit line cannot hold a fact called {min(lost)}")
    entry: dict[str, Any] = {**facts, **place}
    for limits in _SHORTER:
        if len(_canonical(entry)) + len(BEGINNING) + 20 < LONGEST_LINE:
            break
        shorter = {name: _shorten(fact, *limits) for name, fact in facts.items()}
        entry = {**shorter, "shortened": True, **place}
    digest = _digest(entry, key)
    return _canonical({**entry, "hash": digest}), Head(head.chain, head.count + 1, digest)


def _shorten(fact: Any, characters: int, entries: int, depth: int) -> Any:
    if isinstance(fact, dict | list | tuple) and not depth:
        fact = json.dumps(fact)
    if isinstance(fact, str):
        return fact if len(fact) <= characters else fact[: characters - 1] + "…"
    if isinstance(fact, dict):
        kept = list(fact.items())[:entries]
        return {name[:characters]: _shorten(value, characters, entries, depth - 1) for name, value in kept}
    if isinstance(fact, list | tuple):
        return [_shorten(value, characters, entries, depth - 1) for value in fact[:entries]]
    return fact


def read(line: str, key: bytes | None) -> tuple[dict[str, Any], Head]:
    """Return the facts of a line and the head that it makes.

    Raises:
        BrokenLine: it was changed, cut, or written with another key.
    """
    if len(line) > LONGEST_LINE:
        raise BrokenLine("it is longer than any line of an audit log")
    try:
        entry = json.loads(line)
        digest = entry.pop("hash")
        head = Head(entry["chain"], entry["number"], digest)
        is_place = isinstance(entry["chain"], str) and type(entry["number"]) is int
        # JSON has many spellings of the same data, and all of them would have the right hash.
        as_written = _canonical({**entry, "hash": digest}) == line
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        # RecursionError: json.loads() of a line that is nested too deeply.
        raise BrokenLine("it is no line of an audit log") from None
    # Encoded, because compare_digest() accepts text only if it is ASCII (https://docs.python.org/3/library/hmac.html).
    if not is_place or not as_written or not hmac.compare_digest(_digest(entry, key).encode(), str(digest).encode()):
        raise BrokenLine("it was changed, or written with another key")
    return entry, head


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a verification.

    Attributes:
        problems: in words.
        head: the end of the chain; None if its last line is broken, or if there is none.
        newest: the facts of the newest lines that are as they were written, the oldest of them first.
    """

    problems: tuple[str, ...]
    head: Head | None
    newest: tuple[dict[str, Any], ...] = ()


def verify(lines: Iterable[str], key: bytes | None, *expected: Head | None, keep: int = 0) -> Report:
    """Check every line and that each follows the one before.

    Args:
        lines: without their ends.
        key: that they were signed with, if they were.
        expected: heads that the chain must have passed.
        keep: of how many lines the report holds the facts.
    """
    problems: list[str] = []
    newest: deque[dict[str, Any]] = deque(maxlen=keep)
    last: Head | None = None
    missing = {head for head in expected if head}
    for number, line in enumerate(lines, 1):
        try:
            entry, head = read(line, key)
        except BrokenLine as broken:
            problems.append(f"line {number}: {broken}")
            last = None
            continue
        problems += _gap(number, entry, last, begins=number == 1)
        missing.discard(head)
        newest.append(entry)
        last = head
    problems += [f"the end: line {head.count} of {head.chain} is not there; lines were removed" for head in missing]
    return Report(tuple(problems), last, tuple(newest))


def _gap(number: int, entry: dict[str, Any], last: Head | None, *, begins: bool) -> list[str]:
    """Describe a line that does not follow the one before. After a broken line there is nothing to compare with."""
    before = Head(entry["chain"]) if begins else last
    place = entry["chain"], entry["number"], entry.get("previous")
    if before is None or (before.chain, before.count + 1, before.hash) == place:
        return []
    what = "is not the first of its chain" if begins else f"does not follow line {number - 1}"
    return [f"line {number}: it {what}; lines were removed, added or moved"]


def _digest(entry: dict[str, Any], key: bytes | None) -> str:
    data = _canonical(entry).encode()
    return hmac.digest(key, data, hashlib.sha256).hex() if key else hashlib.sha256(data).hexdigest()


def _canonical(entry: dict[str, Any]) -> str:
    # ASCII, as json.dumps() escapes everything else: `FileSink` reads lines back as ASCII.
    return json.dumps(entry, sort_keys=True, separators=(",", ":"))
