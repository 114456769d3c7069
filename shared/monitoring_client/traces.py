"""Traces of requests through services, and the path that decided how long one took. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of work of one service.

    Attributes:
        parent: the id of the span that it is a part of; "" for none.
        start: Unix time.
        seconds: how long it took.
        error: what went wrong; "" if it did not fail or does not say.
    """

    id: str
    parent: str
    service: str
    name: str
    start: float
    seconds: float
    failed: bool = False
    error: str = ""

    @property
    def end(self) -> float:
        """Unix time."""
        return self.start + self.seconds


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the critical path: the seconds in which only this span's own work held up the trace."""

    span: Span
    seconds: float


def find_root(spans: Sequence[Span]) -> Span | None:
    """Return the span that is part of no other one that is there, of several the longest; None for no spans."""
    known = {span.id for span in spans}
    # A parent that is missing was not sampled, or is still open.
    roots = [span for span in spans if span.parent not in known or span.parent == span.id]
    return max(roots or spans, key=lambda span: span.seconds, default=None)


def find_critical_path(spans: Sequence[Span]) -> tuple[Stretch, ...]:
    """Return the stretches that decided how long the root took, in order of time; they add up to its duration.

    Going back from the end of a span, what ended last held it up; before that began, what had ended last by then. The
    rest is the span's own work.
    """
    root = find_root(spans)
    if root is None:
        return ()
    children: dict[str, list[Span]] = defaultdict(list)
    for span in spans:
        if span is not root:
            children[span.parent].append(span)
    backwards = list(_walk_back(root, root.start, root.end, children))
    return tuple(reversed(backwards))


def _walk_back(root: Span, start: float, end: float, children: Mapping[str, Sequence[Span]]) -> Iterator[Stretch]:
    # By a stack and not by recursion: the depth of a trace is a stranger's choice.
    stack: list[tuple[Span, float, float]] = [(root, start, end)]
    seen = {root.id}
    while stack:
        span, begin, until = stack.pop()
        others = (one for one in children.get(span.id, ()) if one.id not in seen)
        inside = [one for one in others if one.start < until and one.end > begin]
        last = max(inside, key=lambda one: (min(one.end, until), one.seconds), default=None)
        if last is None:
            if until > begin:
                yield Stretch(span, until - begin)
            continue
        seen.add(last.id)
        # A child may outlive its parent, as one that nobody waits for does; only what lies within counts.
        child_begin, child_end = max(begin, last.start), min(until, last.end)
        if until > child_end:
            yield Stretch(span, until - child_end)
        stack.append((span, begin, child_begin))
        stack.append((last, child_begin, child_end))


def find_failures(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Return the failed spans, those first in which a failure began: none of the parts of such a span failed."""
    failed = [span for span in spans if span.failed]
    parents = {span.parent for span in failed}
    return tuple(sorted(failed, key=lambda span: (span.id in parents, span.start)))
