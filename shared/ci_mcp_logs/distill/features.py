"""The features of hits and candidates for the learned scorer: place and surroundings."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import accumulate, chain, pairwise
from operator import eq

from .anchor_tables import Anchor
from .line_scores import BLANK, ROLE_CODE, Looks, ordinals

Columns = Mapping[str, Sequence[float]]

_LOW = -8.0
_OPENS = {"head", "cause"}
_CLOSES = {"summary", "exit", "passed", "command"}


def hit_columns(numbers: Sequence[int], looks: Looks, end: int, last: int) -> Columns:
    """What is known of every hit before its surroundings are looked at.

    `numbers` are the lines', `end` that at which the failing command ended, `last` that of the log's last line.
    """
    return {
        "near": _mean(looks.scores, 2),
        "role": looks.codes,
        "role_after": [*looks.codes[1:], ROLE_CODE[""]],
        "nth": ordinals(looks.kinds),
        "to_end": [end - number for number in numbers],
        "to_last": [last - number for number in numbers],
        "hits_after": range(len(numbers), 0, -1),
    }


def line_columns(numbers: Sequence[int], texts: Sequence[str], looks: Looks, end: int, command: int) -> Columns:
    """The surroundings of every candidate; `command` is the number of the line at which the failing command began."""
    here = looks.scores
    near = adjoining(numbers)
    counts = Counter(texts)
    return {
        "here": here,
        "mean5": _mean(here, 5),
        "mean25": _mean(here, 25),
        "top": [max(here)] * len(here),
        "paragraph": _paragraphs(near, looks),
        "to_end": [end - number for number in numbers],
        "from_command": [number - command for number in numbers],
        "length": list(map(len, texts)),
        "parent": _parents(near, looks),
        "repeats": [counts[text] for text in texts],
        "role": looks.codes,
        "block": _blocks(near, looks.anchors),
    }


def adjoining(numbers: Sequence[int]) -> list[int]:
    """Whether each line follows directly on the one before it: 1 or 0."""
    return [0, *map(eq, numbers[1:], [number + 1 for number in numbers])]


def _mean(values: Sequence[float], reach: int) -> list[float]:
    """Mean over a window of `reach` neighbours to each side; beyond the ends the values count as 0."""
    sums = list(accumulate(values, initial=0.0))
    count, width = len(values), 2 * reach + 1
    upper = chain(sums[reach + 1 :], [sums[-1]] * min(reach, count))
    lower = chain([0.0] * min(reach, count), sums)
    return [(b - a) / width for a, b in zip(lower, upper, strict=False)][:count]


def _parents(adjoins: Sequence[int], looks: Looks) -> list[float]:
    """The score of the nearest line above that is indented less, where the lines between leave no gap."""
    found = []
    above: list[tuple[int, float]] = []  # indents, ascending, and scores of the lines that may still be parents
    for near, score, code, indent in zip(adjoins, looks.scores, looks.codes, looks.indents, strict=True):
        if not near:
            above.clear()
        while above and above[-1][0] >= indent and code != BLANK:
            above.pop()
        found.append(above[-1][1] if above else _LOW)
        if code != BLANK:
            above.append((indent, score))
    return found


def _paragraphs(adjoins: Sequence[int], looks: Looks) -> list[float]:
    """The best score in each line's paragraph; an empty line belongs to what follows."""
    begins = [i for i, (near, code) in enumerate(zip(adjoins, looks.codes, strict=True)) if not near or code == BLANK]
    spans = pairwise([*begins, len(adjoins)])
    return list(chain.from_iterable([max(looks.scores[a:b])] * (b - a) for a, b in spans))


def _blocks(adjoins: Sequence[int], anchors: Sequence[Anchor]) -> list[float]:
    """How far above each line the head of its block stands; -1 outside blocks."""
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
