"""What the learned scorer sees: of a line its words, of a candidate its surroundings."""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate, pairwise

from .marks import Mark
from .text import Line, unstamped

_READ = 160  # characters of a line that are scored
_WORDS = 18
_SEPARATORS = b"()[]{},;=/'\"`|<>.\\\t\r"
_PLAIN = bytes.maketrans(b"0123456789" + _SEPARATORS, b"0" * 10 + b" " * len(_SEPARATORS))
DIGITS = str.maketrans("0123456789", "0" * 10)
_LOW = -8.0
_LOG = [math.log1p(n) for n in range(4096)]


def words(text: str) -> list[bytes]:
    """The features of one line: its words, pairs of words, how it begins, how deep it is indented.

    Works on bytes: translating and splitting those is several times faster than any regular expression.
    """
    body = unstamped(text)[:_READ].encode("utf-8", "replace")
    found = body.lower().translate(_PLAIN).split()[:_WORDS]
    if not found:
        return [b"~blank"]
    depth = len(body) - len(body.lstrip())
    return [*found, *map(b" ".join, pairwise(found)), b"^" + b" ".join(found[:2]), b"~indent%d%c" % (min(depth, 9), body[depth])]


def _log(distance: int) -> float:
    return _LOG[distance] if distance < len(_LOG) else math.log1p(distance)


def _mean(values: Sequence[float], reach: int) -> list[float]:
    """Mean over a window of `reach` neighbours to each side."""
    sums = [0.0, *accumulate(values)]
    count = len(values)
    ends = [(max(0, i - reach), min(count, i + reach + 1)) for i in range(count)]
    return [(sums[b] - sums[a]) / (b - a) for a, b in ends]


def _top_before(values: Sequence[float], reach: int) -> list[float]:
    return [max(values[max(0, i - reach) : i], default=_LOW) for i in range(len(values))]


def _top_after(values: Sequence[float], reach: int) -> list[float]:
    return [max(values[i + 1 : i + 1 + reach], default=_LOW) for i in range(len(values))]


def _paragraphs(lines: Sequence[Line], values: Sequence[float]) -> list[float]:
    """The best value in each line's paragraph."""
    best: list[float] = []
    owner, previous = [], -9
    for line, value in zip(lines, values, strict=True):
        if not line.text or line.number != previous + 1 or not best:
            best.append(_LOW)
        owner.append(len(best) - 1)
        best[-1] = max(best[-1], value)
        previous = line.number
    return [best[i] for i in owner]


def _repeats(lines: Sequence[Line]) -> list[float]:
    masked = [line.text.translate(DIGITS) for line in lines]
    counts = Counter(masked)
    return [float(counts[text]) for text in masked]


def _blocks(lines: Sequence[Line], marks: Sequence[Mark]) -> list[float]:
    """How far above each line the head of its block stands; -1 outside blocks."""
    depth: list[float] = []
    left, since, previous = 0, 0, -9
    for line, mark in zip(lines, marks, strict=True):
        if line.number != previous + 1 or mark.role in _ENDS:
            left = 0
        if mark.role in {"head", "cause"} and mark.anchor is not None and mark.anchor.lines:
            left, since = mark.anchor.lines + 1, -1
        left, since, previous = left - 1, since + 1, line.number
        depth.append(float(since) if left >= 0 else -1.0)
    return depth


_ENDS = frozenset({"summary", "exit", "passed", "command"})


def columns(
    lines: Sequence[Line], marks: Sequence[Mark], here: Sequence[float], end: int, command: int, last: int
) -> dict[str, Sequence[float]]:
    """The surroundings of every candidate line, feature by feature.

    `here` is each line's own score, `end` the number of the line at which the failing command ended,
    `command` that of the line at which it began, `last` that of the log's last line.
    """
    top = max(here)
    order = sorted(range(len(here)), key=here.__getitem__, reverse=True)
    rank = [0.0] * len(here)
    for place, index in enumerate(order):
        rank[index] = float(place)
    indents = [float(len(line.text) - len(line.text.lstrip())) for line in lines]
    blank = [0.0 if line.text else 1.0 for line in lines]
    strong = [1.0 if value > max(0.0, top - 1.5) else 0.0 for value in here]
    return {
        "here": here,
        "before1": [_LOW, *here[:-1]],
        "after1": [*here[1:], _LOW],
        "mean5": _mean(here, 5),
        "mean12": _mean(here, 12),
        "mean25": _mean(here, 25),
        "top_before": _top_before(here, 12),
        "top_after": _top_after(here, 12),
        "below_top": [value - top for value in here],
        "top": [top] * len(here),
        "paragraph": _paragraphs(lines, here),
        "rank": rank,
        "strong_after": list(accumulate(reversed(strong)))[::-1],
        "to_end": [_log(end - line.number) if line.number <= end else -_log(line.number - end) for line in lines],
        "to_last": [_log(last - line.number) for line in lines],
        "from_command": [
            _log(line.number - command) if line.number >= command else -_log(command - line.number) for line in lines
        ],
        "length": [float(len(line.text)) for line in lines],
        "indent": indents,
        "blank_before": [1.0, *blank[:-1]],
        "blank_after": [*blank[1:], 1.0],
        "repeats": _repeats(lines),
        "role": [_ROLE_CODE[mark.role] for mark in marks],
        "block": _blocks(lines, marks),
    }


def hit_columns(
    hits: Sequence[Line], marks: Sequence[Mark], here: Sequence[float], end: int, last: int
) -> dict[str, Sequence[float]]:
    """What is known of every hit before its surroundings are looked at."""
    kinds = [kind(line.text, mark) for line, mark in zip(hits, marks, strict=True)]
    total = Counter(kinds)
    seen: Counter[str] = Counter()
    nth = []
    for its in kinds:
        seen[its] += 1
        nth.append(float(seen[its]))
    top = max(here, default=0.0)
    numbers = [line.number for line in hits]
    return {
        "here": here,
        "below_top": [value - top for value in here],
        "near": _mean(here, 2),
        "role": [_ROLE_CODE[mark.role] for mark in marks],
        "role_before": [0.0, *(_ROLE_CODE[mark.role] for mark in marks)][: len(hits)],
        "role_after": [*(_ROLE_CODE[mark.role] for mark in marks), 0.0][1:],
        "nth": nth,
        "left": [total[its] - n for its, n in zip(kinds, nth, strict=True)],
        "to_end": [_log(end - n) if n <= end else -_log(n - end) for n in numbers],
        "to_last": [_log(last - n) for n in numbers],
        "hits_after": [_log(len(hits) - i) for i in range(len(hits))],
        "gap_before": [9.0, *(_log(b - a) for a, b in pairwise(numbers))][: len(hits)],
        "gap_after": [*(_log(b - a) for a, b in pairwise(numbers)), 9.0][-len(hits) :],
    }


def kind(text: str, mark: Mark) -> str:
    """What lines of the same sort share: their anchor, or how they begin."""
    return mark.anchor.name if mark.anchor else " ".join(text[:80].translate(DIGITS).split()[:2])


_ROLE_CODE = {"": 0.0, "noise": 1.0, "passed": 2.0, "command": 3.0, "frame": 4.0, "summary": 5.0, "exit": 6.0, "cause": 7.0, "head": 8.0}
