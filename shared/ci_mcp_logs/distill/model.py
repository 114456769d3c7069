"""The learned scorer: a sum of word weights for a line, a sum of binned features for a candidate among its neighbours.

Both are linear, so a score can be read off the data file; `benchmarks/logs/train.py` learns it.
"""

import functools
import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import pairwise, repeat
from math import exp
from typing import Any

from .words import BLANK, INDENT, indent_of, parts

Sum = Mapping[str, Sequence[float]]  # what each step of each feature adds to a score


@dataclass(frozen=True, slots=True)
class Binned:
    """Sums of step functions of the same features; the steps have the same bounds in all of them.

    A feature without bounds says itself which step it is.
    """

    bounds: Mapping[str, Sequence[float]]
    sums: Sequence[Sum]

    def totals(self, columns: Mapping[str, Sequence[float]]) -> list[list[float]]:
        """Every sum for each row."""
        found = {name: list(map(bisect_right, repeat(its), columns[name])) for name, its in self.bounds.items()}
        steps: dict[str, Sequence[Any]] = {**columns, **found}  # codes are whole
        added = ((map(values.__getitem__, steps[name]) for name, values in its.items()) for its in self.sums)
        return [list(map(sum, zip(*its, strict=True))) for its in added]

    def chances(self, columns: Mapping[str, Sequence[float]]) -> list[float]:
        """How likely each row is evidence by the first sum, between 0 and 1."""
        return [1.0 / (1.0 + exp(-total)) for total in self.totals(columns)[0]]


class Vocabulary:
    """Weights of the features that `words.words` names, by what they consist of."""

    def __init__(self, weights: Mapping[bytes, float]) -> None:
        self._blank = weights.get(BLANK, 0.0)
        self._indents = {indent_of(name): weight for name, weight in weights.items() if name[:-2] == INDENT}
        self._begins = {name[1:]: weight for name, weight in weights.items() if name.startswith(b"^")}
        self._words = {name: weight for name, weight in weights.items() if b" " not in name}
        self._pairs = {tuple(name.split(b" ")): weight for name, weight in weights.items() if b" " in name}

    def score(self, raw: bytes) -> float:
        """The sum of the weights of a line without its time stamp."""
        found, depth, first = parts(raw)
        if not found:
            return self._blank
        beginning = self._begins.get(b" ".join(found[:2]), 0.0) + self._indents.get((depth, first), 0.0)
        return beginning + sum(map(self._words.get, found, _NONE)) + sum(map(self._pairs.get, pairwise(found), _NONE))


_NONE = repeat(0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """Weights of words, and what is made of a hit, of a candidate among its neighbours and of a stretch of them."""

    bias: float
    words: Vocabulary
    hits: Binned
    lines: Binned
    segments: Binned

    def line(self, raw: bytes) -> float:
        """Log-odds that a line without its time stamp is evidence, by its words alone."""
        return self.bias + self.words.score(raw)


def read(text: str) -> Model:
    """A model from its data file."""
    content = json.loads(text)
    words = {word.encode("utf-8", "surrogatepass"): weight for word, weight in content["words"].items()}
    hits, lines, segments = (_binned(content[stage]) for stage in ("hits", "lines", "segments"))
    return Model(content["bias"], Vocabulary(words), hits, lines, segments)


def _binned(content: dict[str, Any]) -> Binned:
    return Binned(content["bounds"], content["sums"])


@functools.cache
def default() -> Model:
    """The model this package ships."""
    return read(resources.files(__package__).joinpath("model.json").read_text(encoding="utf-8"))
