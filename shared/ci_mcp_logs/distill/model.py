"""The learned model: sums of weights for the words of a line, and of binned features for a line among its neighbours.

Both are linear, so a score can be read off the data file; `benchmarks/logs/train.py` learns it.
"""

from __future__ import annotations

import functools
import json
from bisect import bisect_right
from dataclasses import dataclass
from importlib import resources
from itertools import pairwise, repeat
from math import exp
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    StepFunctions = Mapping[str, Sequence[float]]  # by feature: the summand for each of its bins

_NO_WEIGHT = repeat(0.0)

# These limits are part of what the model has learned: changing one means learning it anew.
_READ = 160  # bytes of a line that are scored
_WORDS = 18
_DEEPEST = 9  # characters of indent; further ones are not told apart

_SEPARATORS = b"()[]{},;=/'\"`|<>.\\\t\r"
_NORMAL = bytes.maketrans(b"0123456789" + _SEPARATORS, b"0" * 10 + b" " * len(_SEPARATORS))
BLANK = b"~blank"  # the only feature of a line without words
INDENT = b"~indent"  # begins the name of a line's indent (a digit) and first byte


@dataclass(frozen=True, slots=True)
class BinnedModel:
    """Scores that are sums of step functions of features.

    Attributes:
        bounds: of the bins of each feature, the same for all scores. A feature without bounds is the number of its bin.
        scores: the step functions of each score.
    """

    bounds: Mapping[str, Sequence[float]]
    scores: Sequence[StepFunctions]

    def totals(self, columns: Mapping[str, Sequence[float]]) -> list[list[float]]:
        """Return a list for each score: its value for every row of the features' columns."""
        binned = {name: list(map(bisect_right, repeat(bounds), columns[name])) for name, bounds in self.bounds.items()}
        bins: dict[str, Sequence[Any]] = {**columns, **binned}  # numbers of bins are whole
        totals: list[list[float]] = []
        for score in self.scores:
            summands = [map(values.__getitem__, bins[name]) for name, values in score.items()]
            totals.append(list(map(sum, zip(*summands, strict=True))))
        return totals

    def chances(self, columns: Mapping[str, Sequence[float]]) -> list[float]:
        """Return the probability of each row by the first score, which is its log-odds."""
        return [1.0 / (1.0 + exp(-total)) for total in self.totals(columns)[0]]


def split_line(raw: bytes) -> tuple[list[bytes], int, int]:
    """Return the first words of a line without its time stamp, its indent, and the first byte behind that.

    Works on bytes: translating and splitting those is several times faster than any regular expression.
    """
    body = raw[:_READ]
    found = body.lower().translate(_NORMAL).split(None, _WORDS)[:_WORDS]
    depth = len(body) - len(body.lstrip()) if found else 0
    return found, min(depth, _DEEPEST), body[depth] if found else 0


def feature_names(raw: bytes) -> list[bytes]:
    """Return the features of a line by name: its words, pairs of words, its beginning, its indent."""
    found, depth, first = split_line(raw)
    if not found:
        return [BLANK]
    return [*found, *map(b" ".join, pairwise(found)), b"^" + b" ".join(found[:2]), INDENT + b"%d%c" % (depth, first)]


def indent_of(name: bytes) -> tuple[int, int]:
    """Return the indent and the first byte that such a name stands for."""
    depth, first = name.removeprefix(INDENT)[:2]
    return depth - ord("0"), first


class Vocabulary:
    """Weights of the features that `feature_names` names, stored by their parts: joining these would be slower."""

    def __init__(self, weights: Mapping[bytes, float]) -> None:
        self._blank = weights.get(BLANK, 0.0)
        self._indents = {indent_of(name): weight for name, weight in weights.items() if name[:-2] == INDENT}
        self._begins = {name[1:]: weight for name, weight in weights.items() if name.startswith(b"^")}
        self._words = {name: weight for name, weight in weights.items() if b" " not in name}
        self._pairs = {tuple(name.split(b" ")): weight for name, weight in weights.items() if b" " in name}

    def score(self, raw: bytes) -> float:
        """Return the sum of the weights of a line without its time stamp."""
        found, depth, first = split_line(raw)
        if not found:
            return self._blank
        beginning = self._begins.get(b" ".join(found[:2]), 0.0) + self._indents.get((depth, first), 0.0)
        words = sum(map(self._words.get, found, _NO_WEIGHT))
        return beginning + words + sum(map(self._pairs.get, pairwise(found), _NO_WEIGHT))


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """Everything that was learned.

    Attributes:
        bias: log-odds of a line without any known word.
        words: weights of a line's words.
        hits: whether evidence stands near a line with a telling word.
        lines: whether a candidate is evidence.
        segments: three scores of a candidate: for standing inside the evidence, for being its first and its last line.
    """

    bias: float
    words: Vocabulary
    hits: BinnedModel
    lines: BinnedModel
    segments: BinnedModel


def read_model(text: str) -> Model:
    """Return a model from its data file."""
    content = json.loads(text)
    words = {word.encode("utf-8", "surrogatepass"): weight for word, weight in content["words"].items()}
    stages = (content[stage] for stage in ("hits", "lines", "segments"))
    hits, lines, segments = (BinnedModel(stage["bounds"], stage["sums"]) for stage in stages)
    return Model(content["bias"], Vocabulary(words), hits, lines, segments)


@functools.cache
def default_model() -> Model:
    """Return the model that this package ships."""
    return read_model(resources.files(__package__).joinpath("model.json").read_text(encoding="utf-8"))
