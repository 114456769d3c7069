"""Gathers the lines of a log that may say why its step failed, and the commands that ran before them. Pure."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from ci_mcp_logs.distill.rarity import Shapes
from ci_mcp_logs.failure_signs.judging import Witness
from ci_mcp_logs.log_forms import commands_in

if TYPE_CHECKING:
    from ci_mcp_logs.distill import Excerpt
    from ci_mcp_logs.log_text import LogText

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


def witnesses_of(text: LogText, found: Excerpt) -> list[Witness]:
    """Return the lines of the excerpt, by the weight of their blocks, and the last lines of the log."""
    last = len(text.lines)
    weights = dict.fromkeys(range(max(1, last - _READ + 1), last + 1), _UNCHOSEN)
    for block in found.blocks:
        chosen = min(1.0, max(_LEAST, block.score / _SURE))
        weights |= {line.number: chosen for line in block.lines}
    for number in _last_lines(text):
        weights[number] = max(weights[number], _TAIL_WEIGHT)
    numbers = sorted(weights)
    lines = [text.lines[number - 1] for number in numbers]
    everywhere = Shapes(text.lines, last).everywhere(lines)
    return [
        Witness(number, line, weights[number] * _by_place(last - number) * (_SAID_EVERYWHERE if is_everywhere else 1))
        for number, line, is_everywhere in zip(numbers, lines, everywhere, strict=True)
    ]


def _by_place(to_end: int) -> float:
    """Return the factor of a line so many lines above the end."""
    return max(_FAR, 1 - to_end / _READ)


def commands_before(text: LogText, found: Excerpt) -> list[str]:
    """Return the last commands that were echoed before the heaviest block of the excerpt, the last one first."""
    end = found.by_weight[0].end if found.blocks else len(text.lines)
    return list(commands_in(text.lines[max(0, end - _BEFORE) : end]))[: -_COMMANDS - 1 : -1]


def _last_lines(text: LogText) -> list[int]:
    numbers = range(len(text.lines), 0, -1)
    return list(islice((number for number in numbers if text.lines[number - 1].strip()), _TAIL))
