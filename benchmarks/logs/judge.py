"""Judges an excerpt by the lines that people marked. A token is four characters, line numbers included."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_mcp_logs.distill.line_words import token_cost

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from packs import Case

    from ci_mcp_logs.distill import Excerpt

TOLD = 60  # characters of a cut line that must be shown
CUT = 400  # characters of a line that an excerpt shows at most


@dataclass(frozen=True)
class Marks:
    """How one excerpt does. Of alternative sets of marked lines the one that it does best on counts.

    Attributes:
        recall: share of the marked lines that are shown.
        hit: whether any is shown.
        full: whether all are shown.
        precision: share of the shown lines that are marked.
        signal: share of the critical facts whose text is shown; None where the pack names none.
        reach: recall of the best choice among the lines that the distiller looked at.
        tokens: of the excerpt.
        sound: whether it keeps its budget, and shows nothing but lines of the log.
    """

    recall: float
    hit: float
    full: float
    precision: float
    signal: float | None
    reach: float
    tokens: float
    sound: bool


def judge(case: Case, excerpt: Excerpt, budget: int, candidates: AbstractSet[int]) -> Marks:
    """Judge an excerpt; `candidates` are the numbers of the lines that were looked at for it."""
    lines = [(line.number, line.text) for line in excerpt.lines]
    tokens = sum(token_cost(number, len(text)) for number, text in lines)
    true = {number for number, text in lines if is_shown(case.text.lines[number - 1].rstrip(), text)}
    best = max((true & set(gold) for gold in case.raw["gold"]), key=len)
    recall = max(len(true & set(gold)) / len(gold) for gold in case.raw["gold"])
    return Marks(
        recall=recall,
        hit=float(recall > 0),
        full=float(recall == 1),
        precision=len(best) / max(1, len(true)),
        signal=signal(case, "\n".join(text for number, text in lines if number in true)),
        reach=max(reach(case, gold, budget, candidates) for gold in case.raw["gold"]),
        tokens=tokens,
        sound=tokens <= budget * 1.001 and len(true) == len(lines),
    )


def is_shown(line: str, text: str) -> bool:
    """Whether a text shows a line of the log: all of it, or enough of its beginning."""
    return line == text or (len(text) >= TOLD and line.startswith(text[:TOLD]))


def signal(case: Case, shown: str) -> float | None:
    """The share of the case's critical facts whose text is shown."""
    critical = [fact for fact in case.raw.get("signals", []) if fact["importance"] == "critical"]
    if not critical:
        return None
    return sum(any(text in shown for text in fact["patterns"]) for fact in critical) / len(critical)


def reach(case: Case, gold: Sequence[int], budget: int, candidates: AbstractSet[int]) -> float:
    """The share of the marked lines that fit into the budget, the cheapest first, of those that were looked at."""
    costs = sorted(token_cost(n, min(CUT, len(case.text.lines[n - 1]))) for n in gold if n in candidates)
    spent, fit = 0.0, 0
    for cost in costs:
        spent += cost
        fit += spent <= budget
    return fit / len(gold)


def mean(values: Iterable[float | None]) -> float | None:
    """Over the cases that have the measure; None where none has."""
    found = [value for value in values if value is not None]
    return sum(found) / len(found) if found else None
