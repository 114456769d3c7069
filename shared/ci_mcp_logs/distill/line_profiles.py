"""Profiles a line by its text alone: its words and its anchor.

The logs of a repository repeat most of their lines, so profiles are cached.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

from ci_mcp_logs.distill.anchor_tables import ROLES, anchors_in
from ci_mcp_logs.distill.line_text import READ, pattern_input

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ci_mcp_logs.distill.anchor_tables import Anchor
    from ci_mcp_logs.distill.model import Model

_REMEMBERED = 2048  # lines without a telling word, and as many with one; at most twice as many are kept
_MODELS = 6  # whose lines are remembered: the shipped one, and five of a benchmark
_DIGITS = bytes.maketrans(b"0123456789", b"0" * 10)
ROLE_CODE = {role: code for code, role in enumerate(("", *ROLES), 1)}
BLANK = 1 + len(ROLE_CODE)  # the code of an empty line
MISSING = 0  # the code of a line that was not looked at
_BEGINNING = 12  # characters by which lines without anchor are of one family


class LineProfile(NamedTuple):
    """What the text of a line says by itself, whatever stands around it.

    Attributes:
        score: log-odds of being evidence, by its words.
        anchor: its anchor.
        role: code of the anchor's role; empty lines have one of their own.
        family: what lines of the same sort share: their anchor, or how they begin.
        gist: its text with every digit as 0; empty for a blank line.
        indent: in characters.
    """

    score: float
    anchor: Anchor
    role: int
    family: str
    gist: bytes
    indent: int


class LineProfiles(NamedTuple):
    """The profiles of many lines, each field as a column."""

    scores: Sequence[float] = ()
    anchors: Sequence[Anchor] = ()
    roles: Sequence[int] = ()
    families: Sequence[str] = ()
    gists: Sequence[bytes] = ()
    indents: Sequence[int] = ()


class LineReader:
    """Profiles the lines of one log, equal ones once."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._memory = _memory_of(model)
        self._known: dict[str, LineProfile] = {}

    def profile(self, texts: Sequence[str], *, telling: bool = False) -> LineProfiles:
        """Return the profiles of lines. Those with a telling word are to be profiled first, as `telling`."""
        fresh = [text for text in dict.fromkeys(texts) if text not in self._known]
        if fresh:
            memory = self._memory[telling]
            self._known.update(memory.recall(fresh))
            unseen = [text for text in fresh if text not in self._known]
            profiles = dict(zip(unseen, _profiles_of(self._model, unseen, telling=telling), strict=True))
            memory.keep({text: profile for text, profile in profiles.items() if len(text) <= READ})
            self._known.update(profiles)
        return LineProfiles(*zip(*map(self._known.__getitem__, texts), strict=True))


class ProfileMemory:
    """A cache of the lines used last: between one and two times `size` of them."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._young: dict[str, LineProfile] = {}
        self._old: dict[str, LineProfile] = {}

    def recall(self, texts: Iterable[str]) -> dict[str, LineProfile]:
        """Return the profiles that are remembered of some lines."""
        young, old = self._young, self._old
        found = {text: profile for text in texts if (profile := young.get(text) or old.get(text))}
        self.keep(found)
        return found

    def keep(self, profiles: Mapping[str, LineProfile]) -> None:
        """Remember these longer than those that were used before."""
        self._young.update(profiles)
        if len(self._young) > self._size:
            self._young, self._old = {}, self._young


@functools.lru_cache(maxsize=_MODELS)
def _memory_of(model: Model) -> tuple[ProfileMemory, ProfileMemory]:
    """Return the memory of lines that were profiled as any, and that of telling ones."""
    del model  # each has its own
    return ProfileMemory(_REMEMBERED), ProfileMemory(_REMEMBERED)


def _profiles_of(model: Model, texts: Sequence[str], *, telling: bool) -> Iterator[LineProfile]:
    """Profile lines. Line by line would be slower: automata and vocabulary do not share a processor's cache."""
    raws = list(map(pattern_input, texts))
    anchors = anchors_in(raws, telling=telling)
    scores = [model.bias + model.words.score(raw) for raw in raws]
    for text, raw, anchor, score in zip(texts, raws, anchors, scores, strict=True):
        role = ROLE_CODE[anchor.role] if text else BLANK
        gist = raw.translate(_DIGITS).strip()
        yield LineProfile(score, anchor, role, anchor.name or text[:_BEGINNING], gist, len(text) - len(text.lstrip()))
