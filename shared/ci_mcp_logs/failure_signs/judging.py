"""Weighs the signs of a failure in the lines of its log: the class with the most evidence, and how sure it is. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Literal, NamedTuple

from ci_mcp_logs.ci_markup import commands_in, tool_words
from ci_mcp_logs.distill.indicative_lines import Shapes
from ci_mcp_logs.distill.line_words import pattern_input
from ci_mcp_logs.failure_signs.sign_tables import Sign, sign_table, signs_in_line, tools_of_command

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from ci_mcp_logs.distill import Excerpt
    from ci_mcp_logs.log_text import LogText

Confidence = Literal["high", "medium", "low"]

_WORTH = {"report": 1.0, "summary": 0.8, "code": 0.5, "hint": 0.3}
_CONFIRMED = 0.5  # for each way in which the tool itself is known
_LAST_WORD = 1.4  # factor for the class that has the last word: a step ends with the first command that fails
_LIMIT = 2.5  # factor for a class of which a limit is clear: what that ended may have complained of anything
_ALIKE = 0.1  # of two lines whose weights differ by less, the first is named
_SHOWN = 0.3  # weight of a line from which on its signs count as independent
_CLEAR, _LIKELY = 0.62, 0.5  # share of the class among itself and the next one, to be sure and to be likely
_INDEPENDENT = 2  # signs that must agree to be sure
# Lines of the log that count as evidence, and commands before them.
_SURE = 2.5  # score of a block from which on its lines count as a whole
_LEAST = 0.35  # weight of any line of the excerpt
_TAIL = 12  # last lines that say something: a failing tool often has the last word
_TAIL_WEIGHT = 0.6
_READ = 2000  # last lines of the log that are read whole
_UNCHOSEN = 0.2  # weight of a line there that the excerpt lacks: not enough to be sure by
_FAR = 0.5  # a line this far from the end counts half: a step ends with the first command that fails
_SAID_EVERYWHERE = 0.3  # factor for a line that the build prints all along: tests that are expected to fail, warnings
_BEFORE = 400  # lines before the heaviest block in which its command is looked for
_COMMANDS = 4


class Witness(NamedTuple):
    """A line that may say why the step failed; `weight` is how likely it belongs to the failure, from 0 to 1."""

    number: int
    text: str
    weight: float = 1.0


class Reason(NamedTuple):
    """A sign that speaks for the class, and the number of the line that it is in."""

    sign: Sign
    line: int


@dataclass(frozen=True, slots=True)
class Finding:
    """A class, its confidence, and the signs that speak for it, the most telling first."""

    kind: str
    confidence: Confidence
    reasons: tuple[Reason, ...] = ()


_ITS_OWN = frozenset({"test", "lint", "compile"})  # classes for which there are tools that have no other purpose
NOTHING_FOUND = Finding("unknown", "low")


def judge_lines(lines: Iterable[Witness], *, commands: Sequence[str] = (), exit_code: int = 0) -> Finding:
    """Return the class for which the lines speak.

    Args:
        lines: the evidence.
        commands: the commands and images that may have run, as they are written.
        exit_code: of the step.
    """
    spoken, headed = _collect(lines)
    if not spoken:
        return _guess(commands)
    ran = {tool for command in commands for tool in tools_of_command(command)}
    ended = {tool for tool, codes in sign_table().exits.items() if exit_code in codes}
    known = (headed, ran, ended)
    clear = {kind: _clear_signs(signs, ended) for kind, signs in spoken.items()}
    last = {kind: max((line.number for line in signs.values()), default=0) for kind, signs in clear.items()}
    limits = {kind for kind, signs in clear.items() if any(sign.tool in sign_table().limits for sign in signs)}
    decisive = {kind for kind in spoken if last[kind] == max(last.values()) or kind in limits}
    scores = {
        kind: _score(signs, clear[kind], known)
        * (_LIMIT if kind in limits else _LAST_WORD if kind in decisive else 1.0)
        for kind, signs in spoken.items()
    }
    best = max(scores, key=lambda kind: scores[kind])
    share = scores[best] / (scores[best] + max((scores[kind] for kind in scores if kind != best), default=0))
    reasons = sorted(spoken[best].items(), key=lambda item: -_WORTH[item[0].role] * item[1].weight)
    return Finding(
        best,
        _confidence(clear[best], known, share, is_decisive=best in decisive),
        tuple(Reason(sign, line.number) for sign, line in reasons),
    )


def _guess(commands: Sequence[str]) -> Finding:
    """Return the class of what runs nothing but tests, linters or compilers, as far as the last command tells."""
    tools = tools_of_command(commands[0]) if commands else set()
    kinds = {kind for tool in tools for kind in sign_table().reported.get(tool, ())}
    return Finding(kinds.pop(), "low") if len(kinds) == 1 and kinds <= _ITS_OWN else NOTHING_FOUND


def signs_of(line: str) -> set[Sign]:
    """Return the signs in a line as it is written, and in the tool's own words in it."""
    words = tool_words(line)
    signs = signs_in_line(pattern_input(line))
    return signs if words == line else signs | signs_in_line(pattern_input(words))


def _collect(lines: Iterable[Witness]) -> tuple[dict[str, dict[Sign, Witness]], set[str]]:
    """Return for each class its signs with the likeliest line of each, and the tools that have printed a heading."""
    spoken: dict[str, dict[Sign, Witness]] = defaultdict(dict)
    headed: set[str] = set()
    for line in lines:
        found = signs_of(line.text)
        speaking = sorted((sign for sign in found if sign.role in _WORTH), key=lambda sign: (-_WORTH[sign.role], sign))
        if not speaking:
            headed |= {sign.tool for sign in found}
        # A line is one sign however many tools know its wording; an error code in it is a second one.
        for sign in {(sign.kind, sign.role == "code"): sign for sign in reversed(speaking)}.values():
            known = spoken[sign.kind].get(sign)
            if known is None or line.weight > known.weight + _ALIKE:
                spoken[sign.kind][sign] = line
    return spoken, headed


def _score(signs: Mapping[Sign, Witness], clear: Collection[Sign], known: tuple[set[str], ...]) -> float:
    said = sum(
        (_WORTH["report"] if sign.role == "hint" and sign in clear else _WORTH[sign.role]) * line.weight
        for sign, line in signs.items()
    )
    tools = {sign.tool: line.weight for sign, line in signs.items() if sign.role != "hint" or sign in clear}
    return said + sum(_CONFIRMED * weight for tool, weight in tools.items() for tools_ in known if tool in tools_)


def _clear_signs(signs: Mapping[Sign, Witness], ended: Collection[str]) -> dict[Sign, Witness]:
    """Return the signs that are more than a guess, on lines that likely belong to the failure.

    A hint is more than a guess where the step ended with an exit code of its tool.
    """
    return {
        sign: line
        for sign, line in signs.items()
        if line.weight >= _SHOWN and (sign.role != "hint" or sign.tool in ended)
    }


def _confidence(
    clear: Mapping[Sign, Witness], known: tuple[set[str], ...], share: float, *, is_decisive: bool
) -> Confidence:
    if not clear or share < _LIKELY:
        return "low"
    tools = {sign.tool for sign in clear}
    independent = len(clear) + sum(bool(tools & some) for some in known)
    return "high" if independent >= _INDEPENDENT and share >= _CLEAR and is_decisive else "medium"


def witnesses_of(text: LogText, found: Excerpt) -> list[Witness]:
    """Return the lines of the excerpt, by the weight of their blocks, and the last lines of the log."""
    last = len(text.lines)
    weights = dict.fromkeys(range(max(1, last - _READ + 1), last + 1), _UNCHOSEN)
    for block in found.blocks:
        chosen = min(1.0, max(_LEAST, block.score / _SURE))
        weights |= {line.number: chosen for line in block.lines}
    for number in islice((number for number in range(last, 0, -1) if text.lines[number - 1].strip()), _TAIL):
        weights[number] = max(weights[number], _TAIL_WEIGHT)
    numbers = sorted(weights)
    lines = [text.lines[number - 1] for number in numbers]
    everywhere = Shapes(text.lines, last).everywhere(lines)
    witnesses = []
    for number, line, is_everywhere in zip(numbers, lines, everywhere, strict=True):
        by_place = max(_FAR, 1 - (last - number) / _READ)
        weight = weights[number] * by_place * (_SAID_EVERYWHERE if is_everywhere else 1)
        witnesses.append(Witness(number, line, weight))
    return witnesses


def commands_before(text: LogText, found: Excerpt) -> list[str]:
    """Return the last commands that were echoed before the heaviest block of the excerpt, the last one first."""
    end = found.by_weight[0].end if found.blocks else len(text.lines)
    return list(commands_in(text.lines[max(0, end - _BEFORE) : end]))[: -_COMMANDS - 1 : -1]
