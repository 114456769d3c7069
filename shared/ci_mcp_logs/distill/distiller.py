"""From a log to its excerpt: gather candidates, weigh them, spend the budget, say why."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import groupby, pairwise
from operator import itemgetter

from .anchor_tables import Anchor, failing_test
from .candidates import Candidates, gather
from .choose import choose, longest_line, weigh
from .excerpt import Block, Excerpt, Shown, distinct
from .model import Model, default
from .novelty import novel_lines
from .scan import line_feeds
from .segments import posterior, segment_columns
from .text import encode, tokens

_NEWS = 0.5  # exponent on the chance of a line that the good log has not
_KNOWN = 0.25  # factor on that of a line that it has
_END = 4  # lines; a block this near the end of the command is named for it
_MANY = 5  # equal lines in a row that are shown as one


def excerpt(log: str, *, exit_code: int, token_budget: int, good_log: str | None) -> Iterable[tuple[int, str]]:
    """Numbered lines of the log that show why it failed, ascending, of at most `token_budget` tokens."""
    answer = distill(log, exit_code=exit_code, token_budget=token_budget, good_log=good_log)
    return [(line.number, line.text) for line in answer.lines]


def distill(
    log: str, *, exit_code: int = 1, token_budget: int = 2000, good_log: str | None = None, model: Model | None = None
) -> Excerpt:
    """The blocks of a failing step's log that say why it failed, with what the anchors know of them.

    `good_log` is the log of the last good run of the same step: what it says too is hardly the cause. `exit_code` is
    the step's; one that a signal or a time limit leaves gives lines about that more weight. A token is four characters.
    """
    return Study(log, good_log, model=model).excerpt(exit_code, token_budget)


class Study:
    """A failing step's log, read once: its excerpts of any size then cost little.

    A good log in which more than `most_new` of the log's lines are missing is one of other work, and is left aside.
    """

    def __init__(
        self, log: str, good_log: str | None = None, *, model: Model | None = None, most_new: float = 1.0
    ) -> None:
        self._data = encode(log)
        self._model = model or default()
        self.news = novel_lines(self._data, encode(good_log)) if good_log else None
        lines = line_feeds(self._data, 0, len(self._data)) + 1 if self.news else 0
        self.compared = self.news is not None and len(self.news) <= most_new * lines

    @cached_property
    def _read(self) -> tuple[Candidates, Sequence[float]]:
        """The candidates, and how likely each belongs to the evidence."""
        news = self.news if self.news is not None and self.compared else None
        candidates = gather(self._data, self._model, news or ())
        chances = self._model.lines.chances(candidates.surroundings())
        return candidates, chances if news is None else _favour(candidates, chances, {number for number, _ in news})

    def weighed(self, exit_code: int) -> tuple[Candidates, Sequence[float], Sequence[float]]:
        """The candidates, how likely each belongs to the evidence by itself, and what showing it is worth."""
        candidates, chances = self._read
        return candidates, chances, weigh(candidates, chances, exit_code)

    def excerpt(self, exit_code: int, token_budget: int) -> Excerpt:
        """The blocks that say why the step failed."""
        candidates, chances, worth = self.weighed(exit_code)
        longest = longest_line(token_budget)
        likely = posterior(self._model.segments, segment_columns(candidates, worth))
        chosen = choose(candidates, worth, likely, token_budget, longest)
        blocks = tuple(_blocks(candidates, chances, chosen, longest))
        return Excerpt(
            blocks=blocks,
            total_lines=candidates.last,
            tokens=round(sum(tokens(line.number, len(line.text)) for block in blocks for line in block.lines)),
            tests=distinct(failing_test(candidates.looks.anchors[i], candidates.texts[i]) for i in chosen),
        )


def _favour(candidates: Candidates, chances: Sequence[float], news: set[int]) -> list[float]:
    """What only the failing log says counts for more, the rest for less."""
    return [
        chance**_NEWS if number in news else chance * _KNOWN
        for number, chance in zip(candidates.numbers, chances, strict=True)
    ]


def _blocks(candidates: Candidates, chances: Sequence[float], chosen: Sequence[int], longest: int) -> Iterable[Block]:
    """Neighbouring chosen lines as one block."""
    numbers, texts = candidates.numbers, candidates.texts
    breaks = [i for i, (a, b) in enumerate(pairwise(chosen), 1) if numbers[b] != numbers[a] + 1]
    for first, last in pairwise([0, *breaks, len(chosen)]):
        group = chosen[first:last]
        if not group:
            continue
        anchors = [candidates.looks.anchors[i] for i in group]
        yield Block(
            start=numbers[group[0]],
            end=numbers[group[-1]],
            reason=_reason(anchors, candidates.end - numbers[group[-1]]),
            lines=tuple(_folded([(numbers[i], texts[i]) for i in group], longest)),
            score=round(sum(chances[i] for i in group), 3),
            kind=_kind(anchors),
        )


def _folded(lines: Sequence[tuple[int, str]], longest: int) -> Iterable[Shown]:
    """Lines as they are shown: many equal ones in a row once, with their count. The others of them are not shown."""
    for text, run in groupby(lines, key=itemgetter(1)):
        equal = list(run)
        many = len(equal) >= _MANY and text
        for number, _ in equal[:1] if many else equal:
            yield Shown(number, text[:longest], len(text) > longest, len(equal) if many else 1)


_SPEAK = {"head", "cause", "summary"}
_TELLING = {"head": 3, "cause": 2, "exit": 1, "summary": 1}


def _reason(anchors: Sequence[Anchor], to_end: int) -> str:
    """The block's most telling anchor, or where it stands."""
    best = max(anchors, key=lambda anchor: _TELLING.get(anchor.role, 0))
    if best.role in _TELLING:
        return f"{best.tool}: {best.name}"
    return "end of the failing command" if 0 <= to_end <= _END else "reads like evidence"


def _kind(anchors: Sequence[Anchor]) -> str:
    """The class of failure that the block's first telling anchor speaks for."""
    return next((anchor.kind for anchor in anchors if anchor.kind and anchor.role in _SPEAK), "")
