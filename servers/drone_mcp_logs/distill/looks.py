"""What a line's text alone tells: its own score and its anchor.

The logs of a repository say mostly the same lines again and again, so that what was told of one is remembered.
"""

import functools
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from .marks import Anchor, anchor_in
from .model import Model
from .text import unstamped

_READ = 400  # characters of a line that are looked at
_REMEMBERED = 4096  # lines
_DIGITS = bytes.maketrans(b"0123456789", b"0" * 10)
ROLE_CODE = {"": 0, "noise": 1, "passed": 2, "command": 3, "frame": 4, "summary": 5, "exit": 6, "cause": 7, "head": 8}
BLANK = 9  # the code of an empty line
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
        self._known: dict[str, Look] = {}

    def look(self, texts: Sequence[str], *, telling: bool = False) -> Looks:
        """Look at lines; hits are asked for first, and as telling."""
        known = self._known
        for text in texts:
            if text not in known:
                known[text] = _look_at(self._model, text, telling)
        return Looks(*zip(*map(known.__getitem__, texts), strict=True))


@functools.lru_cache(maxsize=_REMEMBERED)
def _look_at(model: Model, text: str, telling: bool) -> Look:
    raw = unstamped(text)[:_READ].encode("utf-8", "replace")
    anchor = anchor_in(raw, telling=telling)
    return Look(
        score=model.line(raw),
        anchor=anchor,
        code=ROLE_CODE[anchor.role] if text else BLANK,
        kind=anchor.name or text[:_SAID],
        gist=raw.translate(_DIGITS).strip(),
        indent=len(text) - len(text.lstrip()),
    )


def ordinals(kinds: Sequence[str]) -> list[int]:
    """How many of its kind stand above each line."""
    seen: defaultdict[str, int] = defaultdict(int)
    above = []
    for kind in kinds:
        above.append(seen[kind])
        seen[kind] += 1
    return above
