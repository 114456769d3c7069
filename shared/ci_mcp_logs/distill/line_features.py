"""The features of lines that the model knows: what the text says by itself, where a line stands, what stands around it.

The logs of a repository repeat most of their lines, so what their texts say is cached. Features are kept as columns: by
the name that they have in `model.json`, their values for all lines in order. Pure but for that cache.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import accumulate, chain, pairwise
from operator import eq
from typing import TYPE_CHECKING, NamedTuple

from ci_mcp_logs.distill.anchor_tables import ROLES, anchors_in
from ci_mcp_logs.distill.line_words import READ, pattern_input

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_mcp_logs.distill.anchor_tables import Anchor
    from ci_mcp_logs.distill.model import Model

Columns = Mapping[str, Sequence[float]]

_REMEMBERED = 2048  # lines without a telling word, and as many with one; at most twice as many are kept
_MODELS = 6  # whose lines are remembered: the shipped one, and five of a benchmark
_DIGITS = bytes.maketrans(b"0123456789", b"0" * 10)
ROLE_CODE = {role: code for code, role in enumerate(("", *ROLES), 1)}
BLANK = 1 + len(ROLE_CODE)  # the code of an empty line
MISSING = 0  # the code of a line that was not looked at
_BEGINNING = 12  # characters by which lines without anchor are of one family
_NOWHERE = -1_000_000  # lines to an end that there is not: fewer than to any
_NO_PARENT = -8.0  # log-odds below those of nearly every line
_OPENS = {"head", "cause"}
_CLOSES = {"summary", "exit", "passed", "command"}


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
            # Line by line would be slower: automata and vocabulary do not share a processor's cache.
            raws = list(map(pattern_input, unseen))
            anchors = anchors_in(raws, telling=telling)
            scores = [self._model.bias + self._model.words.score(raw) for raw in raws]
            profiles = {}
            for text, raw, anchor, score in zip(unseen, raws, anchors, scores, strict=True):
                role = ROLE_CODE[anchor.role] if text else BLANK
                family, gist = anchor.name or text[:_BEGINNING], raw.translate(_DIGITS).strip()
                profiles[text] = LineProfile(score, anchor, role, family, gist, len(text) - len(text.lstrip()))
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


class End(NamedTuple):
    """The line at which the failing command ended.

    Attributes:
        number: of the line.
        known: whether the line itself says so; else it is the last one before the clean-up at the end of the log.
        final: whether nothing but clean-up follows.
    """

    number: int
    known: bool = False
    final: bool = False

    def columns(self, numbers: Sequence[int]) -> Columns:
        """Return the features of lines by their distance to it, of which an end that is not known has another."""
        distances = [self.number - number for number in numbers]
        nowhere = [_NOWHERE] * len(distances)
        return {"to_exit": distances, "to_end": nowhere} if self.known else {"to_exit": nowhere, "to_end": distances}


def adjoining(numbers: Sequence[int]) -> list[int]:
    """Return whether each line follows directly on the one before it: 1 or 0."""
    return [0, *map(eq, numbers[1:], [number + 1 for number in numbers])]


def ordinals(families: Sequence[str]) -> list[int]:
    """Return how many lines of its family stand above each line."""
    seen: defaultdict[str, int] = defaultdict(int)
    above = []
    for family in families:
        above.append(seen[family])
        seen[family] += 1
    return above


def window_means(values: Sequence[float], reach: int) -> list[float]:
    """Return the mean over `reach` neighbours to each side; beyond the ends the values count as 0."""
    sums = list(accumulate(values, initial=0.0))
    count, width = len(values), 2 * reach + 1
    upper = chain(sums[reach + 1 :], [sums[-1]] * min(reach, count))
    lower = chain([0.0] * min(reach, count), sums)
    return [(b - a) / width for a, b in zip(lower, upper, strict=False)][:count]


def parent_scores(adjoins: Sequence[int], profiles: LineProfiles) -> list[float]:
    """Return the score of the nearest line above that is indented less, where the lines between leave no gap."""
    found = []
    above: list[tuple[int, float]] = []  # indents, ascending, and scores of the lines that may still be parents
    for near, score, role, indent in zip(adjoins, profiles.scores, profiles.roles, profiles.indents, strict=True):
        if not near:
            above.clear()
        while above and above[-1][0] >= indent and role != BLANK:
            above.pop()
        found.append(above[-1][1] if above else _NO_PARENT)
        if role != BLANK:
            above.append((indent, score))
    return found


def paragraph_scores(adjoins: Sequence[int], profiles: LineProfiles) -> list[float]:
    """Return the best score in each line's paragraph; an empty line belongs to the following one."""
    rows = enumerate(zip(adjoins, profiles.roles, strict=True))
    begins = [index for index, (near, role) in rows if not near or role == BLANK]
    spans = pairwise([*begins, len(adjoins)])
    return list(chain.from_iterable([max(profiles.scores[a:b])] * (b - a) for a, b in spans))


def block_depths(adjoins: Sequence[int], anchors: Sequence[Anchor]) -> list[float]:
    """Return how far above each line the head of its block stands; -1 outside blocks."""
    depths: list[float] = []
    left = depth = 0
    for near, anchor in zip(adjoins, anchors, strict=True):
        if not near or anchor.role in _CLOSES:
            left = 0
        if anchor.lines and anchor.role in _OPENS:
            left, depth = anchor.lines + 1, -1
        left, depth = left - 1, depth + 1
        depths.append(depth if left >= 0 else -1)
    return depths
