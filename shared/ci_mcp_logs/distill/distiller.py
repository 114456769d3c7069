"""From a log to its excerpt: gather candidates, weigh them, spend the budget, give the reasons.

An excerpt is blocks of verbatim lines, each with the reason why it was chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, islice, pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from ci_mcp_logs.distill import tuning
from ci_mcp_logs.distill.anchor_tables import failing_test, source_place
from ci_mcp_logs.distill.candidates import gather
from ci_mcp_logs.distill.choose import choose, weigh
from ci_mcp_logs.distill.line_words import shown_part, token_cost
from ci_mcp_logs.distill.model import default_model
from ci_mcp_logs.distill.novelty import new_lines_first, novel_lines
from ci_mcp_logs.distill.segment_probabilities import posterior, segment_columns
from ci_mcp_logs.log_text import LogText

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ci_mcp_logs.distill.candidates import Candidates
    from ci_mcp_logs.distill.model import Model

_NAMES = 20  # tests and places that are listed
_EMPTY = LogText(("",))  # stands for a log without lines
# How an excerpt is written: no line is chosen by these two.
_END = 4  # lines; a block this near the end of the command is named for it
_MANY = 5  # equal lines in a row that are shown as one
_REASON_RANK = {"head": 3, "cause": 2, "exit": 1, "summary": 1}


class ExcerptLine(NamedTuple):
    """A line of the answer; `cut` says that its end is missing, `times` how many equal lines it stands for."""

    number: int
    text: str
    cut: bool = False
    times: int = 1


@dataclass(frozen=True, slots=True)
class Block:
    """Neighbouring lines shown together.

    Attributes:
        start: number of the first line, from 1.
        end: number of the last line.
        reason: why they were chosen.
        lines: the lines.
        score: their weight, which grows with their number.
        best: how likely the likeliest of them is to belong to the evidence.
    """

    start: int
    end: int
    reason: str
    lines: tuple[ExcerptLine, ...]
    score: float
    best: float


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The blocks in the order of the log, and the names of failing tests in them."""

    blocks: tuple[Block, ...]
    total_lines: int
    tokens: int
    tests: tuple[str, ...] = ()

    @property
    def by_weight(self) -> tuple[Block, ...]:
        """The blocks, the most telling first."""
        return tuple(sorted(self.blocks, key=lambda block: (-block.score, block.start)))

    @property
    def lines(self) -> Iterator[ExcerptLine]:
        """All lines, in the order of the log."""
        return (line for block in self.blocks for line in block.lines)

    @property
    def locations(self) -> tuple[str, ...]:
        """The places in source files that the lines name, each once."""
        return distinct(source_place(line.text) for line in self.lines)


def distinct(names: Iterable[str | None]) -> tuple[str, ...]:
    """Return the first names, each once."""
    return tuple(islice(dict.fromkeys(name for name in names if name), _NAMES))


def distill(
    text: LogText,
    *,
    exit_code: int = 1,
    token_budget: int = 2000,
    good: LogText | None = None,
    model: Model | None = None,
) -> Excerpt:
    """Return the blocks of a failing step's log that say why it failed.

    Args:
        text: the log. Lines of the excerpt are numbered from 1, its first line.
        exit_code: of the step; one of a signal or a time limit gives lines about that more weight.
        token_budget: of the excerpt; a token is four characters.
        good: the log of the last good run of the same step: what that says too is hardly the cause.
        model: the learned model, by default the shipped one.
    """
    return Study(text, good, model=model).excerpt(exit_code, token_budget)


class Study:
    """A failing step's log, searched and scored once: excerpts of any size then cost little.

    A good log in which more than `most_new` of the log's lines are missing is one of other work, and is left aside.

    Attributes:
        news: numbers of the lines that the good log lacks; None without one, or where it cannot be compared.
        compared: whether the good log counts.
    """

    def __init__(
        self, text: LogText, good: LogText | None = None, *, model: Model | None = None, most_new: float = 1.0
    ) -> None:
        self._text = text if text.lines else _EMPTY
        self._model = model or default_model()
        self.news = novel_lines(self._text, good) if good is not None and any(good.lines) else None
        self.compared = self.news is not None and len(self.news) <= most_new * len(self._text.lines)

    @cached_property
    def _candidates(self) -> tuple[Candidates, Sequence[float]]:
        """The candidates, and how likely each belongs to the evidence."""
        if self.news is None or not self.compared:
            candidates = gather(self._text, self._model)
            return candidates, self._model.lines.chances(candidates.columns())
        candidates = gather(self._text, self._model, self.news)
        chances, news = self._model.lines.chances(candidates.columns()), set(self.news)
        return candidates, [
            chance**tuning.NEW_LINE if number in news else chance * tuning.KNOWN_LINE
            for number, chance in zip(candidates.numbers, chances, strict=True)
        ]

    def weighed(self, exit_code: int) -> tuple[Candidates, Sequence[float], Sequence[float]]:
        """Return the candidates, how likely each belongs to the evidence by itself, and the worth of showing it."""
        candidates, chances = self._candidates
        return candidates, chances, weigh(candidates, chances, exit_code)

    def excerpt(self, exit_code: int, token_budget: int) -> Excerpt:
        """Return the blocks that say why the step failed."""
        candidates, chances, worth = self.weighed(exit_code)
        # A small budget affords no long lines.
        longest = int(min(tuning.WIDEST_LINE, max(tuning.NARROWEST_LINE, token_budget * tuning.LINE_SHARE)))
        likely = posterior(self._model.segments, segment_columns(candidates, worth))
        chosen = choose(candidates, worth, likely, token_budget, longest)
        if self.news and self.compared:
            numbers, texts = candidates.numbers, candidates.texts
            costs = [token_cost(numbers[-1], min(len(text), longest)) for text in texts]
            chosen = new_lines_first(chosen, numbers, set(self.news), chances, costs, token_budget)
        blocks = tuple(_blocks(candidates, chances, chosen, longest))
        return Excerpt(
            blocks=blocks,
            total_lines=candidates.last,
            tokens=round(sum(token_cost(line.number, len(line.text)) for block in blocks for line in block.lines)),
            tests=distinct(failing_test(candidates.profiles.anchors[i], candidates.texts[i]) for i in chosen),
        )


def _blocks(candidates: Candidates, chances: Sequence[float], chosen: Sequence[int], longest: int) -> Iterator[Block]:
    """Yield the chosen lines, neighbouring ones as one block; the reason is its best anchor, or its place."""
    numbers, texts = candidates.numbers, candidates.texts
    breaks = [i for i, (a, b) in enumerate(pairwise(chosen), 1) if numbers[b] != numbers[a] + 1]
    for first, last in pairwise([0, *breaks, len(chosen)]):
        group = chosen[first:last]
        if not group:
            continue
        to_end = candidates.end.number - numbers[group[-1]]
        reason = "end of the failing command" if 0 <= to_end <= _END else "reads like evidence"
        telling = max((candidates.profiles.anchors[i] for i in group), key=lambda one: _REASON_RANK.get(one.role, 0))
        if telling.role in _REASON_RANK:
            reason = f"{telling.tool}: {telling.name}"
        yield Block(
            start=numbers[group[0]],
            end=numbers[group[-1]],
            reason=reason,
            lines=tuple(_folded([(numbers[i], texts[i]) for i in group], longest)),
            score=round(sum(chances[i] for i in group), 3),
            best=round(max(chances[i] for i in group), 3),
        )


def _folded(lines: Sequence[tuple[int, str]], longest: int) -> Iterator[ExcerptLine]:
    """Yield lines as they are shown: of many equal ones in a row only the first, with their count."""
    for text, run in groupby(lines, key=itemgetter(1)):
        equal = list(run)
        many = len(equal) >= _MANY and text
        for number, _ in equal[:1] if many else equal:
            yield ExcerptLine(number, shown_part(text, longest), len(text) > longest, len(equal) if many else 1)
