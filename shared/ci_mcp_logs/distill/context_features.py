"""The features of hits and candidates that the model knows: where a line stands and what stands around it.

Features are kept as columns: by the name that they have in `model.json`, their values for all lines in order.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import accumulate, chain, pairwise
from operator import eq
from typing import TYPE_CHECKING, NamedTuple

from ci_mcp_logs.distill.line_profiles import BLANK, ROLE_CODE

if TYPE_CHECKING:
    from ci_mcp_logs.distill.anchor_tables import Anchor
    from ci_mcp_logs.distill.line_profiles import LineProfiles

Columns = Mapping[str, Sequence[float]]

_NOWHERE = -1_000_000  # lines to an end that there is not: fewer than to any
_NO_PARENT = -8.0  # log-odds below those of nearly every line
_OPENS = {"head", "cause"}
_CLOSES = {"summary", "exit", "passed", "command"}


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


def hit_columns(numbers: Sequence[int], profiles: LineProfiles, end: End, last: int) -> Columns:
    """Return the features of every hit, from before its surroundings are looked at.

    near: mean score of the hits around; role, role_after: codes of the anchors of this hit and the next;
    nth: hits of its family above it; to_exit, to_end: lines to the failing command's end; to_last: lines to the log's
    last; hits_after: hits from this one on.

    Args:
        numbers: of the lines.
        profiles: of the lines.
        end: of the failing command.
        last: number of the log's last line.
    """
    return {
        "near": _window_means(profiles.scores, 2),
        "role": profiles.roles,
        "role_after": [*profiles.roles[1:], ROLE_CODE[""]],
        "nth": ordinals(profiles.families),
        **end.columns(numbers),
        "to_last": [last - number for number in numbers],
        "hits_after": range(len(numbers), 0, -1),
    }


def line_columns(
    numbers: Sequence[int], texts: Sequence[str], profiles: LineProfiles, end: End, command: int
) -> Columns:
    """Return the features of every candidate.

    here: its score; mean5, mean25, top: mean score of so many lines around it, and the best of all candidates;
    paragraph: best score of its paragraph; to_exit, to_end: lines to the failing command's end; from_command: lines
    from its beginning; length: characters; parent: score of the line that it is indented under; repeats: candidates of
    the same text; role: code of its anchor; block: how far above the head of its block stands.

    Args:
        numbers: of the lines.
        texts: of the lines.
        profiles: of the lines.
        end: of the failing command.
        command: number of the line at which that command began.
    """
    here = profiles.scores
    adjoins = adjoining(numbers)
    counts = Counter(texts)
    return {
        "here": here,
        "mean5": _window_means(here, 5),
        "mean25": _window_means(here, 25),
        "top": [max(here)] * len(here),
        "paragraph": _paragraph_scores(adjoins, profiles),
        **end.columns(numbers),
        "from_command": [number - command for number in numbers],
        "length": list(map(len, texts)),
        "parent": _parent_scores(adjoins, profiles),
        "repeats": [counts[text] for text in texts],
        "role": profiles.roles,
        "block": _block_depths(adjoins, profiles.anchors),
    }


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


def _window_means(values: Sequence[float], reach: int) -> list[float]:
    """Return the mean over `reach` neighbours to each side; beyond the ends the values count as 0."""
    sums = list(accumulate(values, initial=0.0))
    count, width = len(values), 2 * reach + 1
    upper = chain(sums[reach + 1 :], [sums[-1]] * min(reach, count))
    lower = chain([0.0] * min(reach, count), sums)
    return [(b - a) / width for a, b in zip(lower, upper, strict=False)][:count]


def _parent_scores(adjoins: Sequence[int], profiles: LineProfiles) -> list[float]:
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


def _paragraph_scores(adjoins: Sequence[int], profiles: LineProfiles) -> list[float]:
    """Return the best score in each line's paragraph; an empty line belongs to the following one."""
    rows = enumerate(zip(adjoins, profiles.roles, strict=True))
    begins = [index for index, (near, role) in rows if not near or role == BLANK]
    spans = pairwise([*begins, len(adjoins)])
    return list(chain.from_iterable([max(profiles.scores[a:b])] * (b - a) for a, b in spans))


def _block_depths(adjoins: Sequence[int], anchors: Sequence[Anchor]) -> list[float]:
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
