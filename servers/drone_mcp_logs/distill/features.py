"""What the learned scorer sees: of a line its words, of a hit its place, of a candidate its surroundings."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import accumulate, chain, pairwise

from .marks import Mark
from .text import Line

Columns = Mapping[str, Sequence[float]]

_READ = 160  # bytes of a line that are scored
_WORDS = 18
_SEPARATORS = b"()[]{},;=/'\"`|<>.\\\t\r"
_PLAIN = bytes.maketrans(b"0123456789" + _SEPARATORS, b"0" * 10 + b" " * len(_SEPARATORS))
_DEEPEST = 9  # further indent tells no more
BLANK = b"~blank"  # the only feature of a line without words
INDENT = b"~indent"  # begins the name of a line's indent (a digit) and first byte
_LOW = -8.0
ROLE_CODE = {"": 0, "noise": 1, "passed": 2, "command": 3, "frame": 4, "summary": 5, "exit": 6, "cause": 7, "head": 8}
_OPENS = {"head", "cause"}
_CLOSES = {"summary", "exit", "passed", "command"}


def parts(raw: bytes) -> tuple[list[bytes], int, int]:
    """The first words of a line without its time stamp, how deep it is indented, and the byte that stands there.

    Works on bytes: translating and splitting those is several times faster than any regular expression.
    """
    body = raw[:_READ]
    found = body.lower().translate(_PLAIN).split(None, _WORDS)[:_WORDS]
    depth = len(body) - len(body.lstrip()) if found else 0
    return found, min(depth, _DEEPEST), body[depth] if found else 0


def words(raw: bytes) -> list[bytes]:
    """The features of a line by name: its words, pairs of words, how it begins, how deep it is indented."""
    found, depth, first = parts(raw)
    if not found:
        return [BLANK]
    return [*found, *map(b" ".join, pairwise(found)), b"^" + b" ".join(found[:2]), INDENT + b"%d%c" % (depth, first)]


def indent_of(name: bytes) -> tuple[int, int]:
    """The indent and the first byte that such a name stands for."""
    depth, first = name.removeprefix(INDENT)[:2]
    return depth - ord("0"), first


def hit_columns(hits: Sequence[Line], marks: Sequence[Mark], here: Sequence[float], end: int, last: int) -> Columns:
    """What is known of every hit before its surroundings are looked at.

    `here` is each line's own score, `end` the number of the line at which the failing command ended,
    `last` that of the log's last line.
    """
    top = max(here)
    roles = [ROLE_CODE[mark.role] for mark in marks]
    return {
        "near": _mean(here, 2),
        "below_top": [value - top for value in here],
        "role": roles,
        "role_after": [*roles[1:], 0],
        "nth": _ordinals(hits, marks),
        "to_end": [end - line.number for line in hits],
        "to_last": [last - line.number for line in hits],
        "hits_after": range(len(hits), 0, -1),
    }


def kind(text: str, mark: Mark) -> str:
    """What lines of the same sort share: their anchor, or how they begin."""
    return mark.anchor.name if mark.anchor else text[:12]


def _ordinals(hits: Sequence[Line], marks: Sequence[Mark]) -> list[float]:
    """How many of its kind stand above each hit."""
    seen: Counter[str] = Counter()
    above: list[float] = []
    for line, mark in zip(hits, marks, strict=True):
        its = kind(line.text, mark)
        above.append(seen[its])
        seen[its] += 1
    return above


def line_columns(
    lines: Sequence[Line], marks: Sequence[Mark], here: Sequence[float], end: int, command: int
) -> Columns:
    """The surroundings of every candidate; `command` is the number of the line at which the failing command began."""
    texts = [line.text for line in lines]
    counts = Counter(texts)
    indents = [len(text) - len(text.lstrip()) for text in texts]
    return {
        "here": here,
        "after1": [*here[1:], _LOW],
        "mean5": _mean(here, 5),
        "mean25": _mean(here, 25),
        "top": [max(here)] * len(here),
        "paragraph": _paragraphs(lines, here),
        "to_end": [end - line.number for line in lines],
        "from_command": [line.number - command for line in lines],
        "length": [len(text) for text in texts],
        "parent": _parents(lines, indents, here),
        "repeats": [counts[text] for text in texts],
        "role": [ROLE_CODE[mark.role] for mark in marks],
        "block": _blocks(lines, marks),
    }


def _mean(values: Sequence[float], reach: int) -> list[float]:
    """Mean over a window of `reach` neighbours to each side; beyond the ends the values count as 0."""
    sums = list(accumulate(values, initial=0.0))
    count, width = len(values), 2 * reach + 1
    upper = chain(sums[reach + 1 :], [sums[-1]] * min(reach, count))
    lower = chain([0.0] * min(reach, count), sums)
    return [(b - a) / width for a, b in zip(lower, upper, strict=False)][:count]


def _parents(lines: Sequence[Line], indents: Sequence[int], values: Sequence[float]) -> list[float]:
    """The value of the nearest line above that is indented less, where the lines between leave no gap."""
    found = []
    above: list[tuple[int, float]] = []  # indents, ascending, and values of the lines that may still be parents
    expected = 0
    for line, indent, value in zip(lines, indents, values, strict=True):
        if line.number != expected:
            above.clear()
        expected = line.number + 1
        if not line.text:
            found.append(above[-1][1] if above else _LOW)
            continue
        while above and above[-1][0] >= indent:
            above.pop()
        found.append(above[-1][1] if above else _LOW)
        above.append((indent, value))
    return found


def _paragraphs(lines: Sequence[Line], values: Sequence[float]) -> list[float]:
    """The best value in each line's paragraph."""
    best = [_LOW]
    owner = []
    expected = 0
    for line, value in zip(lines, values, strict=True):
        if line.number != expected or not line.text:
            best.append(_LOW)
        best[-1] = max(best[-1], value)
        owner.append(len(best) - 1)
        expected = line.number + 1
    return [best[i] for i in owner]


def _blocks(lines: Sequence[Line], marks: Sequence[Mark]) -> list[float]:
    """How far above each line the head of its block stands; -1 outside blocks."""
    depths: list[float] = []
    left = depth = expected = 0
    for line, mark in zip(lines, marks, strict=True):
        if line.number != expected or mark.role in _CLOSES:
            left = 0
        if mark.anchor is not None and mark.anchor.lines and mark.role in _OPENS:
            left, depth = mark.anchor.lines + 1, -1
        left, depth, expected = left - 1, depth + 1, line.number + 1
        depths.append(depth if left >= 0 else -1)
    return depths
