"""Scores a line by its text alone: its words and its anchor.

The logs of a repository repeat most of their lines, so scores are cached.
"""

import functools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from .anchor_tables import ROLES, Anchor, anchors_in
from .model import Model
from .text import READ, plain

_REMEMBERED = 2048  # lines, of those without a telling word, of those with one; at most twice as many
_MODELS = 6  # whose lines are remembered
_DIGITS = bytes.maketrans(b"0123456789", b"0" * 10)
ROLE_CODE = {role: code for code, role in enumerate(("", *ROLES), 1)}
BLANK = 1 + len(ROLE_CODE)  # the code of an empty line
MISSING = 0  # that of one that was not looked at
_SAID = 12  # characters of its beginning that tell the kind of a line without anchor


class Look(NamedTuple):
    """What is known of a line, whatever stands around it."""

    score: float  # log-odds of being evidence, by its words
    anchor: Anchor
    code: int  # of the anchor's role; empty lines have one of their own
    kind: str  # what lines of the same sort share: their anchor, or how they begin
    gist: bytes  # what it says, digits aside
    indent: int  # characters


class Looks(NamedTuple):
    """The same of many lines, each in a column."""

    scores: Sequence[float] = ()
    anchors: Sequence[Anchor] = ()
    codes: Sequence[int] = ()
    kinds: Sequence[str] = ()
    gists: Sequence[bytes] = ()
    indents: Sequence[int] = ()


class Reader:
    """Looks at the lines of one log, at equal ones once."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._memory = _memory_of(model)
        self._known: dict[str, Look] = {}

    def look(self, texts: Sequence[str], *, telling: bool = False) -> Looks:
        """Look at lines; hits are asked for first, and as telling."""
        fresh = [text for text in dict.fromkeys(texts) if text not in self._known]
        if fresh:
            self._learn(fresh, telling=telling)
        return Looks(*zip(*map(self._known.__getitem__, texts), strict=True))

    def _learn(self, texts: Sequence[str], *, telling: bool) -> None:
        memory = self._memory[telling]
        known = memory.recall(texts)
        unseen = [text for text in texts if text not in known]
        looks = dict(zip(unseen, _looks_at(self._model, unseen, telling=telling), strict=True))
        memory.keep({text: look for text, look in looks.items() if len(text) <= READ})
        self._known.update(known)
        self._known.update(looks)


class Memory:
    """A cache of the lines used last: between one and two times `size` of them."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._young: dict[str, Look] = {}
        self._old: dict[str, Look] = {}

    def recall(self, texts: Iterable[str]) -> dict[str, Look]:
        """What is remembered of some lines."""
        young, old = self._young, self._old
        found = {text: look for text in texts if (look := young.get(text) or old.get(text))}
        self.keep(found)
        return found

    def keep(self, looks: Mapping[str, Look]) -> None:
        """Remember these longer than what was used before."""
        self._young.update(looks)
        if len(self._young) > self._size:
            self._young, self._old = {}, self._young


@functools.lru_cache(maxsize=_MODELS)
def _memory_of(model: Model) -> tuple[Memory, Memory]:
    """One for lines that are looked at as any, one for those with a telling word."""
    del model  # each has its own
    return Memory(_REMEMBERED), Memory(_REMEMBERED)


def _looks_at(model: Model, texts: Sequence[str], *, telling: bool) -> Iterator[Look]:
    """Line by line would be slower: automata and vocabulary do not fit into a processor's cache together."""
    raws = list(map(plain, texts))
    anchors = anchors_in(raws, telling=telling)
    scores = list(map(model.line, raws))
    for text, raw, anchor, score in zip(texts, raws, anchors, scores, strict=True):
        code = ROLE_CODE[anchor.role] if text else BLANK
        gist = raw.translate(_DIGITS).strip()
        yield Look(score, anchor, code, anchor.name or text[:_SAID], gist, len(text) - len(text.lstrip()))


def ordinals(kinds: Sequence[str]) -> list[int]:
    """How many of its kind stand above each line."""
    seen: defaultdict[str, int] = defaultdict(int)
    above = []
    for kind in kinds:
        above.append(seen[kind])
        seen[kind] += 1
    return above
